/**
 * Memory and journal as one FIFO.
 *
 * One sequence, one log, one cursor. The newest frames are in the window in
 * memory, older ones that are still needed are in the journal; `positions` says
 * how far receiving, appending, sending and confirming have come.
 *
 * Whether frames are appended is decided in spill_state.ts. A frame leaves the
 * window when it is confirmed, or when it is in the journal and memory is wanted.
 * `push` is called by the readers of sockets, so nothing here waits but what is
 * rare: a connection's beginning, and frames that are skipped, dropped or refused.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import type { Ledger, Tally } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import { type Run, runBytes, runEnd } from "../base/run.ts";
import type { Framer } from "../framing/framing.ts";
import type { Journal } from "../journal/journal.ts";
import { Backlog } from "./backlog.ts";
import { dropOldest, type DropOldestParts } from "./drop_oldest.ts";
import { Dropped } from "./dropped.ts";
import { InFlight } from "./in_flight.ts";
import { Overload, type OverloadListener, type WhenFull } from "./overload.ts";
import { Patience } from "./patience.ts";
import { Positions } from "./positions.ts";
import { Pressure } from "./pressure.ts";
import { Rewind, type RewindPolicy } from "./rewind.ts";
import { SpillState, type SpoolMode } from "./spill_state.ts";
import { type SkipOptions, type SkipParts, type SkippedFrames, skipUntil } from "./skip.ts";
import { Window } from "./window.ts";

/** What the rest of the route is told. */
export interface SpoolListener extends OverloadListener {
  /** An append has ended: frames before `end` are in the journal. */
  appended(end: number): void;
  /** Less may be in memory alone than before. */
  advanced(): void;
}

export interface SpoolOptions {
  readonly journal: Journal;
  readonly pool: BufferPool;
  readonly framer: Framer;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly clock: Clock;
  readonly listener: SpoolListener;
  readonly mode: SpoolMode;
  readonly rewind: RewindPolicy;
  /** Runs of frames that arrive together are merged up to this size, in bytes. */
  readonly recordBytes: number;
  readonly whenFull: WhenFull;
}

export class Spool {
  readonly window: Window;
  readonly positions: Positions;
  readonly rewind: Rewind;
  readonly overload: Overload;
  readonly state: SpillState;
  readonly dropped: Dropped;
  readonly backlog: Backlog;
  /** While it waits the readers do not read. */
  readonly patience: Patience;
  /** Notified when there may be something new to send. */
  readonly sendable = new Condition();
  /** Notified when there may be something new to append. */
  readonly appendable = new Condition();
  /** What was in memory alone began here, in the route's stream of bytes, at the last `advance`. */
  #safeOffset = 0;
  #inFlight = new InFlight();
  /** Does a reader wait for memory, and nothing has come in since? */
  #isMemoryWanted = false;
  readonly #pressure: Pressure;
  readonly #parts: SkipParts & DropOldestParts;

