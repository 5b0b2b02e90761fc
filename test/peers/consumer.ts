/**
 * A consumer that checks every byte, and that can be slow, freeze, reset its
 * connection and come back.
 *
 * It serves one connection after the other and discards an unfinished frame
 * when a connection ends, as the README asks of every consumer. Tests use the
 * class where the consumer is steered; where speed counts they run it as a
 * program: `deno run -A consumer.ts '{"listen":…,"untilFrames":…}'`, which
 * prints its report as JSON when all frames are there.
 */
import { connectEventually, listenOn, type PeerAddress } from "./address.ts";
import { type FrameFormat, frameFormat, type FrameKind } from "./frames.ts";
import { tcpRow } from "./kernel_queues.ts";
import { type ConnectionTally, type Range, Tally } from "./tally.ts";

export interface ConsumerOptions {
  readonly listen?: PeerAddress;
  /** Instead: dial the relay here, again after each connection. */
  readonly connect?: PeerAddress;
  readonly frames: FrameKind;
  /** Reads at most this much; 0 or absent = as fast as it comes. */
  readonly bytesPerSecond?: number;
  /** Accepts, but reads nothing until `thaw`. */
  readonly frozen?: boolean;
  /** Bytes asked for in one read. */
  readonly readBytes?: number;
  /** Says `ok` and a newline for each frame, when it has been checked. */
  readonly answers?: boolean;
  /** What an earlier one at this place has seen, to go on with. */
  readonly tally?: Tally;
  /** How it leaves its n-th connection, from 0; undefined: when the peer does. */
  readonly leaves?: (connection: number) => Leave | undefined;
}

/** A consumer that does not stay: whatever it has not read by then, its kernel throws away. */
export interface Leave {
  /** How many bytes it reads. */
  readonly bytes: number;
  /** How long it stays connected after that, in ms. */
  readonly ms: number;
}

/** What the program prints. */
export interface ConsumerReport {
  frames: number;
  repeats: number;
  missing: Range[];
  /** For each producer, by its number, one more than the highest sequence that came. */
  ends: Record<number, number>;
  connections: ConnectionTally[];
  /** From the first byte to the last, in ms. */
  elapsedMs: number;
  damage?: string;
}

export class Consumer {
  readonly tally: Tally;
  /** The first thing that was no frame, with its place. Nothing is read after it. */
  damage?: string;
  firstByteAt = 0;
  lastByteAt = 0;
  readonly #format: FrameFormat;
  readonly #stop = new AbortController();
  #listener?: Deno.Listener;
  #connection?: Deno.Conn;
  #frozen: boolean;
  #thawed = Promise.withResolvers<void>();
  #ended: Promise<void> = Promise.resolve();
  #resetting = false;
  #rate: number;

  constructor(readonly options: ConsumerOptions) {
    this.tally = options.tally ?? new Tally();
    this.#rate = options.bytesPerSecond ?? 0;
    this.#format = frameFormat(options.frames);
    this.#frozen = options.frozen ?? false;
    if (!this.#frozen) this.#thawed.resolve();
  }

  /** Begins to listen or to dial. */
  start(): this {
    if (this.options.listen !== undefined) this.#listener = listenOn(this.options.listen);
    this.#ended = this.#serveAll();
    return this;
  }

  /** Stops reading, after a read that is pending. The kernel goes on receiving until its buffer is full. */
  freeze(): void {
    // A second call must not leave the reader with a promise that is never resolved.
    if (this.#frozen) return;
    this.#frozen = true;
    this.#thawed = Promise.withResolvers();
  }

  thaw(): void {
    this.#frozen = false;
    this.#thawed.resolve();
  }

  /** From now on it reads at most this much; 0 = as fast as it comes. */
  pace(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond;
  }

  /**
   * Breaks the connection with a reset, and notes what the kernel had received
   * and we had not read. Waits until that amount stands still, so it needs a
   * relay that fills the receive buffer; a slow consumer's is full.
   */
  async reset(): Promise<ConnectionTally> {
    this.freeze();
    const connection = this.#connection as Deno.TcpConn;
    const tally = this.tally.connections.at(-1)!;
    const local = connection.localAddr.port;
    const remote = connection.remoteAddr.port;
    let unread = -1;
    for (let same = 0; same < 3;) {
      const now = tcpRow(local, remote)?.rxQueue ?? 0;
      same = now === unread && now > 0 ? same + 1 : 0;
      unread = now;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    tally.unreadBytes = tcpRow(local, remote)?.rxQueue ?? unread;
    tally.endedBy = "us";
    this.#resetting = true;
    connection.close(); // with unread data: the kernel sends RST, tcp(7)
    this.thaw();
    return tally;
  }

  /** Refuses connections from now on, and closes the one that is open. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#thawed.resolve();
    for (const open of [this.#listener, this.#connection]) {
      try {
        open?.close();
      } catch { /* ended by itself, or stopped before */ }
    }
    await this.#ended;
  }

