/**
 * The journal beside a plain map of what it was given, through failures, kills
 * and power losses.
 *
 * A frame must survive a power loss with `sync = "each"` from its append on,
 * with "interval" from the next interval that passed without a failure, with
 * "os" from a clean stop; and whatever is found after one must survive the next.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles, type Operation } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import type { Run } from "../../../src/base/run.ts";
import type { Damage, Journal, JournalOptions, JournalReader, SyncPolicy } from "../../../src/journal/journal.ts";
import { FrameBook } from "./frame_book.ts";
import { type Delivered, follow, ManualClock, open, pool, readAll, run } from "./rig.ts";

/** How often things happened, in all runs. */
export interface Figures {
  appended: number;
  delivered: number;
  faults: number;
  kills: number;
  powerLosses: number;
  /** Frames that a power loss took, none of which was to survive it. */
  taken: number;
}

export interface ModelOptions extends Partial<JournalOptions> {
  readonly sync: SyncPolicy;
  readonly syncIntervalMs: number;
}

export class Model {
  files = new MemoryFiles();
  clock = new ManualClock();
  journal!: Journal;
  confirmed = 0;
  readonly #book = new FrameBook();
  #attempt = 0;
  #salts = 0;
  #lostPower = false;
  /** A kill that comes in the middle of something takes the power with it, in this way. */
  #doomSeed: number | undefined;
  #faults = 0;
  #syncFailed = false;
  #damages: Damage[] = [];
  #reader!: JournalReader;

  constructor(private readonly options: ModelOptions, private readonly figures: Figures) {}

  /** Opens the journal on what is there. */
  async start(powerLost = false): Promise<void> {
    this.clock = new ManualClock();
    const failedBefore = this.#syncFailed;
    const faults = this.#faults;
    powerLost = await this.#open(powerLost);
    const healthy = faults === this.#faults && !failedBefore;
    this.#syncFailed = false;
    this.#damages = [];
    this.#reader = this.journal.reader(pool(1000));
    this.journal.onDamage = (damage) => this.#damages.push(damage);
    const delivered = await this.#undisturbed(() => readAll(this.journal));
    this.#checkCounts(delivered);
    this.#reconcile(delivered, powerLost);
    if (healthy && this.options.sync !== "os") this.#book.claim(this.#book.sequences);
    this.#book.giveUpRest();
    this.#checkReports();
  }

  /** A failure or a crash may be due at the opening itself. Returns whether power was lost since the last start. */
  async #open(powerLost: boolean): Promise<boolean> {
    for (let tries = 0;; tries++) {
      try {
        this.journal = await open(this.files, { ...this.options, clock: this.clock, randomBytes: this.#salt });
        return powerLost;
      } catch (error) {
        if (tries > 4) throw error;
        if (this.files.crashed) powerLost = this.#findSurvivors() || powerLost;
        this.files.releaseLocks();
      }
    }
  }

  /** No two segments have the same, whatever starts them. */
  readonly #salt = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count).fill(0xa5);
    new DataView(bytes.buffer).setUint32(0, ++this.#salts);
    return bytes;
  };

  async #undisturbed<T>(action: () => Promise<T>): Promise<T> {
    const { plan } = this.files;
    this.files.plan = () => undefined;
    const result = await action();
    this.files.plan = plan;
    return result;
  }

