/**
 * A route without sockets: the real spool, appender, outlet and journal on a
 * file system in memory, and a consumer that checks what it is sent.
 *
 * Frames are numbered lines of varying length, so the plain array of what was
 * received is the model: frame n is line n.
 */
import { setImmediate } from "node:timers";
import { BufferPool } from "../../src/base/buffer.ts";
import type { Clock } from "../../src/base/clock.ts";
import { Ledger } from "../../src/base/ledger.ts";
import { silentLog } from "../../src/base/log.ts";
import { createFramer } from "../../src/framing/create.ts";
import { openJournal } from "../../src/journal/open.ts";
import type { Journal } from "../../src/journal/types.ts";
import { OpenBuffer } from "../../src/source/open_buffer.ts";
import { Appender } from "../../src/spool/appender.ts";
import { type Outgoing, Outlet } from "../../src/spool/outlet.ts";
import { Spool } from "../../src/spool/spool.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import { MemoryFiles } from "../support/memory_files.ts";

const MEMORY_BYTES = 48 * 1024;
const BUFFER_BYTES = 4 * 1024;
const RECORD_BYTES = 2 * 1024;
const SEGMENT_BYTES = 16 * 1024;

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface WorldOptions {
  readonly mode: "overflow" | "always";
  readonly sync?: "os" | "each";
  readonly rewindBytes?: number;
}

/** Line `number`: 12 to 300 bytes, always the same for the same number. */
export function lineOf(number: number): Uint8Array {
  const length = 12 + (number * 7919) % 289;
  return new TextEncoder().encode(`${String(number).padStart(8, "0")} ${"x".repeat(length - 10)}\n`);
}

/** What one connection to the consumer has been sent. */
export interface Stream {
  /** Number of the frame at which it was to begin. */
  readonly first: number;
  /** The first unconfirmed frame when it began: everything before is there for `rewind`. */
  readonly confirmed: number;
  bytes: Uint8Array;
  /** Bytes that the consumer's kernel has acknowledged. */
  acknowledged: number;
}

