/** The two ends of a route as connections: a producer that may read nothing, a consumer that may take nothing. */
import { SystemError } from "../../src/base/error.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";

/** Frames for tests: `count` numbered lines of `size` bytes. */
export function frames(first: number, count: number, size: number): Uint8Array {
  let text = "";
  for (let i = first; i < first + count; i++) text += `${i} `.padEnd(size - 1, "x") + "\n";
  return new TextEncoder().encode(text);
}

export class ProducerConnection extends ScriptedConnection {
  /** It reads nothing: writes to it, and our FIN, wait until it is closed. */
  deaf = false;
  /** How many bytes a runtime that reads ahead takes at once, as soon as a read waits; 0: reads go to the kernel. */
  chunkBytes = 0;
  /** Bytes taken from the kernel, whether or not a read has returned them. */
  taken = 0;
  /** Called whenever more was taken. */
  onTaken: () => void = () => {};
  #ahead = 0;
  readonly #closing = Promise.withResolvers<never>();

  constructor() {
    super();
    this.#closing.promise.catch(() => {});
  }

  override get readAheadBytes(): number {
    return this.chunkBytes + this.#ahead;
  }

  override async read(into: Uint8Array): Promise<number | null> {
    const count = await super.read(into);
    const more = Math.max(0, (count ?? 0) - this.#ahead);
    // With the bytes of a read a whole chunk is taken, if there is one.
    const chunk = this.chunkBytes > 0 && more > 0 ? Math.min(this.chunkBytes, more + this.unread) : more;
    this.taken += chunk;
    this.#ahead += chunk - (count ?? 0);
    this.onTaken();
    return count;
  }

  override async write(bytes: Uint8Array): Promise<number> {
    if (this.deaf) await this.#closing.promise;
    return await super.write(bytes);
  }

  override async closeWrite(): Promise<void> {
    if (this.deaf) await this.#closing.promise;
  }

  override close(): void {
    super.close();
    this.#closing.reject(new SystemError("EBADF", "write", this.peer));
  }
}

export class ConsumerConnection extends ScriptedConnection {
  /** Bytes that were sent to it, and how many of them its kernel has acknowledged. */
  sent = 0;
  acknowledged = 0;
  /** How many bytes its kernel takes. */
  room = Number.POSITIVE_INFINITY;
  #waiting: (() => void) | undefined;

  override async write(bytes: Uint8Array): Promise<number> {
    while (this.sent >= this.room) await new Promise<void>((resolve) => this.#waiting = resolve);
    if (this.closed) throw new SystemError("EBADF", "write", this.peer);
    const count = Math.min(bytes.length, this.room - this.sent);
    this.sent += count;
    return count;
  }

  override unacknowledgedBytes(): number | undefined {
    return this.closed ? undefined : this.sent - this.acknowledged;
  }

  override close(): void {
    super.close();
    this.room = Number.POSITIVE_INFINITY;
    this.#waiting?.();
  }
}
