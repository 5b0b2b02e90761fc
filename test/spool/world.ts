/**
 * A route without sockets: the real spool, appender, outlet and journal on a
 * file system in memory, and a consumer that checks what it is sent.
 *
 * Frames are numbered lines of varying length, so the plain array of what was
 * received is the model: frame n is line n.
 */
import { BufferPool } from "../../src/base/buffer.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { Ledger } from "../../src/base/ledger.ts";
import { silentLog } from "../../src/base/log.ts";
import { createFramer } from "../../src/framing/create.ts";
import { openJournal } from "../../src/journal/open.ts";
import type { Journal } from "../../src/journal/types.ts";
import { Appender } from "../../src/spool/appender.ts";
import { type Outgoing, Outlet } from "../../src/spool/outlet.ts";
import { Spool } from "../../src/spool/spool.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { MemoryFiles } from "../support/memory_files.ts";

const MEMORY_BYTES = 64 * 1024;
const BUFFER_BYTES = 4 * 1024;
const RECORD_BYTES = 2 * 1024;
const SEGMENT_BYTES = 16 * 1024;

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
  /** Number of the first frame. */
  readonly first: number;
  bytes: Uint8Array;
  /** Bytes that the consumer's kernel has acknowledged. */
  acknowledged: number;
}

export class World {
  readonly files = new MemoryFiles();
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

  constructor(private readonly options: WorldOptions) {
    // Time runs in the loop's turns: every sleep lasts one, and the clock follows.
    this.#clock = {
      monotonicMs: () => this.#nowMs,
      wallUs: () => 1_700_000_000_000_000 + this.#nowMs * 1000,
      sleep: async (ms, signal) => {
        await systemClock.sleep(0, signal);
        this.#nowMs += ms;
      },
    };
  }

  /** From now on segments take no bytes, or only the first few of a write; or do again. */
  setDiskFull(full: boolean): void {
    this.files.plan = (operation, path) =>
      full && operation === "write" && path.endsWith(".seg") ? { code: "ENOSPC", written: 100 } : undefined;
  }

  async start(): Promise<void> {
    this.pool = new BufferPool({ maxBytes: MEMORY_BYTES, bufferBytes: BUFFER_BYTES, reserveBytes: 3 * BUFFER_BYTES });
    this.ledger = new Ledger();
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
    });
    this.ledger.carry(this.journal.recovery.pendingFrames, this.journal.recovery.pendingBytes);
    this.spool = new Spool({
      journal: this.journal,
      pool: this.pool,
      framer: this.framer,
      ledger: this.ledger,
      log: silentLog,
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
    for (let i = 0; i < 12; i++) await systemClock.sleep(0);
  }

  /** `count` frames come in, in one run or several; fewer where memory is full. */
  receive(count: number): void {
    for (let left = count; left > 0;) {
      const buffer = this.pool.take();
      if (buffer === undefined) return;
      let fill = 0;
      let frames = 0;
      for (; left > 0; left--, frames++) {
        const line = lineOf(this.received + frames);
        if (fill + line.length > Math.min(RECORD_BYTES, buffer.bytes.length)) break;
        buffer.bytes.set(line, fill);
        fill += line.length;
      }
      this.spool.push(buffer, 0, fill, frames, this.#clock.wallUs());
      buffer.release();
      this.received += frames;
    }
  }

  async connect(): Promise<void> {
    if (this.#connected) return;
    await this.#outlet.begin();
    this.#connected = true;
    const first = this.spool.sent;
    assert(first <= this.acknowledged, `begins at ${first}, the consumer has acknowledged up to ${this.acknowledged}`);
    if (!this.options.rewindBytes && this.streams.length > 0) {
      assertEquals(first, this.spool.confirmed, "begins elsewhere than at the first unconfirmed frame");
    }
    this.streams.push({ first, bytes: new Uint8Array(0), acknowledged: 0 });
    await this.settle();
  }

  /** The kernel takes what there is to send, at most `batches` times. */
  async send(batches: number): Promise<void> {
    for (let i = 0; i < batches && this.#connected; i++) {
      this.#next ??= this.#outlet.next();
      const outgoing = await Promise.race([this.#next, this.settle()]);
      if (outgoing === undefined) return;
      this.#next = undefined;
      const stream = this.streams[this.streams.length - 1];
      const bytes = new Uint8Array(stream.bytes.length + outgoing.bytes.length);
      bytes.set(stream.bytes);
      bytes.set(outgoing.bytes, stream.bytes.length);
      stream.bytes = bytes;
      outgoing.release();
    }
  }

  /** The consumer's kernel acknowledges a part of what is in flight; `told`: and we get to know. */
  acknowledge(share: number, told: boolean): void {
    if (!this.#connected) return;
    const stream = this.streams[this.streams.length - 1];
    stream.acknowledged += Math.floor((stream.bytes.length - stream.acknowledged) * share);
    this.acknowledged = Math.max(this.acknowledged, stream.first + this.#framesIn(stream));
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
      covered = Math.max(covered, stream.first + this.#framesIn(stream));
    }
    assertEquals(covered, this.received);
    await this.disconnect();
    await this.#outlet.close();
    await this.#appender.finish();
    await this.journal.close();
  }

  /** Whole frames among the acknowledged bytes. */
  #framesIn(stream: Stream): number {
    return this.framer.scan(stream.bytes, 0, 0, stream.acknowledged).frames;
  }

  #checkStream(stream: Stream): void {
    let at = 0;
    for (let number = stream.first; at < stream.bytes.length; number++) {
      const line = lineOf(number);
      const found = stream.bytes.subarray(at, at + line.length);
      assertEquals(new TextDecoder().decode(found), new TextDecoder().decode(line), `frame ${number}`);
      at += line.length;
    }
  }
}
