/**
 * The demo's consumer: it reads numbered lines at a given rate, checks each one,
 * and can die with its connection and come back.
 */
import type { Clock } from "../../../base/clock.ts";
import { messageOf } from "../../../base/error.ts";
import type { Address, Connection, Listener, Net } from "../../../runtime/net.ts";
import { LINE_BYTES } from "./producer.ts";

export class Consumer {
  /** Lines seen for the first time. */
  received = 0;
  /** Lines that came again after a reconnect. */
  repeated = 0;
  /** Lines that did not continue where the one before ended, going forward: something is missing. */
  missing = 0;
  /** Lines that are not what the producer sends, or went back within a connection. */
  wrong = 0;
  connections = 0;
  bytesPerSecond = Infinity;
  failure: string | undefined;
  #listener: Listener | undefined;
  #connection: Connection | undefined;
  #serving: Promise<void> = Promise.resolve();

  constructor(private readonly net: Net, private readonly clock: Clock) {}

  /** Listens, at `address` again after it has died. Returns where. */
  async arrive(address: Address): Promise<Address> {
    this.#listener = await this.net.listen(address);
    this.#serving = this.#serve(this.#listener);
    return this.#listener.address;
  }

  /** Closes listener and connection; what had arrived and was not read is lost (the peer sees a reset). */
  async die(): Promise<void> {
    await this.#listener?.close();
    this.#connection?.close();
    await this.#serving;
  }

  async #serve(listener: Listener): Promise<void> {
    try {
      for (let next = await listener.accept(); next !== null; next = await listener.accept()) {
        this.#connection = next;
        this.connections++;
        await this.#read(next);
        next.close();
      }
    } catch (error) {
      this.failure = messageOf(error);
    }
  }

  async #read(connection: Connection): Promise<void> {
    const buffer = new Uint8Array(256 * 1024);
    let fill = 0;
    let next: number | undefined;
    for (;;) {
      const most = Number.isFinite(this.bytesPerSecond) ? 16 * 1024 : buffer.length;
      const count = await connection.read(buffer.subarray(fill, Math.min(buffer.length, fill + most))).catch(() =>
        null
      );
      // An unfinished line at the end of a connection is discarded: it comes again, whole.
      if (count === null) return;
      fill += count;
      const whole = fill - fill % LINE_BYTES;
      for (let at = 0; at < whole; at += LINE_BYTES) next = this.#check(buffer, at, next);
      buffer.copyWithin(0, whole, fill);
      fill -= whole;
      if (Number.isFinite(this.bytesPerSecond)) await this.clock.sleep(count / this.bytesPerSecond * 1000);
    }
  }

  /** Checks the line at `at`; `expected` is the number after the line before it on this connection. */
  #check(buffer: Uint8Array, at: number, expected: number | undefined): number {
    let number = 0;
    for (let digit = 0; digit < 10; digit++) number = number * 10 + buffer[at + digit] - 0x30;
    const intact = buffer[at + LINE_BYTES - 1] === 0x0a && buffer[at + 10] === 0x2e;
    if (!intact || (expected !== undefined && number !== expected)) this.wrong++;
    if (number < this.received) {
      this.repeated++;
    } else {
      this.missing += number - this.received;
      this.received = number + 1;
    }
    return number + 1;
  }
}
