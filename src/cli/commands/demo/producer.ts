/**
 * The demo's producer: it sends numbered lines at a steady rate, and gives up
 * when a write is kept waiting.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Connection } from "../../../runtime/net.ts";

/** Every line is this long, its newline included. */
export const LINE_BYTES = 512;
/** It gives up when the kernel has taken nothing for this long. */
export const PATIENCE_MS = 300;

const BATCH_LINES = 512;

export class Producer {
  /** Lines that the kernel has taken. */
  sent = 0;
  /** The longest time that one write was kept waiting, in ms. */
  longestStallMs = 0;
  gaveUp = false;
  #pendingSinceMs = 0;

  constructor(
    private readonly connection: Connection,
    private readonly clock: Clock,
    private readonly lines: number,
    private readonly linesPerSecond: number,
  ) {}

  /** Sends all lines, closes, and resolves; also when it gives up or the peer is gone. */
  async run(): Promise<void> {
    const watchdog = setInterval(() => this.#watch(), 20);
    const startMs = this.clock.monotonicMs();
    const batch = new Uint8Array(BATCH_LINES * LINE_BYTES);
    try {
      while (this.sent < this.lines) {
        const count = Math.min(BATCH_LINES, this.lines - this.sent);
        fillLines(batch, this.sent, count);
        await this.#write(batch.subarray(0, count * LINE_BYTES));
        this.sent += count;
        const aheadMs = this.sent / this.linesPerSecond * 1000 - (this.clock.monotonicMs() - startMs);
        if (aheadMs > 1) await this.clock.sleep(aheadMs);
      }
      await this.connection.closeWrite();
    } catch (error) {
      if (!this.gaveUp) throw error;
    } finally {
      clearInterval(watchdog);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      this.#pendingSinceMs = this.clock.monotonicMs();
      from += await this.connection.write(bytes.subarray(from));
      this.longestStallMs = Math.max(this.longestStallMs, this.clock.monotonicMs() - this.#pendingSinceMs);
      this.#pendingSinceMs = 0;
    }
  }

  #watch(): void {
    if (this.#pendingSinceMs === 0) return;
    const stallMs = this.clock.monotonicMs() - this.#pendingSinceMs;
    if (stallMs < PATIENCE_MS) return;
    this.gaveUp = true;
    this.longestStallMs = Math.max(this.longestStallMs, stallMs);
    this.connection.close();
  }
}

/** Lines `first` to `first + count`: the number in 10 digits, dots, a newline. */
function fillLines(into: Uint8Array, first: number, count: number): void {
  into.fill(0x2e, 0, count * LINE_BYTES);
  for (let i = 0; i < count; i++) {
    let number = first + i;
    for (let digit = 9; digit >= 0; digit--) {
      into[i * LINE_BYTES + digit] = 0x30 + number % 10;
      number = Math.floor(number / 10);
    }
    into[(i + 1) * LINE_BYTES - 1] = 0x0a;
  }
}