export class World {
  files = new MemoryFiles();
  readonly framer = createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 1024 });
  /** Frames received so far: 0 to this. */
  received = 0;
  /** Frames that a consumer's kernel has acknowledged whole: 0 to this, whatever happened since. */
  acknowledged = 0;
  readonly streams: Stream[] = [];
  journal!: Journal;
  spool!: Spool;
  ledger!: Ledger;
  pool!: BufferPool;
  #appender!: Appender;
  #outlet!: Outlet;
  #connected = false;
  #next: Promise<Outgoing | undefined> | undefined;
  readonly #clock: Clock;
  #nowMs = 0;
  #diskFull = false;
  #wasFull = false;
  #open!: OpenBuffer;
  /** Frames before this one are gone for good: they were confirmed when a kill took the memory that `rewind` kept. */
  #oldest = 0;

  constructor(private readonly options: WorldOptions) {
    // Time runs in the loop's turns: every sleep lasts one, and the clock follows.
    this.#clock = {
      monotonicMs: () => this.#nowMs,
      wallUs: () => 1_700_000_000_000_000 + this.#nowMs * 1000,
      sleep: async (ms, signal) => {
        if (signal?.aborted) return;
        await turn();
        this.#nowMs += ms;
      },
    };
  }

  /** From now on segments take no bytes, or only the first few of a write; or do again. */
  async setDiskFull(full: boolean): Promise<void> {
    // For want of room the journal gives up what it keeps for `rewind` alone.
    const over = this.#diskFull && !full;
    this.#wasFull ||= full;
    this.#diskFull = full;
    this.files.plan = (operation, path) =>
      full && operation === "write" && path.endsWith(".seg") ? { code: "ENOSPC", written: 100 } : undefined;
    if (!over) return;
    await this.settle();
    this.#oldest = this.spool.confirmed;
  }

  async start(): Promise<void> {
    this.pool = new BufferPool({ maxBytes: MEMORY_BYTES, bufferBytes: BUFFER_BYTES, reserveBytes: 3 * BUFFER_BYTES });
    this.ledger = new Ledger();
    this.#open = new OpenBuffer(this.pool);
    this.journal = await openJournal({
      files: this.files,
      clock: this.#clock,
      log: silentLog,
      randomBytes: (count) => new Uint8Array(count).fill(7),
      directory: "/journal",
      holder: "test",
      framer: this.framer,
      sync: this.options.sync ?? "os",
      syncIntervalMs: 100,
      segmentBytes: SEGMENT_BYTES,
      recordBytes: RECORD_BYTES,
      maxBytes: 0,
      minFreeBytes: 0,
      rewindBytes: this.options.rewindBytes ?? 0,
      retainMs: 0,
      retainBytes: 0,
      dropsOldest: false,
    });
    this.ledger.carry(this.journal.recovery.pendingFrames, this.journal.recovery.pendingBytes);
    this.spool = new Spool({
      journal: this.journal,
      pool: this.pool,
      framer: this.framer,
      ledger: this.ledger,
      log: silentLog,
      clock: this.#clock,
      whenFull: "block",
      mode: this.options.mode,
      appendFirst: this.options.sync === "each",
      rewindBytes: this.options.rewindBytes ?? 0,
      recordBytes: RECORD_BYTES,
    });
    this.#appender = new Appender(this.spool, this.#clock);
    this.#outlet = new Outlet(this.spool);
    this.#appender.start();
  }

  /** Lets everything happen that can happen without further input. */
  async settle(): Promise<void> {
    for (let i = 0; i < 12; i++) await turn();
  }

  /** `count` frames come in, in pieces as a source hands them on; fewer where memory is full. */
  receive(count: number): void {
    for (let left = count; left > 0;) {
      const lines = Array.from({ length: Math.min(left, 1 + this.received % 9) }, (_, i) => lineOf(this.received + i));
      const bytes = join(lines);
      const at = this.#open.append(bytes);
      if (at === undefined) return;
      this.spool.push(at.buffer, at.start, at.start + bytes.length, lines.length, this.#clock.wallUs());
      this.received += lines.length;
      left -= lines.length;
    }
  }

  async connect(): Promise<void> {
    if (this.#connected) return;
    await this.#outlet.begin();
    this.#connected = true;
    const first = this.spool.sent;
    assert(first <= this.acknowledged, `begins at ${first}, the consumer has acknowledged up to ${this.acknowledged}`);
    this.#checkRewind(first);
    this.streams.push({ first, confirmed: this.spool.confirmed, bytes: new Uint8Array(0), acknowledged: 0 });
    await this.settle();
  }

  /** A connection begins `rewind` bytes before the first unconfirmed frame, at most a record earlier, if so much was there. */
  #checkRewind(first: number): void {
    const { rewindBytes = 0 } = this.options;
    let back = 0;
    for (let frame = first; frame < this.spool.confirmed; frame++) back += lineOf(frame).length;
    assert(back >= rewindBytes || first <= this.#oldest || this.#diskFull, `goes back ${back} bytes of ${rewindBytes}`);
    assert(back < rewindBytes + 512 || rewindBytes === 0 && back === 0, `goes back ${back} bytes of ${rewindBytes}`);
  }

  /** The kernel takes what there is to send, at most `batches` times. */
  async send(batches: number): Promise<void> {
    for (let i = 0; i < batches && this.#connected; i++) {
      this.#next ??= this.#outlet.next();
      const outgoing = await Promise.race([this.#next, this.settle()]);
      if (outgoing === undefined) return;
      this.#next = undefined;
      if (this.options.sync === "each") assert(this.spool.sent <= this.journal.end, "sent before it was synced");
      const stream = this.streams[this.streams.length - 1];
      stream.bytes = join([stream.bytes, outgoing.bytes]);
      outgoing.release();
    }
  }

  /** The consumer's kernel acknowledges a part of what is in flight; `told`: and we get to know. */
  acknowledge(share: number, told: boolean): void {
    if (!this.#connected) return;
    const stream = this.streams[this.streams.length - 1];
    stream.acknowledged += Math.floor((stream.bytes.length - stream.acknowledged) * share);
    this.acknowledged = Math.max(this.acknowledged, this.#acknowledgedEnd(stream));
    if (told) this.#outlet.confirm(stream.acknowledged);
  }

  async disconnect(): Promise<void> {
    if (!this.#connected) return;
    this.#connected = false;
    this.#outlet.interrupt();
    (await this.#next)?.release();
    this.#next = undefined;
    await this.#outlet.settle(this.streams[this.streams.length - 1].acknowledged);
    if (this.options.mode === "overflow" || this.spool.confirmed <= this.journal.end) {
      assertEquals(this.spool.confirmed, this.acknowledged, "the first unconfirmed frame");
    }
    await this.settle();
    if (!this.#diskFull) assertEquals(this.spool.atRiskBytes, 0, "what is unconfirmed was not spilled");
  }

  /** A clean stop and a start; nothing may be lost by it. */
  async restart(): Promise<void> {
    await this.disconnect();
    await this.#outlet.close();
    assertEquals(await this.#appender.finish(), undefined, "frames lost at a clean stop");
    await this.journal.close();
    this.checkBooks();
    const pending = { ...this.ledger.pending };
    await this.start();
    assertEquals(this.ledger.pending, pending, "what is pending after the restart");
  }

  /** `kill -9` and a start on what is on disk: what had been appended is still there. */
  async kill(): Promise<void> {
    const appended = this.journal.end;
    this.files.crash();
    this.#connected = false;
    this.#outlet.interrupt();
    (await this.#next?.catch(() => undefined))?.release();
    this.#next = undefined;
    await this.#appender.finish();
    // Nothing of the dead process may go on beside the new one; its file system takes nothing any more.
    await this.journal.close().catch(() => {});
    this.files = this.files.afterCrash();
    await this.start();
    assert(this.journal.end >= appended, "appended frames are gone");
    assert(this.spool.confirmed <= this.acknowledged, "the cursor is ahead of what was confirmed");
    // Frames that were in memory alone are lost; the producer of this model sends them again under the same numbers.
    this.received = this.spool.window.end;
    this.acknowledged = this.spool.confirmed;
    if (this.options.mode === "overflow") this.#oldest = this.spool.confirmed;
    await this.setDiskFull(false);
  }

  checkBooks(): void {
    const { carried, received, delivered, pending } = this.ledger;
    const dropped = this.ledger.droppedTotal();
    for (const unit of ["frames", "bytes"] as const) {
      assertEquals(
        carried[unit] + received[unit],
        delivered[unit] + pending[unit] + dropped[unit],
        `the books: ${unit}`,
      );
    }
    if (this.options.mode === "always") assert(this.spool.cursor <= this.journal.end, "the cursor is past the journal");
    assertEquals(pending.frames, this.received - this.spool.confirmed, "pending frames");
    assert(this.pool.usedBytes <= MEMORY_BYTES, `${this.pool.usedBytes} bytes of memory in use`);
  }

  /** Delivers all that is left, then checks every stream byte by byte, and that they cover everything. */
  async finish(): Promise<void> {
    await this.connect();
    for (let i = 0; i < 10_000 && this.spool.confirmed < this.received; i++) {
      await this.send(50);
      this.acknowledge(1, true);
    }
    assertEquals(this.spool.confirmed, this.received, "not everything was delivered");
    this.checkBooks();
    assertEquals(this.ledger.pending.bytes, 0);
    let covered = 0;
    for (const stream of this.streams) {
      assert(stream.first <= covered, `frames ${covered} to ${stream.first} were never sent`);
      this.#checkStream(stream);
      covered = Math.max(covered, this.#acknowledgedEnd(stream));
    }
    // A kill may have taken frames that were delivered from memory; they are then sent again.
    assert(covered >= this.received, `frames ${covered} to ${this.received} were never sent`);
    await this.disconnect();
    await this.#outlet.close();
    assertEquals(await this.#appender.finish(), undefined, "frames lost at a clean stop");
    await this.journal.close();
  }

  /** The number after the last frame that is acknowledged whole. */
  #acknowledgedEnd(stream: Stream): number {
    let end = stream.first;
    this.#eachLine(stream.bytes.subarray(0, stream.acknowledged), (number) => end = number + 1);
    return end;
  }

  /**
   * Every frame is there, whole and in order. Where the disk was full, confirmed
   * frames that were there for `rewind` alone may be gone.
   */
  #checkStream(stream: Stream): void {
    let expected = stream.first;
    this.#eachLine(stream.bytes, (number, line) => {
      const given = this.#wasFull && expected < number && number <= stream.confirmed;
      if (!given) assertEquals(number, expected, "the next frame");
      assertEquals(line, new TextDecoder().decode(lineOf(number)), `frame ${number}`);
      expected = number + 1;
    });
  }

  #eachLine(bytes: Uint8Array, act: (number: number, line: string) => void): void {
    const lines = new TextDecoder().decode(bytes).split("\n");
    lines.pop();
    for (const line of lines) act(Number(line.slice(0, 8)), `${line}\n`);
  }
}
