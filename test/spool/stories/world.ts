/**
 * A route without sockets: the real spool, appender, feed and journal on a
 * file system in memory, with faults on demand, and a consumer that checks what
 * it is sent. `books.ts` is the model that all of it is held against.
 */
import { setImmediate } from "node:timers";
import { BufferPool } from "../../../src/base/buffer.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { Histogram } from "../../../src/base/histogram.ts";
import { Ledger } from "../../../src/base/ledger.ts";
import { runEnd } from "../../../src/base/run.ts";
import { type Damage, type Journal, JournalFullError, type SyncPolicy } from "../../../src/journal/journal.ts";
import { SharedBuffer } from "../../../src/source/shared_buffer.ts";
import { Appender } from "../../../src/spool/appender.ts";
import type { WhenFull } from "../../../src/spool/overload.ts";
import type { DeliveryStream } from "../../../src/spool/delivery_stream.ts";
import { Spool } from "../../../src/spool/spool.ts";
import { SpoolFeed } from "../../../src/spool/spool_feed.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { join } from "../../support/bytes.ts";
import { seeded } from "../../support/random.ts";
import { Books } from "./books.ts";
import type { StreamOptions } from "./consumer.ts";
import { frameOf, lineFramer } from "./model_frames.ts";
import { createStorage, type Storage, type StorageKind } from "./storage.ts";
import { type Fault, type LogLine, recordingLog } from "./surroundings.ts";

export const MEMORY_BYTES = 48 * 1024;
const BUFFER_BYTES = 4 * 1024;
const RECORD_BYTES = 2 * 1024;
/** The most of what may be unread that is kept in memory. */
const KEPT_BYTES_MAX = 0.6 * (MEMORY_BYTES - 3 * BUFFER_BYTES);

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface WorldOptions {
  /** What its journal is kept in; a directory unless this says otherwise. */
  readonly storage?: StorageKind;
  readonly mode: "overflow" | "always";
  readonly sync?: SyncPolicy;
  readonly rewindBytes?: number | "auto";
  readonly whenFull?: WhenFull;
  /** Of the journal; 0: no limit. */
  readonly maxBytes?: number;
  readonly retainMs?: number;
  /** Frames are confirmed one by one. */
  readonly eachFrame?: boolean;
}

export class World {
  #storage: Storage;
  readonly books = new Books();
  journal!: Journal;
  spool!: Spool;
  ledger!: Ledger;
  pool!: BufferPool;
  feed!: SpoolFeed;
  readonly clock: Clock;
  /** Are producers admitted? */
  admitted = true;
  #appender!: Appender;
  #sharedBuffer!: SharedBuffer;
  #nowMs = 0;
  /** What the books did not agree with, in the middle of something. */
  #failure: unknown;
  #nextId = 0;
  #fault: Fault | undefined;
  /** Since this process began. */
  #syncsMayFail = false;
  /** The journal was short of room and may have given up what it kept for `rewind`; until a while after. */
  #shortOfRoom = false;
  /** Nothing could be appended, and memory was short, when it was last looked at. */
  #wasShort = false;
  /** No journal write or sync has failed, and none was to, since `settle` began. */
  #undisturbed = true;
  /** Frames before this one may be gone: what was kept for `rewind` alone has been given up. */
  #oldest = 0;
  /** What the route said of the last connection: bytes that may be lost. */
  saidLost = 0;
  /** What earlier processes said of frames that were gone or given up. */
  #saidBefore = 0;
  /** An operator has given up what was pending below this, and nothing before it is sent any more. */
  #givenUpTo = 0;
  /** The route knows that a program has read all frames before this one. */
  #knownRead = 0;
  /** What of that is in writing: it is written within 100 ms. */
  #writtenRead = 0;

  /** `found`: looks at what a kill or a power loss has left, before the next process does. */
  constructor(
    readonly options: WorldOptions,
    private readonly found: (storage: Storage) => Promise<unknown> = () => Promise.resolve(),
  ) {
    this.#storage = createStorage(options.storage ?? "directory");
    // Time runs in the loop's turns: every sleep lasts one, and the clock follows.
    this.clock = {
      monotonicMs: () => this.#nowMs,
      wallUs: () => 1_700_000_000_000_000 + this.#nowMs * 1000,
      sleep: async (ms, signal) => {
        if (signal?.aborted) return;
        await turn();
        this.#nowMs += ms;
      },
    };
  }

