/** What readers need, for tests: memory, and a sink that keeps the runs that it is given. */
import { BufferPool, type PooledBuffer } from "../../src/base/buffer.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { createFramer, type Framing } from "../../src/framing/framing.ts";
import type { MemoryPlan } from "../../src/relay/memory.ts";
import { type DrainContext, DrainReader } from "../../src/source/drain.ts";
import { MemoryQueue } from "../../src/source/memory_queue.ts";
import { SharedBuffer } from "../../src/source/shared_buffer.ts";
import { PausedTime } from "../../src/source/paused_time.ts";
import type { Patience, RiskLimit } from "../../src/source/sink.ts";
import { UnfinishedFrames } from "../../src/source/unfinished.ts";
import type { ScriptedConnection } from "../support/scripted_connection.ts";

export type IntakeMemory = Pick<MemoryPlan, "pool" | "unfinishedBytes">;

export interface IntakeContext {
  readonly clock: Clock;
  readonly log: Log;
}

/** Reading never waits for the target. */
export const NO_PATIENCE: Patience = { isWaiting: false, ended: () => Promise.resolve() };

/** Every read may begin. */
export const UNLIMITED_RISK: RiskLimit = { hold: () => true, covered: () => Promise.resolve(), release: () => {} };

/** A small pool, half of which may be held for unfinished frames. */
export function littleMemory(maxBytes: number, bufferBytes = 32 * 1024, frameBytes = 0): IntakeMemory {
  const pool = new BufferPool({ maxBytes, bufferBytes, reserveBytes: 0, frameBytes });
  return { pool, unfinishedBytes: maxBytes / 2 };
}

export const RECORD_BYTES = 8 * 1024;

interface Taken {
  readonly buffer: PooledBuffer;
  readonly start: number;
  readonly end: number;
  readonly frames: number;
}

/** The shared context of a route's readers, with a sink that keeps its runs until `release`, so that memory fills up. */
export class Intake {
  readonly runs: Taken[] = [];
  readonly delivered: Uint8Array[] = [];
  readonly counts: number[] = [];
  readonly passedOver: Uint8Array[] = [];
  readonly pool: BufferPool;
  readonly context: DrainContext;
  readonly paused = new PausedTime();
  readonly patient = new PausedTime();
  nowMs = 0;

  get pausedMs(): number {
    return this.paused.total(this.nowMs);
  }

  constructor(
    framing: Framing,
    { pool, unfinishedBytes }: IntakeMemory,
    { log = silentLog, clock = { ...systemClock, monotonicMs: () => this.nowMs } }: Partial<IntakeContext> = {},
  ) {
    this.pool = pool;
    this.context = {
      pool,
      memory: new MemoryQueue(pool, clock),
      sharedBuffer: new SharedBuffer(pool, unfinishedBytes / 4),
      unfinished: new UnfinishedFrames(unfinishedBytes, log),
      framer: createFramer(framing),
      recordBytes: RECORD_BYTES,
      clock,
      sink: {
        push: (buffer, start, end, frames) => {
          this.runs.push({ buffer: buffer.retain(), start, end, frames });
          return 0;
        },
        wantMemory: () => {},
      },
      patience: NO_PATIENCE,
      riskLimit: UNLIMITED_RISK,
      paused: this.paused,
      patient: this.patient,
      passedOver: (bytes) => this.passedOver.push(bytes.slice()),
    };
  }

  reader(connection: ScriptedConnection, smallBytes = 256): DrainReader {
    return new DrainReader(connection, this.context, this.pool.take(smallBytes)!);
  }

  /** Takes the bytes of all runs, in order, and releases their memory. */
  release(): void {
    for (const { buffer, start, end, frames } of this.runs.splice(0)) {
      this.delivered.push(buffer.bytes.slice(start, end));
      this.counts.push(frames);
      buffer.release();
    }
  }

  /** Bytes in use once the shared buffer is released as well. */
  close(): number {
    this.release();
    this.context.sharedBuffer.close();
    return this.pool.usedBytes;
  }
}

export function line(length: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  bytes[length - 1] = 10;
  return bytes;
}

export function lengthPrefixed(size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(7);
  new DataView(bytes.buffer).setUint32(0, size - 4);
  return bytes;
}

/** Resolves when everything has run that waits for no further input. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 500; i++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
}
