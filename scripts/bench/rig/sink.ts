/**
 * The consumer: takes what comes on a port, over as many connections as are made, and
 * says when the first and the last of `bytes` came. It does not inspect the bytes.
 * With a progress file it takes half of what the producer has had accepted, and ends
 * when the producer has finished.
 *
 * As a program: `deno run -A sink.ts '{"port":…}'` with {@link SinkOptions} as JSON;
 * the first line it prints says that it listens, the second one is a {@link SinkReport}.
 */
import { pause } from "../../../test/e2e/rig/wait.ts";
import { Progress } from "./progress.ts";

export interface SinkOptions {
  readonly port: number;
  readonly bytes: number;
  /** The load generator's, see progress.ts. */
  readonly progressFile?: string;
  /** Note the time at every so many bytes. */
  readonly markEvery?: number;
}

/** Times are in ms since 1970. */
export interface SinkReport {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly received: number;
  /** When each `markEvery` bytes had come. */
  readonly marksMs: readonly number[];
}

const BUFFER_BYTES = 1 << 18;
/** Many producers connect at once where nothing is between them and this program. */
const BACKLOG = 4_096;

function main(): void {
  const options: SinkOptions = JSON.parse(Deno.args[0]);
  new Sink(options).serve().catch((error) => {
    console.error(error);
    Deno.exit(1);
  });
  // It ends with the program that started it.
  Deno.stdin.read(new Uint8Array(1)).then(() => Deno.exit(0));
}

class Sink {
  /** One for all connections, since nothing looks at what is in it. */
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #marksMs: number[] = [];
  #received = 0;
  #firstMs = 0;
  #lastMs = 0;
  #isDone = false;

  constructor(private readonly options: SinkOptions) {}

  async serve(): Promise<void> {
    const { port } = this.options;
    const listener = Deno.listen({ hostname: "127.0.0.1", port, tcpBacklog: BACKLOG });
    console.log(JSON.stringify({ listening: port }));
    const running = new Set<Promise<void>>();
    for await (const connection of listener) {
      const taking = this.#take(connection).catch((error) => {
        console.error(error);
        Deno.exit(1);
      }).finally(() => running.delete(taking));
      running.add(taking);
    }
  }

  async #take(connection: Deno.Conn): Promise<void> {
    const { bytes, progressFile } = this.options;
    const follow = progressFile === undefined ? undefined : new HalfSpeed(progressFile, bytes);
    let own = 0;
    while (!this.#isDone) {
      const room = follow === undefined ? BUFFER_BYTES : await follow.room(this.#received);
      if (room === 0) return this.#finish(now());
      const count = await connection.read(this.#buffer.subarray(0, Math.min(room, BUFFER_BYTES)));
      if (count === null) break;
      own += count;
      this.#note(count);
    }
    // A relay may connect to probe and then again; half a stream must not count as a whole one.
    if (!this.#isDone && own > 0) throw new Error(`a connection ended after ${this.#received} of ${bytes} bytes`);
  }

  #note(count: number): void {
    const { bytes, markEvery = Infinity } = this.options;
    this.#lastMs = now();
    if (this.#received === 0) this.#firstMs = this.#lastMs;
    this.#received += count;
    while (this.#received >= (this.#marksMs.length + 1) * markEvery) this.#marksMs.push(this.#lastMs);
    if (this.#received >= bytes) this.#finish(this.#lastMs);
  }

  #finish(lastMs: number): void {
    this.#isDone = true;
    const [firstMs, received, marksMs] = [this.#firstMs, this.#received, this.#marksMs];
    console.log(JSON.stringify({ firstMs, lastMs, received, marksMs } satisfies SinkReport));
  }
}

/** How much may be read so that the consumer has half of what the producer has had accepted. */
class HalfSpeed {
  #progress: Progress | undefined;

  constructor(private readonly path: string, private readonly total: number) {}

  /** Waits until there is room; 0 when the producer has finished. */
  async room(received: number): Promise<number> {
    while (true) {
      this.#progress ??= Progress.open(this.path);
      const accepted = this.#progress?.read() ?? 0;
      if (accepted >= this.total) return 0;
      const room = Math.floor(accepted / 2) - received;
      if (room > 0) return room;
      await pause(1);
    }
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

if (import.meta.main) main();
