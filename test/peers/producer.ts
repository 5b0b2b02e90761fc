/**
 * A producer that must never be kept waiting, like the C server of the story:
 * it sends at full speed and gives up when the other side takes nothing for
 * longer than its stall limit.
 *
 * A stall is the time in which the kernel accepted no byte. A watchdog looks
 * while a write is pending, so a producer that is never served again gives up
 * as well.
 *
 * As a program: `deno run -A producer.ts '{"connect":…}'` with the options as
 * JSON; prints its report as JSON; exit 3 if it gave up, 4 if the connection broke.
 */
import { connectEventually, listenOn, type PeerAddress } from "./address.ts";
import { type FrameFormat, frameFormat, type FrameKind } from "./frames.ts";

export interface ProducerOptions {
  /** Where to connect, again and again until something listens. */
  readonly connect?: PeerAddress;
  /** Instead: wait for the relay here. */
  readonly listen?: PeerAddress;
  readonly frames: FrameKind;
  /** Sequences [first, first + count) are sent on each connection. */
  readonly first?: number;
  readonly count: number;
  /** How many connections at once, numbered from `producer`; default 1 and 0. */
  readonly connections?: number;
  readonly producer?: number;
  /** Give up when nothing was accepted for this long; 0 = never. */
  readonly stallLimitMs?: number;
  /** At most this much, on each connection; 0 = full speed. */
  readonly bytesPerSecond?: number;
  /** When the connection breaks, dial again and go on with the frame after the one that was being written. */
  readonly reconnect?: boolean;
  /** Bytes handed to the kernel at once. */
  readonly writeBytes?: number;
  /** Each frame is answered with this number of bytes: count the answers, and wait for the last one. */
  readonly answerBytes?: number;
}

/** What one connection of a producer came to. */
export interface ProducerConnection {
  readonly producer: number;
  /** Sequence of its first frame. */
  readonly first: number;
  /** Frames that the kernel took whole. */
  frames: number;
  /** How many of these, from the first on, have been answered. */
  answered: number;
}

export interface ProducerReport {
  frames: number;
  bytes: number;
  seconds: number;
  longestStallMs: number;
  gaveUp: boolean;
  reconnects: number;
  /** In the order in which they were made. */
  connections: ProducerConnection[];
  error?: string;
}

/** Thrown by the watchdog. */
export class GaveUp extends Error {}

const WATCH_MS = 10;
/** How long a producer dials in vain. */
const DIAL_LIMIT_MS = 20_000;

/** Writes bytes and knows for how long the kernel has accepted none. */
class WatchedConnection {
  longestStallMs = 0;
  readonly #watchdog: ReturnType<typeof setInterval> | undefined;
  readonly #stalled = Promise.withResolvers<never>();
  #pendingSince = 0;

