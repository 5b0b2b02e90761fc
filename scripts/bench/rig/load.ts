/**
 * The load generator: whole frames of a payload over one or many connections, as fast
 * as they are taken. Then it keeps the connections open until its standard input
 * ends, so that the measured processes can still be inspected.
 *
 * As a program: `deno run -A load.ts '{"port":…}'` with {@link LoadOptions} as JSON;
 * prints a {@link LoadReport} when the last byte was accepted.
 */
import { amountOf, type Payload, type PreparedFrames, prepareFrames } from "../payloads.ts";
import { Progress } from "./progress.ts";

export interface LoadOptions {
  readonly port: number;
  readonly payload: Payload;
  /** Over all connections together; rounded down to whole frames on each of them. */
  readonly bytes: number;
  /** Default 1. */
  readonly connections?: number;
  /** A file that always has the number of bytes that were accepted, see progress.ts; for one connection. */
  readonly progressFile?: string;
  /** Note the time at every so many bytes. */
  readonly markEvery?: number;
}

/** Times are in ms since 1970. */
export interface LoadReport {
  readonly beganMs: number;
  readonly acceptedMs: number;
  readonly bytes: number;
  readonly frames: number;
  /** The longest time in which one write waited for the kernel to take a byte: how long this producer was held up. */
  readonly longestWriteMs: number;
  /** When each `markEvery` bytes were accepted. */
  readonly marksMs: readonly number[];
}

const CONNECTS_AT_ONCE = 100;

async function main(): Promise<void> {
  const options: LoadOptions = JSON.parse(Deno.args[0]);
  const count = options.connections ?? 1;
  const frames = prepareFrames(options.payload);
  const connections = await connectAll(options.port, count);
  const sender = new Sender(frames, options);
  const beganMs = now();
  const total = amountOf(frames, options.bytes, count);
  await Promise.all(connections.map((connection) => sender.send(connection, total.bytes / count)));
  const { longestWriteMs, marksMs } = sender;
  console.log(JSON.stringify({ beganMs, acceptedMs: now(), ...total, longestWriteMs, marksMs } satisfies LoadReport));
  await Deno.stdin.read(new Uint8Array(1));
  for (const connection of connections) connection.close();
}

class Sender {
  longestWriteMs = 0;
  readonly marksMs: number[] = [];
  readonly #buffer: Uint8Array;
  readonly #progress: Progress | undefined;
  readonly #markEvery: number;
  #accepted = 0;

  constructor(frames: PreparedFrames, { progressFile, markEvery }: LoadOptions) {
    this.#buffer = frames.buffer;
    this.#progress = progressFile === undefined ? undefined : Progress.create(progressFile);
    this.#markEvery = markEvery ?? Infinity;
  }

  async send(connection: Deno.Conn, total: number): Promise<void> {
    const size = this.#buffer.length;
    for (let sent = 0; sent < total;) {
      // Continues where the kernel stopped taking bytes, so that frames stay whole.
      const offset = sent % size;
      const began = performance.now();
      const count = await connection.write(this.#buffer.subarray(offset, Math.min(size, offset + total - sent)));
      const waited = performance.now() - began;
      if (waited > this.longestWriteMs) this.longestWriteMs = waited;
      sent += count;
      this.#note(count);
    }
  }

  #note(count: number): void {
    this.#accepted += count;
    this.#progress?.write(this.#accepted);
    while (this.#accepted >= (this.marksMs.length + 1) * this.#markEvery) this.marksMs.push(now());
  }
}

/** A hundred at a time, so that no backlog of a listener overflows: that would cost a second. */
async function connectAll(port: number, count: number): Promise<Deno.Conn[]> {
  const connections: Deno.Conn[] = [];
  while (connections.length < count) {
    const more = Math.min(CONNECTS_AT_ONCE, count - connections.length);
    const dial = () => Deno.connect({ hostname: "127.0.0.1", port });
    connections.push(...await Promise.all(Array.from({ length: more }, dial)));
  }
  return connections;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

if (import.meta.main) await main();
