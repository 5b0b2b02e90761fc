/** What the journal's tests share: options, a clock that stands still, runs of lines, reading everything back. */
import { type EventName, EVENTS } from "../../../src/base/events.ts";
import { BufferPool } from "../../../src/base/buffer.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import type { Run } from "../../../src/base/run.ts";
import { createFramer, type Framer } from "../../../src/framing/framing.ts";
import { skipFrames } from "../../../src/framing/skip.ts";
import { openJournal } from "../../../src/journal/files/log/open.ts";
import type { DirectoryJournalOptions } from "../../../src/journal/files/log/options.ts";
import type { Journal, JournalReader } from "../../../src/journal/journal.ts";
import type { MemoryFiles } from "../../support/memory_files.ts";

export const DIRECTORY = "/j";
export const lineFramer: Framer = createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 65536 });

/** Time moves when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallUs(): number {
    return 1_700_000_000_000_000 + this.#nowMs * 1000;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      this.#sleepers.push({ untilMs: this.#nowMs + ms, wake: resolve });
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Moves time on, and lets everything that follows from it happen. */
  async advance(ms: number): Promise<void> {
    await settle();
    this.#nowMs += ms;
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter(({ untilMs }) => untilMs > this.#nowMs);
    for (const { wake } of due) wake();
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn; with files in memory that is everything. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 1000; i++) await Promise.resolve();
}

/** Not random at all: the same salts in every run. */
export function countingBytes(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => 0xa0 + (next++ * 7) % 0x5f);
}

export function optionsFor(
  files: MemoryFiles,
  changes: Partial<DirectoryJournalOptions> = {},
): DirectoryJournalOptions {
  return {
    files,
    clock: new ManualClock(),
    log: silentLog,
    randomBytes: countingBytes(),
    directory: DIRECTORY,
    holder: "pid 1",
    framer: lineFramer,
    sync: "os",
    syncIntervalMs: 100,
    segmentBytes: 64 * 1024 * 1024,
    recordBytes: 256 * 1024,
    maxBytes: 0,
    minFreeBytes: 0,
    rewindBytes: 0,
    retainMs: 0,
    retainBytes: 0,
    create: true,
    dropsOldest: false,
    ...changes,
  };
}

export function open(files: MemoryFiles, changes: Partial<DirectoryJournalOptions> = {}): Promise<Journal> {
  return openJournal(optionsFor(files, changes));
}

export function pool(bufferBytes = 64 * 1024): BufferPool {
  return new BufferPool({ maxBytes: 16 * 1024 * 1024, reserveBytes: 1024 * 1024, bufferBytes });
}

/** One run that holds these frames. */
export function run(first: number, frames: readonly string[], arrivedUs = first * 20_000): Run {
  const bytes = new TextEncoder().encode(frames.join(""));
  const buffers = new BufferPool({ maxBytes: 1 << 30, reserveBytes: 0, bufferBytes: bytes.length });
  const buffer = buffers.take(bytes.length)!;
  buffer.bytes.set(bytes);
  return { buffer, start: 0, end: bytes.length, first, frames: frames.length, offset: 0, arrivedUs };
}

/** The frame with this sequence, as the tests write it. */
export function line(sequence: number, padding = ""): string {
  return `frame ${String(sequence).padStart(4, "0")}${padding}\n`;
}

export function lines(first: number, count: number, padding = ""): string[] {
  return Array.from({ length: count }, (_, i) => line(first + i, padding));
}

/** Appends `count` frames as one run each. */
export async function appendLines(journal: Journal, count: number, padding = ""): Promise<void> {
  for (let i = 0; i < count; i++) await journal.append([run(journal.end, [line(journal.end, padding)])]);
}

export interface Delivered {
  readonly sequence: number;
  readonly text: string;
}

/** Everything from `from` (default: the cursor) to the end, cut into frames. */
export async function readAll(journal: Journal, from = journal.cursor, bufferBytes?: number): Promise<Delivered[]> {
  const buffers = pool(bufferBytes);
  const reader = journal.reader(buffers);
  reader.seek(from);
  try {
    const delivered = await follow(reader);
    if (buffers.usedBytes !== 0) throw new Error(`${buffers.usedBytes} bytes were not given back`);
    return delivered;
  } finally {
    reader.close();
  }
}

/** What a reader has until it comes to the end. */
export async function follow(reader: JournalReader): Promise<Delivered[]> {
  const delivered: Delivered[] = [];
  for (let batch = await reader.next(true); batch !== undefined; batch = await reader.next(true)) {
    for (let i = 0; i < batch.parts.length; i++) {
      const { first, frames, offset } = batch.parts[i];
      const end = i + 1 < batch.parts.length ? batch.start + batch.parts[i + 1].offset : batch.end;
      const texts = cut(batch.framer, batch.buffer.bytes, batch.start + offset, end);
      if (texts.length !== frames) throw new Error(`${texts.length} frames in a part of ${frames} at ${first}`);
      texts.forEach((text, index) => delivered.push({ sequence: first + index, text }));
    }
    batch.buffer.release();
  }
  return delivered;
}

function cut(framer: Framer, bytes: Uint8Array, start: number, end: number): string[] {
  const texts: string[] = [];
  for (let from = start; from < end;) {
    const to = skipFrames(framer, bytes, from, end, 1);
    if (framer.scan(bytes, from, from, to).frames !== 1) throw new Error(`${end - from} bytes are no whole frame`);
    texts.push(new TextDecoder("latin1").decode(bytes.subarray(from, to)));
    from = to;
  }
  return texts;
}

/** What `readAll` should give for the frames [from, until) written by `line`. */
export function expected(from: number, until: number, padding = ""): Delivered[] {
  return Array.from({ length: until - from }, (_, i) => ({ sequence: from + i, text: line(from + i, padding) }));
}

/** A log that remembers. */
export function rememberingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const say = (event: EventName, fields?: unknown) => {
    const { level, message } = EVENTS[event];
    lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  };
  return { lines, say };
}
