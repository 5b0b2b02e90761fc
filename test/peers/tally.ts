/**
 * What a consumer has seen: which frames, how often, and in which order.
 *
 * Order is judged within one connection, because a relay that reconnects goes
 * back to the first frame that was not confirmed: across connections a repeat
 * is allowed and counted, within one connection every producer's sequence must
 * rise.
 */

/** Sequences [from, until). */
export interface Range {
  readonly from: number;
  readonly until: number;
}

export interface Disorder {
  readonly producer: number;
  readonly after: number;
  readonly came: number;
}

/** One connection of the consumer, from its first frame to its end. */
export interface ConnectionTally {
  /** First and last sequence that came; -1 if none did. With several producers: of any. */
  first: number;
  last: number;
  frames: number;
  /** All bytes read, an unfinished frame at the end included. */
  bytes: number;
  /** Bytes of an unfinished frame at its end, discarded. */
  unfinishedBytes: number;
  /** Bytes that our kernel had received and acknowledged and we had not read when we reset the connection. */
  unreadBytes: number;
  /** Sequences left out in the middle of the connection (first producer that did, at most 20). */
  skipped: Range[];
  disorder: Disorder[];
  endedBy: "open" | "peer" | "reset-by-peer" | "us";
}

interface Stream {
  /** How often each sequence came, up to 255. */
  counts: Uint8Array;
  /** One more than the highest sequence that came. */
  end: number;
  /** Last sequence on the connection that is open; -1 at its beginning. */
  last: number;
  connection: number;
}

const REPORTED_MAX = 20;

export class Tally {
  readonly connections: ConnectionTally[] = [];
  /** Different frames that came, and frames that came again. */
  frames = 0;
  repeats = 0;
  /** Frames that came for the first time after a higher one of their producer, on whatever connection. */
  late = 0;
  readonly #streams = new Map<number, Stream>();

  open(): ConnectionTally {
    const connection: ConnectionTally = {
      first: -1,
      last: -1,
      frames: 0,
      bytes: 0,
      unfinishedBytes: 0,
      unreadBytes: 0,
      skipped: [],
      disorder: [],
      endedBy: "open",
    };
    this.connections.push(connection);
    return connection;
  }

  /** Notes one whole frame of the newest connection. */
  note(connection: ConnectionTally, producer: number, sequence: number): void {
    const stream = this.#streams.get(producer) ?? this.#begin(producer);
    if (stream.connection !== this.connections.length) {
      stream.connection = this.connections.length;
      stream.last = -1;
    }
    if (stream.last >= 0 && sequence !== stream.last + 1) this.#noteJump(connection, producer, stream.last, sequence);
    stream.last = sequence;
    if (connection.first < 0) connection.first = sequence;
    connection.last = sequence;
    connection.frames++;
    this.#count(stream, sequence);
  }

  /** Sequences of `producer` in [0, until) that never came. */
  missing(until: number, producer = 0): Range[] {
    const counts = this.#streams.get(producer)?.counts ?? new Uint8Array(0);
    const ranges: Range[] = [];
    for (let i = 0; i < until; i++) {
      if (i < counts.length && counts[i] > 0) continue;
      const from = i;
      while (i < until && !(i < counts.length && counts[i] > 0)) i++;
      ranges.push({ from, until: i });
    }
    return ranges;
  }

  /** How many different frames of `producer` came more than once. */
  repeated(producer = 0): number {
    const counts = this.#streams.get(producer)?.counts ?? new Uint8Array(0);
    return counts.reduce((sum, count) => sum + (count > 1 ? 1 : 0), 0);
  }

  has(sequence: number, producer = 0): boolean {
    const stream = this.#streams.get(producer);
    return stream !== undefined && sequence < stream.end && stream.counts[sequence] > 0;
  }

  /** One more than the highest sequence of `producer` that came; 0 if none did. */
  end(producer = 0): number {
    return this.#streams.get(producer)?.end ?? 0;
  }

  ends(): Record<number, number> {
    return Object.fromEntries([...this.#streams].map(([producer, { end }]) => [producer, end]));
  }

  #begin(producer: number): Stream {
    const stream = { counts: new Uint8Array(1024), end: 0, last: -1, connection: 0 };
    this.#streams.set(producer, stream);
    return stream;
  }

  #count(stream: Stream, sequence: number): void {
    if (sequence >= stream.counts.length) {
      const grown = new Uint8Array(Math.max(sequence + 1, stream.counts.length * 2));
      grown.set(stream.counts);
      stream.counts = grown;
    }
    if (stream.counts[sequence] === 0) {
      this.frames++;
      if (sequence < stream.end) this.late++;
    } else this.repeats++;
    if (stream.counts[sequence] < 255) stream.counts[sequence]++;
    if (sequence >= stream.end) stream.end = sequence + 1;
  }

  #noteJump(connection: ConnectionTally, producer: number, after: number, came: number): void {
    if (came > after) {
      if (connection.skipped.length < REPORTED_MAX) connection.skipped.push({ from: after + 1, until: came });
    } else if (connection.disorder.length < REPORTED_MAX) {
      connection.disorder.push({ producer, after, came });
    }
  }
}
