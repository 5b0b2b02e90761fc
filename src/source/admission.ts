/** Who may come in: a new connection gets a buffer of its own, or waits for one with its kernel's window closed. */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Connection } from "../runtime/net.ts";
import type { MemoryQueue } from "./memory_queue.ts";
import { SmallBuffers } from "./small_buffers.ts";

export class Admission {
  readonly #small: SmallBuffers;
  readonly #waiting = new Set<Connection>();

  constructor(pool: BufferPool, private readonly memory: MemoryQueue, maxConnections: number) {
    this.#small = new SmallBuffers(pool, maxConnections);
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Is there no memory for another connection, however long it waits? */
  get exhausted(): boolean {
    return this.#small.exhausted;
  }

  /**
   * The connection's own buffer, once there is memory for it and as long as `may`
   * says that somebody is admitted; {@link left} has to follow. Undefined where
   * that is over before, see {@link turnAway}.
   */
  async admit(connection: Connection, may: () => boolean): Promise<PooledBuffer | undefined> {
    if (!may()) return undefined;
    let small = this.#small.take();
    if (small === undefined) {
      connection.pause();
      this.#waiting.add(connection);
      small = await this.memory.wait(connection, () => this.#small.take());
      this.#waiting.delete(connection);
    }
    if (small === undefined || may()) return small;
    this.left(small.bytes.length);
    small.release();
    return undefined;
  }

  /** The connection with a buffer of so many bytes has ended. */
  left(bytes: number): void {
    this.#small.gone(bytes);
  }

  /** Those that wait do so no longer. */
  turnAway(): void {
    for (const each of this.#waiting) this.memory.release(each);
  }
}
