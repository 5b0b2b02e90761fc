/** One producer's connection from its first byte to its last: drain it, count what was no frame, close it. */
import type { PooledBuffer } from "../base/buffer.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { Connection } from "../runtime/net.ts";
import { type DrainContext, type DrainEnd, DrainReader } from "./drain.ts";

/** Of bytes that are no frame, so many are shown in the log. */
const SHOWN_BYTES = 64;

export class SourceConnection {
  /** Resolves when the connection has ended and everything is counted. Never rejects. */
  readonly ended: Promise<void>;
  readonly #reader: DrainReader;
  #closedBecause: string | undefined;

  constructor(
    readonly connection: Connection,
    small: PooledBuffer,
    context: DrainContext,
    private readonly ledger: Ledger,
    private readonly log: Log,
  ) {
    this.#reader = new DrainReader(connection, context, small);
    this.ended = this.#run();
  }

  /** When bytes last arrived, on the monotonic clock. */
  get lastReadMs(): number {
    return this.#reader.lastReadMs;
  }

  /** Tells the producer that no more will be said; what it still sends is read. */
  async finish(): Promise<void> {
    this.#closedBecause ??= "stopping";
    await this.connection.closeWrite().catch(() => {});
  }

  close(because: string): void {
    this.#closedBecause ??= because;
    this.#reader.close();
  }

  async #run(): Promise<void> {
    const end = await this.#reader.run();
    this.connection.close();
    this.#count(end);
    const because = end.reason === "lost" && this.#closedBecause !== undefined ? this.#closedBecause : end.reason;
    this.log.info("source disconnected", { peer: this.connection.peer, reason: because, error: this.#errorOf(end) });
  }

  #errorOf(end: DrainEnd): string | undefined {
    return end.reason === "lost" && this.#closedBecause === undefined ? end.detail : undefined;
  }

  #count(end: DrainEnd): void {
    const bytes = end.leftover.length;
    const peer = this.connection.peer;
    if (end.reason === "fault") {
      this.ledger.refuse("fault", bytes);
      this.log.warn("bytes that are no frame, connection closed", {
        peer,
        found: end.detail,
        bytes_dropped: bytes,
        first_bytes: hex(end.leftover.subarray(0, SHOWN_BYTES)),
      });
    } else if (bytes > 0) {
      this.ledger.refuse(end.reason === "stuck" ? "stuck" : "unfinished", bytes);
      this.log.warn("the connection ended within a frame, its beginning is dropped", { peer, bytes_dropped: bytes });
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
