/**
 * Patience with a target that keeps up, or nearly does. When memory is half full,
 * reading may wait for the room that the target is about to make, instead of
 * sending what comes in through the journal: a spill costs a write and a read of
 * everything that follows, on the same processors, and so it feeds itself.
 *
 * Reading waits at most {@link WAIT_MS} at a time, and only for a target that
 * would make the room within that time at the rate at which it has confirmed of
 * late. With any other target frames go to the journal at once.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";

/** The longest wait, in ms. */
const WAIT_MS = 20;
/** The room that is waited for, in bytes; at most this share of memory. */
const ROOM_BYTES = 4 * 1024 * 1024;
const ROOM_SHARE = 0.25;
/** The rate is that of this time, in ms, measured in steps. */
const RATE_MS = 50;
const STEP_MS = 10;
/** A rate over a shorter time means nothing, in ms. */
const BUSY_MS_MIN = 2;

export interface PatienceOptions {
  readonly pool: Pick<BufferPool, "maxBytes">;
  readonly clock: Clock;
  /** Is there room for `bytes`, or has the target nothing left to make room with? */
  hasRoom(bytes: number): boolean;
  /** Called when a wait has ended without the room. */
  expired(): void;
}

export class Patience {
  readonly #roomBytes: number;
  readonly #rate: ConfirmedRate;
  readonly #ended = new Condition();
  /** Ends the timer of the wait that is under way. */
  #timer: AbortController | undefined;

  constructor(private readonly options: PatienceOptions) {
    const { pool, clock } = options;
    this.#roomBytes = Math.min(ROOM_BYTES, pool.maxBytes * ROOM_SHARE);
    this.#rate = new ConfirmedRate(clock.monotonicMs());
  }

  /** Is reading to wait? */
  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Resolves when the wait that is under way has ended. */
  ended(): Promise<void> {
    return this.#ended.wait();
  }

  /** Frames have come in, and none was waiting for the target before them. */
  noteBusy(): void {
    this.#rate.noteBusy(this.options.clock.monotonicMs());
  }

  /** The target has confirmed `bytes` for the first time. */
  noteConfirmed(bytes: number): void {
    this.#rate.add(bytes, this.options.clock.monotonicMs());
  }

  /** Memory is half full. True if a wait is under way, or is worth while and begins: then nothing is to be spilled yet. */
  begin(): boolean {
    if (this.isWaiting) return true;
    if (this.#rate.at(this.options.clock.monotonicMs()) * WAIT_MS < this.#roomBytes) return false;
    this.#timer = new AbortController();
    this.#expire(this.#timer.signal);
    return true;
  }

  /** Ends the wait if the room is there. */
  considerEnd(): void {
    if (this.isWaiting && this.options.hasRoom(this.#roomBytes)) this.end();
  }

  /** Ends the wait, if one is under way: there is room, or none is going to be made. */
  end(): void {
    this.#timer?.abort();
    this.#timer = undefined;
    this.#ended.notify();
  }

  async #expire(signal: AbortSignal): Promise<void> {
    await this.options.clock.sleep(WAIT_MS, signal);
    if (signal.aborted) return;
    this.options.expired();
    this.end();
  }
}

/** How fast bytes were confirmed of late, in bytes per ms. */
class ConfirmedRate {
  /** The bytes of each step of the clock, in turn. */
  readonly #steps = new Float64Array(RATE_MS / STEP_MS + 1);
  /** The step that `#steps` has last. */
  #step: number;
  /** The bytes since there was something to confirm. */
  #busyBytes = 0;

  constructor(private busySinceMs: number) {
    this.#step = Math.floor(busySinceMs / STEP_MS);
  }

  /** There is something to confirm again, after everything had been. */
  noteBusy(nowMs: number): void {
    this.#busyBytes = 0;
    this.busySinceMs = nowMs;
  }

  add(bytes: number, nowMs: number): void {
    this.#moveTo(nowMs);
    this.#steps[this.#step % this.#steps.length] += bytes;
    this.#busyBytes += bytes;
  }

  /** Over the last {@link RATE_MS}; over the time in which there was something to confirm, if that is less and the rate more. */
  at(nowMs: number): number {
    this.#moveTo(nowMs);
    const recent = this.#steps.reduce((sum, each) => sum + each, 0) / (RATE_MS + nowMs % STEP_MS);
    const busyMs = Math.max(BUSY_MS_MIN, nowMs - this.busySinceMs);
    return busyMs < RATE_MS ? Math.max(recent, this.#busyBytes / busyMs) : recent;
  }

  /** Empties the steps that have passed since the last call. */
  #moveTo(nowMs: number): void {
    const step = Math.floor(nowMs / STEP_MS);
    const passed = Math.min(step - this.#step, this.#steps.length);
    for (let i = 0; i < passed; i++) this.#steps[(step - i) % this.#steps.length] = 0;
    this.#step = step;
  }
}
