/** A producer that can be told to be quiet, and that dials again whatever happens. */
import { connectEventually, type PeerAddress } from "../../../peers/address.ts";
import { frameFormat, type FrameKind } from "../../../peers/frames.ts";

export interface FeederOptions {
  readonly connect: PeerAddress;
  readonly frames: FrameKind;
  readonly producer: number;
  readonly bytesPerSecond: number;
  /** The number of bytes that each frame is answered with; 0: not answered. */
  readonly answerBytes: number;
}

const CHUNK_MS = 5;

export class Feeder {
  /** Frames below this have been handed to a connection. */
  next = 0;
  /** Of which the relay has said that they are safe. */
  readonly answered: number[] = [];
  readonly #options: FeederOptions;
  readonly #stop = new AbortController();
  #wake = Promise.withResolvers<void>();
  /** Resolved while it reads what is said to it. */
  #listening = Promise.withResolvers<void>();
  #quiet = true;
  #connection?: Deno.Conn;
  readonly #ended: Promise<void>;

  constructor(options: FeederOptions) {
    this.#options = options;
    this.#listening.resolve();
    this.#ended = this.#run();
  }

  begin(): void {
    this.#quiet = false;
    this.#wake.resolve();
  }

  /** Closes its connection; whole frames or not, as it comes. */
  hush(): void {
    if (this.#quiet) return;
    this.#quiet = true;
    this.#wake = Promise.withResolvers();
    this.#close();
  }

  /** Sends on, and reads nothing that is said to it, until {@link listen}. */
  deafen(): void {
    this.#listening = Promise.withResolvers();
  }

  listen(): void {
    this.#listening.resolve();
  }

  async stop(): Promise<void> {
    this.listen();
    this.#stop.abort();
    this.#wake.resolve();
    this.#close();
    await this.#ended;
  }

  #close(): void {
    try {
      this.#connection?.close();
    } catch { /* it is */ }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#wake.promise;
      try {
        this.#connection = await connectEventually(this.#options.connect, signal);
        if (this.#quiet || signal.aborted) this.#close();
        else await this.#feed(this.#connection);
      } catch { /* the relay is gone, or we are */ }
      this.#close();
      await sleep(CHUNK_MS);
    }
  }

  async #feed(connection: Deno.Conn): Promise<void> {
    const { frames, producer, bytesPerSecond, answerBytes } = this.#options;
    const format = frameFormat(frames);
    const first = this.next;
    if (answerBytes > 0) void this.#countAnswers(connection, first);
    else void drain(connection);
    const chunk = Math.ceil(bytesPerSecond / 1000 * CHUNK_MS);
    const buffer = new Uint8Array(chunk + format.sizeMax);
    const begin = performance.now();
    for (let sent = 0; !this.#quiet;) {
      let filled = 0;
      do filled = format.write(buffer, filled, producer, this.next++); while (
        filled + format.sizeOf(this.next) <= chunk
      );
      for (let at = 0; at < filled;) at += await connection.write(buffer.subarray(at, filled));
      sent += filled;
      const wait = begin + sent / bytesPerSecond * 1000 - performance.now();
      if (wait > 0) await sleep(wait);
    }
  }

  async #countAnswers(connection: Deno.Conn, first: number): Promise<void> {
    const buffer = new Uint8Array(1 << 12);
    let bytes = 0;
    let noted = 0;
    try {
      for (;;) {
        await this.#listening.promise;
        const count = await connection.read(buffer);
        if (count === null) break;
        bytes += count;
        for (; noted < Math.floor(bytes / this.#options.answerBytes); noted++) this.answered.push(first + noted);
      }
    } catch { /* lost */ }
  }
}

async function drain(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64);
  try {
    while (await connection.read(buffer) !== null);
  } catch { /* lost */ }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