  /** Replies come from the program that has read the frame: `auto` has nothing to send again. */
  get rewind(): number | "auto" {
    const { rewindBytes = 0, eachFrame } = this.options;
    return rewindBytes === "auto" && eachFrame ? 0 : rewindBytes;
  }

  /** The frame that was refused, as the log says that it is kept at `path`. */
  quarantined(sequence: number, path: unknown): Uint8Array | undefined {
    return this.#storage.quarantined(sequence, path);
  }

  /** From now on what `fault` says fails; undefined: nothing any more. */
  setFault(fault: Fault | undefined): void {
    this.#fault = fault;
    this.hadFaults ||= fault !== undefined;
    this.#syncsMayFail ||= fault?.kind === "error" && fault.operation === "sync";
    this.#undisturbed = false;
    this.#storage.setFault(fault);
  }

  /** Has anything failed in this world? */
  hadFaults = false;

  get faulty(): boolean {
    return this.#fault !== undefined;
  }

  /** The first process, on an empty disk. */
  async open(): Promise<void> {
    await this.#start();
    this.books.reopened(0, 0);
  }

  async #start(): Promise<void> {
    if (this.#syncsMayFail) this.books.syncsMayHaveFailed();
    this.#syncsMayFail = this.#wasShort = false;
    const { mode, sync = "os", rewindBytes = 0, whenFull = "block", maxBytes = 0, retainMs = 0 } = this.options;
    const { clock } = this;
    const log = recordingLog((line) => this.#noting(() => this.#logged(line)));
    this.pool = new BufferPool({
      maxBytes: MEMORY_BYTES,
      bufferBytes: BUFFER_BYTES,
      reserveBytes: 3 * BUFFER_BYTES,
      fillReleased: 0x2a,
    });
    this.#saidBefore += this.ledger?.mayBeLostBytes ?? 0;
    this.ledger = new Ledger();
    this.admitted = true;
    this.#sharedBuffer = new SharedBuffer(this.pool, this.pool.maxBytes / 4);
    this.journal = await this.#storage.open({
      clock,
      log,
      framer: lineFramer,
      sync,
      syncIntervalMs: 100,
      recordBytes: RECORD_BYTES,
      maxBytes,
      rewindBytes: rewindBytes === "auto" ? 0 : rewindBytes,
      retainMs,
      retainBytes: 0,
      dropsOldest: whenFull === "drop-oldest",
    });
    this.#watchAppends();
    this.ledger.carry(this.journal.recovery.pendingFrames, this.journal.recovery.pendingBytes);
    const { journal, pool, ledger } = this;
    const parts = { journal, pool, framer: lineFramer, ledger, log, clock, whenFull };
    const listener = {
      appended: () => {},
      advanced: () => {},
      shut: () => this.admitted = false,
      reopen: () => this.admitted = true,
    };
    const spool = this.spool = new Spool({ ...parts, listener, mode, rewind: this.rewind, recordBytes: RECORD_BYTES });
    this.#watchDrops();
    this.#appender = new Appender({ ...parts, spool });
    const appendFirst = mode === "always" && sync === "each";
    this.feed = new SpoolFeed({
      ...parts,
      deliveryTimes: new Histogram([]),
      spool,
      appendFirst,
      eachFrame: this.options.eachFrame ?? false,
    });
    this.#appender.start();
  }

  /** Lets everything happen that can happen without further input. */
  async settle(): Promise<void> {
    const end = this.journal.end;
    this.#undisturbed = this.#fault === undefined;
    for (let i = 0; i < 12; i++) await turn();
    if (!this.#undisturbed) return;
    this.#writtenRead = this.#knownRead;
    // The interval of `sync = "interval"` has passed, and so has the time after which housekeeping comes round.
    if (this.options.sync !== "os" && this.journal.end === end) this.books.synced();
    if (this.#shortOfRoom) this.#oldest = this.books.position;
    this.#shortOfRoom = false;
  }

  /** `count` frames come in, in runs as a source hands them on; fewer where memory is full. */
  receive(count: number): void {
    for (let left = count; left > 0 && this.admitted;) {
      const frames = [frameOf(this.#nextId)];
      for (let bytes = frames[0].length; frames.length < Math.min(left, 1 + this.#nextId % 9);) {
        const frame = frameOf(this.#nextId + frames.length);
        if ((bytes += frame.length) > RECORD_BYTES) break;
        frames.push(frame);
      }
      const bytes = join(frames);
      const at = this.#sharedBuffer.append(bytes);
      if (at === undefined) return this.spool.wantMemory();
      this.#push(at.buffer, at.start, frames);
      left -= frames.length;
    }
  }

  #push(buffer: Parameters<Spool["push"]>[0], start: number, frames: readonly Uint8Array[]): void {
    this.follow();
    for (const frame of frames) this.books.receive(this.#nextId++, frame.length);
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const end = this.spool.push(buffer, start, start + bytes, frames.length, this.clock.wallUs());
    assertEquals(end, this.spool.window.end, "the sequence after what was pushed");
    this.#noteShort();
    this.follow();
  }

  /**
   * Where nothing can be appended, frames that come in need the memory of those
   * that `rewind` keeps: also of those that are confirmed while it is so, after
   * which it may be so no more.
   */
  #noteShort(): void {
    const isShort = this.spool.overload.failing !== undefined && !this.pool.hasHeadroom;
    if (isShort || this.#wasShort) this.#oldest = this.books.position;
    this.#wasShort = isShort;
  }

  /** What has happened without an action: frames were appended, or taken back by `drop-newest`. */
  follow(): void {
    this.books.published(this.journal.end, this.options.sync === "each");
    if (this.options.whenFull === "drop-newest") this.books.cutTo(this.spool.window.end);
    assertEquals(this.spool.window.end, this.books.log.length, "sequence of the next frame");
  }

  /** A new connection begins: its stream, and what its consumer may expect. */
  async begin(): Promise<{ stream: DeliveryStream } & Omit<StreamOptions, "confirmed">> {
    const stream = await this.feed.begin();
    const first = this.spool.positions.next;
    const givenUpBefore = this.#givenUpTo;
    const { position } = this.books;
    assert(first <= position, `begins at ${first}, the consumer has confirmed up to ${position}`);
    const mayMiss = this.#shortOfRoom || this.faulty;
    if (this.rewind === "auto") this.#checkUnread(first, mayMiss);
    else this.#checkRewind(first, position, mayMiss);
    return {
      stream,
      first,
      rewindMayMiss: () => mayMiss || this.#shortOfRoom || this.faulty || first < this.#oldest,
      givenUpTo: () => this.#givenUpTo > givenUpBefore ? this.#givenUpTo : 0,
    };
  }

  /** A consumer's program has read all frames before `sequence`, and the route knows it. */
  noteRead(sequence: number): void {
    this.#knownRead = Math.max(this.#knownRead, sequence);
  }

  /** What no program has read is sent again, as far as it was kept; what is known to be read is not. */
  #checkUnread(first: number, mayMiss: boolean): void {
    const { books, spool } = this;
    assert(first >= Math.min(this.#knownRead, spool.confirmed), `begins at ${first}, read up to ${this.#knownRead}`);
    const unread = books.firstUnread(spool.confirmed);
    if (unread === undefined || first <= unread) return;
    const missed = books.log.slice(unread, first);
    const keptBytes = books.log.slice(first, spool.confirmed).reduce((sum, { length }) => sum + length, 0);
    const isOverMost = missed.some(({ appended }) => !appended) && (keptBytes >= KEPT_BYTES_MAX || this.hadFaults);
    const saidLost = this.saidLost + this.#saidBefore + this.ledger.mayBeLostBytes;
    const isGone = mayMiss || first <= this.#givenUpTo || missed.some(({ unlinked }) => unlinked) || isOverMost;
    const isExcused = first <= this.#oldest || (isGone && saidLost > 0);
    assert(isExcused, `begins at ${first}, ${unread} was not read, ${saidLost} bytes may be lost`);
    for (const entry of missed) entry.read = true;
  }

  /** At the end: whatever was confirmed was read, unless what was kept to be sent again had to go. */
  checkAllRead(): void {
    const unread = this.books.firstUnread(Number.POSITIVE_INFINITY, this.#oldest);
    assertEquals(unread, undefined, "confirmed, and never read");
  }

  #checkRewind(first: number, position: number, mayMiss: boolean): void {
    const rewindBytes = Number(this.rewind);
    const lengths = this.books.log.slice(first, position).map(({ length }) => length);
    const back = lengths.reduce((sum, length) => sum + length, 0);
    const settled = this.books.log.slice(first, position).every(({ fate }) => fate === "pending");
    if (settled) assert(back - (lengths[0] ?? 0) < Math.max(1, rewindBytes), `${back} bytes back, not ${rewindBytes}`);
    // `drop-oldest` takes frames in flight off the disk, and those may be confirmed all the same.
    const before = first > 0 ? this.books.log[first - 1] : undefined;
    const atHole = before !== undefined && (before.fate !== "pending" || before.unlinked);
    assert(
      back >= rewindBytes || mayMiss || atHole || first <= this.#oldest,
      `only ${back} bytes back, not ${rewindBytes}`,
    );
  }

  /** The operator gives up a share of what is pending. */
  async skip(share: number): Promise<void> {
    const { confirmed, end } = this.spool.positions;
    const until = confirmed + Math.floor((end - confirmed) * share);
    await this.spool.skipUntil(until);
    this.#givenUpTo = Math.max(this.#givenUpTo, until);
  }

  /** The books of the route against the model's. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { spool, journal, pool, books } = this;
    this.follow();
    this.#noteShort();
    const isDropping = spool.dropped.inProgress !== undefined;
    books.check(this.ledger, isDropping ? undefined : spool.confirmed);
    if (!isDropping) books.checkConfirmed(spool.confirmed);
    if (this.options.mode === "always") assert(spool.cursor <= journal.end, "the cursor is past the journal");
    assert(journal.cursor <= spool.confirmed, "the journal's cursor is ahead");
    assert(pool.usedBytes <= MEMORY_BYTES, `${pool.usedBytes} bytes of memory in use`);
  }

  /** A clean stop. Frames are lost by it only where the disk takes none. Returns whether all of it succeeded. */
  async stop(): Promise<boolean> {
    const { books } = this;
    await this.feed.close();
    const lost = await this.#appender.finish();
    this.follow();
    if (lost !== undefined) {
      assert(this.faulty, "frames are lost at a stop");
      const { first, until, bytes } = lost;
      assert(books.log.slice(first, until).every(({ appended }) => !appended), "lost, and appended");
      books.declareDropped("stop", first, until, { frames: until - first, bytes });
      this.ledger.drop("stop", until - first, bytes);
    }
    this.check();
    // What was kept in memory for `rewind` could not be appended.
    if (this.faulty) this.#oldest = this.spool.window.end;
    const closed = await this.journal.close().then(() => true, () => false);
    assert(closed || this.faulty, "the journal cannot be closed");
    this.#sharedBuffer.close();
    assertEquals(this.pool.usedBytes, this.spool.window.endOffset === 0 ? 0 : this.#heldByWindow(), "memory in use");
    return closed && lost === undefined;
  }

  /** Capacity of the buffers that the window holds, in bytes; there are no others. */
  #heldByWindow(): number {
    const { window } = this.spool;
    const buffers = new Set(Array.from({ length: window.length }, (_, i) => window.at(i)!.buffer));
    return [...buffers].reduce((sum, { capacity }) => sum + capacity, 0);
  }

  /** A start after a stop: nothing is missing. */
  async startAgain(stopped: { readonly clean: boolean }): Promise<void> {
    const { books } = this;
    const { position } = books;
    const pending = { ...this.ledger.pending };
    const damaged = this.ledger.dropped.has("damaged");
    if (stopped.clean && this.options.sync !== "os") books.synced();
    await this.#start();
    books.crashed("kill", this.spool.confirmed, this.spool.window.end);
    books.reopened(this.spool.confirmed, this.spool.window.end);
    this.journal.onDamage = (damage) => this.#noting(() => this.#damaged(damage));
    if (!stopped.clean) {
      this.#oldest = this.spool.confirmed;
      return;
    }
    assert(this.journal.recovery.clean, "a clean stop is not seen as one");
    // What came back after it was dropped, or is damaged and not passed yet, was in no count.
    const { least, most } = books.pendingFrom(this.spool.confirmed);
    if (least.frames === most.frames && !damaged) {
      assertEquals(this.ledger.pending, pending, "pending after the restart");
    }
    assert(this.ledger.pending.frames >= pending.frames, "less is pending after the restart");
    assertEquals(books.position, books.skip(Math.min(position, books.log.length)), "where delivery goes on");
  }

  /** The process dies, or the machine; another one starts on what is left of the files. */
  async die(by: "kill" | { readonly seed: number }, interrupted: () => Promise<void>): Promise<void> {
    const { books, journal } = this;
    const atRisk = this.spool.atRiskBytes;
    this.follow();
    assert(books.onlyInMemory <= atRisk, `${books.onlyInMemory} bytes in memory alone, ${atRisk} said to be at risk`);
    this.#storage.crash();
    await interrupted();
    await this.#appender.finish();
    // Nothing of the dead process may go on beside the new one; its file system takes nothing any more.
    await journal.close().catch(() => {});
    this.#storage = by === "kill" ? this.#storage.afterCrash() : this.#storage.afterPowerLoss(seeded(by.seed));
    this.setFault(undefined);
    await this.found(this.#storage);
    await this.#start();
    books.crashed(by === "kill" ? by : "power loss", this.spool.confirmed, this.spool.window.end);
    books.reopened(this.spool.confirmed, this.spool.window.end);
    this.journal.onDamage = (damage) => this.#noting(() => this.#damaged(damage));
    // What was known may not have been written to last.
    this.#knownRead = by === "kill" ? this.#writtenRead : 0;
    this.#writtenRead = this.#knownRead;
    if (by !== "kill" || this.options.mode === "overflow") this.#oldest = this.spool.confirmed;
  }

  /** The model learns from the journal's own interface what has been appended. */
  #watchAppends(): void {
    const { journal, books } = this;
    for (const name of ["append", "appendLast"] as const) {
      const original = journal[name].bind(journal);
      journal[name] = async (runs) => {
        this.follow();
        books.attempt(runs.map((run) => ({ from: run.first, until: runEnd(run) })));
        try {
          await original(runs);
        } catch (error) {
          this.#undisturbed = false;
          this.#shortOfRoom ||= error instanceof JournalFullError;
          throw error;
        }
      };
    }
  }

  #watchDrops(): void {
    const { books } = this;
    const { dropped } = this.spool;
    const begin = dropped.begin.bind(dropped);
    dropped.begin = (until) => {
      const range = begin(until);
      this.#noting(() => books.pass(range.from, range.until));
      return range;
    };
  }

  /** Damage can only be what a power loss may take. */
  #damaged(damage: Damage): void {
    const { books, spool } = this;
    for (const entry of books.log.slice(Math.max(damage.from, spool.confirmed), damage.until)) {
      assert(entry.fate !== "pending", `frame ${entry.id} is damaged, ${entry.durable ? "and was" : "not"} synced`);
      if (entry.fate === "maybe") entry.fate = "damaged";
    }
    spool.dropped.noteDamage(damage);
  }

  /** Keeps a failed check for later: the route, which calls this, would take it for a failure of its own. */
  #noting(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #logged(line: LogLine): void {
    if (this.#storage.crashed) return;
    const { event, fields } = line;
    const range = fields as { from: number; until: number; frames: number; bytes: number };
    switch (event) {
      case "oldest_dropped":
        this.books.unlinked(range.until);
        return this.books.declarePassed(range);
      case "in_flight_dropped": {
        const reason = fields.reason === "operator" ? "operator" : "full";
        return this.books.declareDropped(reason, range.from, range.until, range);
      }
      case "frames_given_up":
        return this.books.declareDropped("operator", range.from, range.until, range);
    }
  }
}