  report(until = this.tally.end()): ConsumerReport {
    return {
      frames: this.tally.frames,
      repeats: this.tally.repeats,
      missing: this.tally.missing(until),
      ends: this.tally.ends(),
      connections: this.tally.connections,
      elapsedMs: this.lastByteAt - this.firstByteAt,
      damage: this.damage,
    };
  }

  async #serveAll(): Promise<void> {
    while (!this.#stop.signal.aborted && this.damage === undefined) {
      try {
        const connection = await (this.#listener?.accept() ??
          connectEventually(this.options.connect!, this.#stop.signal));
        await this.#serve(connection);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        throw error;
      }
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    this.#connection = connection;
    // It may have come while we were told to stop.
    if (this.#stop.signal.aborted) return connection.close();
    this.#resetting = false;
    const tally = this.tally.open();
    try {
      await this.#readAll(connection, tally);
      if (tally.endedBy === "open") tally.endedBy = "peer";
    } catch {
      if (tally.endedBy === "open") tally.endedBy = this.#stop.signal.aborted ? "us" : "reset-by-peer";
    }
    try {
      connection.close();
    } catch { /* closed by reset or stop */ }
  }

  async #readAll(connection: Deno.Conn, tally: ConnectionTally): Promise<void> {
    const readBytes = this.options.readBytes ?? (this.#rate > 0 ? Math.max(1, Math.ceil(this.#rate / 100)) : 1 << 18);
    const buffer = new Uint8Array(readBytes + this.#format.sizeMax);
    const view = new DataView(buffer.buffer);
    const leave = this.options.leaves?.(this.tally.connections.length - 1);
    let held = 0;
    let due = performance.now();
    while (this.damage === undefined) {
      await this.#thawed.promise;
      const most = Math.min(readBytes, (leave?.bytes ?? Infinity) - tally.bytes);
      if (most <= 0) {
        await new Promise((resolve) => setTimeout(resolve, leave!.ms));
        tally.endedBy = "us";
        return;
      }
      // A closed connection without a pending read would not be noticed.
      const count = this.#resetting ? null : await connection.read(buffer.subarray(held, held + most));
      if (count === null) break;
      this.#noteBytes(tally, count);
      const end = held + count;
      const before = tally.frames;
      const used = this.#checkFrames(buffer, view, end, tally);
      if (this.options.answers) await answer(connection, tally.frames - before);
      buffer.copyWithin(0, used, end);
      held = end - used;
      tally.unfinishedBytes = held;
      if (this.#rate > 0) {
        due = Math.max(due, performance.now() - 100) + count / this.#rate * 1000;
        const wait = due - performance.now();
        if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  #noteBytes(tally: ConnectionTally, count: number): void {
    tally.bytes += count;
    this.lastByteAt = performance.timeOrigin + performance.now();
    if (this.firstByteAt === 0) this.firstByteAt = this.lastByteAt;
  }

  /** Returns the offset after the last whole frame. */
  #checkFrames(buffer: Uint8Array, view: DataView, end: number, tally: ConnectionTally): number {
    let start = 0;
    while (true) {
      const found = this.#format.check(buffer, view, start, end);
      if (found.size === 0) return start;
      if (found.size < 0) {
        const shown = new TextDecoder().decode(buffer.subarray(start, Math.min(end, start + 64)));
        this.damage = `connection ${this.tally.connections.length}, after ${tally.frames} frames ` +
          `(last ${tally.last}): no frame begins with ${JSON.stringify(shown)}`;
        return start;
      }
      this.tally.note(tally, found.producer, found.sequence);
      start += found.size;
    }
  }
}

async function answer(connection: Deno.Conn, frames: number): Promise<void> {
  const bytes = new TextEncoder().encode("ok\n".repeat(frames));
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** How often the program says how far it is, if it is to. */
const PROGRESS_MS = 50;

if (import.meta.main) {
  const options: ConsumerOptions & { untilFrames: number; progress?: boolean } = JSON.parse(Deno.args[0]);
  const consumer = new Consumer(options).start();
  console.log(JSON.stringify({ ready: true }));
  if (options.progress) {
    setInterval(() => console.log(JSON.stringify({ ends: consumer.tally.ends() })), PROGRESS_MS);
  }
  const done = () => consumer.tally.frames >= options.untilFrames || consumer.damage !== undefined;
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 100)); // what came too much comes right behind
  console.log(JSON.stringify(consumer.report(options.untilFrames)));
  Deno.exit(0);
}