  constructor(readonly connection: Deno.Conn, readonly stallLimitMs: number) {
    this.#stalled.promise.catch(() => {});
    if (stallLimitMs > 0) this.#watchdog = setInterval(() => this.#look(), WATCH_MS);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      this.#pendingSince = performance.now();
      sent += await Promise.race([this.connection.write(bytes.subarray(sent)), this.#stalled.promise]);
      this.#note(performance.now() - this.#pendingSince);
      this.#pendingSince = 0;
    }
  }

  close(): void {
    clearInterval(this.#watchdog);
    try {
      this.connection.close();
    } catch { /* closed by an error already */ }
  }

  #look(): void {
    if (this.#pendingSince > 0) this.#note(performance.now() - this.#pendingSince);
  }

  #note(stalledMs: number): void {
    this.longestStallMs = Math.max(this.longestStallMs, stalledMs);
    if (this.stallLimitMs > 0 && stalledMs > this.stallLimitMs) {
      this.#stalled.reject(new GaveUp(`nothing was accepted for ${Math.round(stalledMs)} ms`));
    }
  }
}

export function emptyReport(): ProducerReport {
  return { frames: 0, bytes: 0, seconds: 0, longestStallMs: 0, gaveUp: false, reconnects: 0, connections: [] };
}

/**
 * Sends everything, or until it gives up, the connection breaks or `signal` is
 * aborted. Whoever brings the report can look into it meanwhile.
 */
export async function produce(
  options: ProducerOptions,
  signal = new AbortController().signal,
  report = emptyReport(),
): Promise<ProducerReport> {
  const begin = performance.now();
  const listener = options.listen === undefined ? undefined : listenOn(options.listen);
  const close = () => listener?.close();
  signal.addEventListener("abort", close, { once: true });
  const dial = () => listener?.accept() ?? connectEventually(options.connect!, signal, DIAL_LIMIT_MS);
  const producer = options.producer ?? 0;
  try {
    await Promise.all(
      Array.from({ length: options.connections ?? 1 }, (_, i) => sendAll(options, producer + i, dial, report, signal)),
    );
  } catch (error) {
    report.gaveUp = error instanceof GaveUp;
    report.error = error instanceof Error ? error.message : String(error);
  } finally {
    signal.removeEventListener("abort", close);
    if (!signal.aborted) close();
  }
  report.seconds = (performance.now() - begin) / 1000;
  return report;
}

async function sendAll(
  options: ProducerOptions,
  producer: number,
  dial: () => Promise<Deno.Conn>,
  report: ProducerReport,
  signal: AbortSignal,
): Promise<void> {
  const first = options.first ?? 0;
  const position = { next: first };
  while (true) {
    const watched = new WatchedConnection(await dial(), options.stallLimitMs ?? 0);
    const stop = () => watched.close();
    signal.addEventListener("abort", stop);
    const connection = { producer, first: position.next, frames: 0, answered: 0 };
    report.connections.push(connection);
    const { answerBytes } = options;
    const answered = answerBytes === undefined ? undefined : countAnswers(watched.connection, answerBytes, connection);
    try {
      await sendOver(watched, options, connection, position, first + options.count, report, signal);
      await answered;
      return;
    } catch (error) {
      if (error instanceof GaveUp || signal.aborted || !options.reconnect) throw error;
      report.reconnects++;
    } finally {
      signal.removeEventListener("abort", stop);
      report.longestStallMs = Math.max(report.longestStallMs, Math.round(watched.longestStallMs * 10) / 10);
      watched.close();
    }
  }
}

async function sendOver(
  watched: WatchedConnection,
  options: ProducerOptions,
  tally: ProducerConnection,
  position: { next: number },
  end: number,
  report: ProducerReport,
  signal: AbortSignal,
): Promise<void> {
  const format = frameFormat(options.frames);
  const rate = options.bytesPerSecond ?? 0;
  // A rate-limited producer writes what is due every few milliseconds.
  const chunk = options.writeBytes ?? (rate > 0 ? Math.max(Math.ceil(rate / 200), 1) : 1 << 20);
  const buffer = new Uint8Array(chunk + format.sizeMax);
  const begin = performance.now();
  for (let sent = 0; position.next < end;) {
    const from = position.next;
    const filled = fill(buffer, chunk, format, tally.producer, position, end);
    await watched.write(buffer.subarray(0, filled));
    sent += filled;
    report.bytes += filled;
    report.frames += position.next - from;
    tally.frames += position.next - from;
    if (rate > 0) await sleepUntil(begin + sent / rate * 1000, signal);
  }
  (watched.connection as Deno.TcpConn).closeWrite();
}

/** Until the other side closes, or the connection is lost. */
async function countAnswers(connection: Deno.Conn, answerBytes: number, tally: ProducerConnection): Promise<void> {
  const buffer = new Uint8Array(1 << 16);
  try {
    let bytes = 0;
    for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
      bytes += count;
      tally.answered = Math.floor(bytes / answerBytes);
    }
  } catch { /* lost, or closed by us */ }
}

function fill(
  buffer: Uint8Array,
  chunk: number,
  format: FrameFormat,
  producer: number,
  position: { next: number },
  end: number,
): number {
  let filled = 0;
  do {
    filled = format.write(buffer, filled, producer, position.next++);
  } while (position.next < end && filled + format.sizeOf(position.next) <= chunk);
  return filled;
}

async function sleepUntil(time: number, signal: AbortSignal): Promise<void> {
  const wait = time - performance.now();
  if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
  signal.throwIfAborted();
}

if (import.meta.main) {
  const report = await produce(JSON.parse(Deno.args[0]));
  console.log(JSON.stringify(report));
  Deno.exit(report.gaveUp ? 3 : report.error === undefined ? 0 : 4);
}