  constructor(private readonly options: SpoolOptions) {
    const { journal, recordBytes, framer, mode } = options;
    const { sendable, appendable } = this;
    const window = this.window = new Window(journal.end, recordBytes, framer);
    const positions = this.positions = new Positions(journal, window);
    const inFlight = () => this.#inFlight;
    const parts = { ...options, window, positions, inFlight, sendable, appendable };
    const overload = this.overload = new Overload(options);
    const rewind = this.rewind = new Rewind({ ...parts, policy: options.rewind });
    this.#pressure = new Pressure({ ...parts, rewind, overload, appendsAll: mode === "always" });
    this.state = new SpillState({ ...parts, pressure: this.#pressure });
    this.dropped = new Dropped({ ...parts, rewind, changed: () => this.advance() });
    this.backlog = new Backlog(parts);
    this.patience = new Patience({
      ...options,
      hasRoom: (bytes) => positions.confirmed === window.end || this.#pressure.hasRoom(bytes),
      expired: () => this.#spillForRoom(),
    });
    this.#parts = { ...parts, rewind, dropped: this.dropped, backlog: this.backlog };
  }

  /** Sequence of the first frame that is not confirmed. */
  get confirmed(): number {
    return this.positions.confirmed;
  }

  /**
   * Sequence of the next frame to deliver as it may be written down: in `always`
   * mode never past the appended end, and never past what is still to be counted.
   */
  get cursor(): number {
    const { accountedUntil } = this.dropped;
    return this.options.mode === "always" ? Math.min(accountedUntil, this.positions.appended) : accountedUntil;
  }

  /** What the connection to the consumer has been handed and has not confirmed. */
  get inFlight(): InFlight {
    return this.#inFlight;
  }

  /** Bytes read, not appended, not confirmed: what `kill -9` would cost now. */
  get atRiskBytes(): number {
    return this.window.bytesFrom(this.positions.safe);
  }

  /**
   * An upper limit of {@link atRiskBytes} that needs no search: what it was at
   * the last {@link advance}, and what came since.
   */
  get atRiskBytesMax(): number {
    return this.window.endOffset - this.#safeOffset;
  }

  /**
   * Frames from a source, in `buffer.bytes[start, end)`. Retains the buffer, if
   * it takes them; returns at once. The sequence after the last of them.
   */
  push(buffer: PooledBuffer, start: number, end: number, frames: number, arrivedUs: number): number {
    const { window, overload, positions } = this;
    this.options.ledger.receive(frames, end - start);
    if (overload.failing !== undefined) this.#trim();
    if (overload.dropsNewest) {
      overload.drop(frames, end - start, window.end);
      return window.end;
    }
    if (positions.confirmed === window.end) this.patience.noteBusy();
    window.push(buffer, start, end, frames, arrivedUs, Math.max(positions.sent, positions.appending));
    this.#isMemoryWanted = false;
    this.#considerRoom();
    if (this.state.appending) this.appendable.notify();
    this.sendable.notify();
    overload.received();
    return window.end;
  }

  /** See `Sink.wantMemory`. */
  wantMemory(): void {
    this.#isMemoryWanted = true;
    this.#considerRoom();
  }

  /** Where the next append begins; nothing is to be appended while this is not below `positions.end`. */
  get appendFrom(): number {
    const from = Math.max(this.positions.appended, this.window.first);
    // Confirmed frames that `rewind` may want again are appended too, so that the journal has no hole there.
    return this.options.mode === "always" ? from : Math.max(from, this.rewind.appendFrom);
  }

  /** The next runs to append, at most `maxBytes` or one larger run; they are retained. `endAppend` follows. */
  beginAppend(maxBytes: number): readonly Run[] {
    const runs = this.window.collect(this.appendFrom, maxBytes);
    this.positions.beginAppend(runEnd(runs[runs.length - 1]));
    return runs;
  }

  /** The append has ended, well or not. */
  endAppend(): void {
    this.positions.endAppend();
    this.options.listener.appended(this.positions.appended);
    this.advance();
    this.sendable.notify();
  }

  /** The append has failed: the frames stay where they are, or are dropped if `when_full` is `drop-newest`. */
  appendFailed(reason: string): void {
    const { window, overload, positions } = this;
    positions.endAppend();
    overload.failed(reason);
    for (let last = window.back; last !== undefined && overload.dropsNewest; last = window.back) {
      // Frames that the target has been handed can still arrive.
      if (last.first < Math.max(positions.sent, positions.appended)) return;
      overload.drop(last.frames, runBytes(last), last.first);
      window.dropBack();
    }
  }

  /** The target is connected; its connection begins at `start`, and notes in `inFlight` what it has been handed. */
  targetUp(start: number, inFlight: InFlight): void {
    if (start < this.dropped.resumeFrom) throw new Error(`a connection begins at ${start}, which has been dropped`);
    this.positions.begin(start);
    this.rewind.noteAcknowledged(start);
    this.#inFlight = inFlight;
    this.state.setTargetUp(true);
  }

  /** The target is gone, or cannot be reached: what is unconfirmed in memory goes to the journal. */
  targetLost(): void {
    this.state.setTargetUp(false);
    this.dropped.dropInFlight();
    this.state.spill("the target is lost");
    this.patience.end();
    this.rewind.noteAcknowledged(undefined);
    this.#inFlight = new InFlight();
    this.positions.goBack();
    this.advance();
  }

  /** On the same connection: what is in flight will not be confirmed, and is sent again. */
  goBack(): void {
    this.dropped.dropInFlight();
    this.positions.goBack();
  }

  /**
   * Everything below `sequence` is confirmed, of which `delivered` had not been
   * before. More of it may have been read, too.
   */
  confirm(sequence: number, delivered: Readonly<Tally>): void {
    if (sequence > this.positions.confirmed) {
      this.positions.confirm(this.dropped.passGaps(sequence));
      this.options.ledger.deliver(delivered.frames, delivered.bytes);
      this.patience.noteConfirmed(delivered.bytes);
    }
    this.advance();
  }

  /**
   * Frame `sequence`, the first unconfirmed one, is refused by the consumer: it
   * goes to quarantine. Returns its path there.
   */
  async refuse(sequence: number, frame: Uint8Array): Promise<string> {
    const path = await this.options.journal.quarantine(sequence, frame);
    this.dropped.dropRefused(frame.length);
    return path;
  }

  /** See {@link skipUntil}. */
  skipUntil(until: number, options: SkipOptions = {}): Promise<SkippedFrames> {
    return skipUntil(this.#parts, until, options);
  }

  /** See {@link dropOldest}. */
  dropOldest(): Promise<boolean> {
    return dropOldest(this.#parts);
  }

  /** Where memory is short, waits for the target to make room, or makes it by way of the journal. */
  #considerRoom(): void {
    if (!this.#pressure.isHigh) return;
    // A target that has confirmed everything makes none.
    const isAwaited = !this.state.appending && this.positions.confirmed < this.window.end && this.patience.begin();
    if (!isAwaited) this.#spillForRoom();
  }

  /** What is in memory goes to the journal, and leaves memory as soon as it may. */
  #spillForRoom(): void {
    this.state.spill("memory is half full");
    this.#trim();
  }

  /** Brings everything up to date after frames were sent, confirmed, dropped or appended. */
  advance(): void {
    this.#trim();
    this.patience.considerEnd();
    // A wait for the target may have ended because there is nothing left to wait for.
    if (this.#isMemoryWanted && this.positions.confirmed === this.window.end) this.#considerRoom();
    this.state.considerDirect();
    this.#safeOffset = this.window.endOffset - this.atRiskBytes;
    const { cursor, rewind } = this;
    this.options.journal.confirm(cursor, { from: rewind.unreadFrom(cursor), resendFrom: rewind.resendFrom(cursor) });
    this.options.listener.advanced();
  }

  /** Lets go of frames at the front of the window that are not needed there. */
  #trim(): void {
    const { window } = this;
    for (let run = window.front; run !== undefined && this.#pressure.mayDrop(run); run = window.front) {
      window.dropFront();
    }
  }
}