  /** What was pending at the start is delivered, or reported as damaged and counted. */
  #checkCounts(delivered: readonly Delivered[]): void {
    const found = { frames: delivered.length, bytes: delivered.reduce((sum, { text }) => sum + text.length, 0) };
    for (const { counted, frames, payloadBytes } of this.#damages) {
      found.frames += counted ? frames : 0;
      found.bytes += counted ? payloadBytes : 0;
    }
    const { pendingFrames, pendingBytes } = this.journal.recovery;
    assertEquals({ frames: pendingFrames, bytes: pendingBytes }, found, "pending, against delivered and damaged");
  }

  #reconcile(delivered: readonly Delivered[], powerLost: boolean): void {
    const { cursor, end } = this.journal;
    const isReported = (sequence: number) => this.#isReported(sequence);
    const { confirmed } = this;
    this.figures.taken += this.#book.reconcile({ delivered, cursor, end, confirmed, powerLost, isReported });
    this.figures.delivered += delivered.length;
    this.confirmed = Math.max(cursor, Math.min(confirmed, end));
  }

  #isReported(sequence: number): boolean {
    return this.#damages.some(({ from, until }) => from <= sequence && sequence < until);
  }

  /** Nothing is reported as lost that is there, and nothing at all while the power stays. */
  #checkReports(): void {
    if (!this.#lostPower) assertEquals(this.#damages, []);
    const lost = this.#book.sequences.filter((sequence) => this.#isReported(sequence));
    assertEquals(lost, [], "frames that are there and reported as lost");
  }

  async append(sizes: readonly number[], hole: number): Promise<void> {
    const { journal } = this;
    const runs: Run[] = [];
    const texts = new Map<number, string>();
    const attempt = ++this.#attempt;
    let first = journal.end + hole;
    for (const size of sizes) {
      const sequences = Array.from({ length: size }, (_, i) => first + i);
      for (const sequence of sequences) {
        texts.set(sequence, textOf(sequence, attempt));
        this.#book.attempted(sequence, textOf(sequence, attempt));
      }
      runs.push(run(first, sequences.map((each) => texts.get(each)!), this.clock.wallUs() + first * 4000));
      first += size;
    }
    try {
      await journal.append(runs);
    } finally {
      for (const [sequence, text] of texts) {
        if (sequence >= journal.end) break;
        this.figures.appended++;
        this.#book.appended(sequence, text, this.options.sync === "each");
      }
    }
  }

  confirm(share: number): void {
    this.confirmed = Math.max(this.confirmed, Math.round(share * this.journal.end));
    this.journal.confirm(this.confirmed);
  }

  async wait(ms: number): Promise<void> {
    const faults = this.#faults;
    const before = this.#book.sequences;
    await this.clock.advance(ms);
    const { sync, syncIntervalMs } = this.options;
    if (sync === "interval" && ms >= syncIntervalMs && faults === this.#faults && !this.files.crashed) {
      this.#book.claim(before);
    }
  }

  async read(share: number, bufferBytes: number): Promise<void> {
    const { cursor, end } = this.journal;
    const from = cursor + Math.round(share * (end - cursor));
    this.#check(await readAll(this.journal, from, bufferBytes), from);
  }

  /** Everything from `from` on is as it was appended, in order, and nothing is missing. */
  #check(delivered: readonly Delivered[], from: number): void {
    assertEquals(delivered, this.#book.from(from));
    this.#checkReports();
  }

  /** One reader goes on all the time, as the sender's does. */
  async follow(): Promise<void> {
    // Frames behind the cursor may have been unlinked.
    const from = Math.max(this.#reader.position, this.journal.cursor);
    const delivered = await follow(this.#reader);
    if (this.files.crashed) return;
    this.#check(delivered.filter(({ sequence }) => sequence >= from), from);
    assertEquals(this.#reader.position, this.journal.end);
  }

  async rewind(share: number, bytes: number): Promise<void> {
    const { journal } = this;
    const from = Math.round(share * journal.end);
    if (from < journal.cursor) return;
    const found = await journal.locateBack(from, bytes);
    let wanted = from;
    for (let left = bytes; left > 0; wanted--) {
      const text = this.#book.textOf(wanted - 1);
      if (text === undefined) break;
      left -= text.length;
    }
    // Behind the cursor, frames may have been unlinked. A damaged payload is found when it is read.
    if (this.#lostPower) assert(found <= from && Math.max(found, journal.cursor) <= Math.max(wanted, journal.cursor));
    else assertEquals(Math.max(found, journal.cursor), Math.max(wanted, journal.cursor));
  }

  /** The next N operations of this kind fail. */
  fail(operations: readonly Operation[], code: string, written: number, times: number): void {
    let left = times;
    this.files.plan = (operation) => {
      if (left === 0 || !operations.includes(operation)) return undefined;
      left--;
      this.#faults++;
      this.figures.faults++;
      this.#syncFailed ||= operation === "sync" || operation === "syncDirectory";
      return { code, written };
    };
  }

  /** After N more operations the process is killed, or with a seed the power lost. */
  doom(operations: number, written: number, seed: number | undefined): void {
    let left = operations;
    this.#doomSeed = seed;
    this.files.plan = () => {
      if (--left > 0) return undefined;
      this.files.crash();
      return { code: "EKILLED", written };
    };
  }

  async stop(): Promise<void> {
    const faults = this.#faults;
    const frames = this.#book.sequences;
    const closed = await this.journal.close().then(() => true, () => false);
    if (this.files.crashed) return;
    if (closed && faults === this.#faults) this.#book.claim(frames);
    this.files.releaseLocks();
    await this.start();
  }

  crash(seed: number | undefined): void {
    this.#doomSeed = seed;
    this.files.crash();
  }

  /** After a crash: a new process on what is left. */
  async restart(): Promise<void> {
    // What still runs of the old process finds out that it is dead.
    await this.journal.close().catch(() => {});
    await this.start(this.#findSurvivors());
  }

  #findSurvivors(): boolean {
    const seed = this.#doomSeed;
    this.#doomSeed = undefined;
    this.files = seed === undefined ? this.files.afterCrash() : this.files.afterPowerLoss(seeded(seed));
    if (seed === undefined) this.figures.kills++;
    else this.figures.powerLosses++;
    this.#lostPower ||= seed !== undefined;
    return seed !== undefined;
  }

  /** Nobody fails any more: the journal takes frames and gives back all, and a power loss after the stop takes none. */
  async finish(): Promise<void> {
    this.files.plan = () => undefined;
    for (let tries = 0; tries < 3; tries++) await this.append([1], 0).catch(() => {});
    await this.wait(100);
    const { end } = this.journal;
    await this.append([2, 3], 0);
    assertEquals(this.journal.end, end + 5);
    await this.read(0, 65536);
    await this.stop();
    assertEquals(this.journal.recovery.clean, true);
    await this.stop();
    this.crash(end);
    await this.restart();
    await this.journal.close();
  }
}

/** No two attempts write the same; some frames are larger than a record, some than a segment. */
function textOf(sequence: number, attempt: number): string {
  const padding = sequence % 13 === 5 ? 700 : sequence % 41 === 7 ? 2500 : (sequence * 31) % 60;
  return `${sequence}.${attempt}${"x".repeat(padding)}\n`;
}
