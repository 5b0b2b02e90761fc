/**
 * The journal in a directory: the writing side, readers and the cursor behind
 * the contract that the spool sees. `journal.ts` has the promises, FORMAT.md
 * the bytes.
 */
import type { BufferPool } from "../../../base/buffer.ts";
import type { Tally } from "../../../base/ledger.ts";
import type { Run } from "../../../base/run.ts";
import { RESERVE_MS, type StopDeadline } from "../../../base/stop_deadline.ts";
import type { File } from "../../../runtime/files.ts";
import { AppendLog, type AppendLogParts } from "./append_log.ts";
import { ArrivalTimes } from "../catalog/arrival_times.ts";
import type { DamageLog } from "../catalog/damage_log.ts";
import { IntervalSync } from "./sync_policies.ts";
import { locateBack } from "../catalog/rewind_point.ts";
import { countFrames } from "../catalog/count_pending.ts";
import { Housekeeping } from "./housekeeping.ts";
import { HousekeepingRequests } from "./housekeeping_requests.ts";
import { Reader } from "./reader.ts";
import { DiskSpace } from "./space.ts";
import { syncParents } from "../directory/sync_parents.ts";
import type { Damage, Journal, JournalReader, JournalUsage, Recovery, Unread } from "../../journal.ts";

/** A journal as it was recovered, with its lock held. */
export interface RecoveredJournal extends Omit<AppendLogParts, "diskSpace" | "requests"> {
  readonly lock: File;
  readonly damages: DamageLog;
  readonly recovery: Recovery;
}

export class DirectoryJournal implements Journal {
  readonly recovery: Recovery;
  readonly #opened: RecoveredJournal;
  readonly #diskSpace: DiskSpace;
  readonly #log: AppendLog;
  readonly #housekeeping: Housekeeping;
  readonly #intervalSync: IntervalSync | undefined;
  /** Those that are not closed. */
  readonly #readers = new Set<Reader>();
  readonly #arrivals: ArrivalTimes;
  #closed: Promise<void> | undefined;

  private constructor(opened: RecoveredJournal) {
    const { options, segments, cursor } = this.#opened = opened;
    this.recovery = opened.recovery;
    this.#diskSpace = new DiskSpace(options);
    const requests = new HousekeepingRequests();
    const log = this.#log = new AppendLog({ ...opened, diskSpace: this.#diskSpace, requests });
    this.#housekeeping = new Housekeeping(options, segments, cursor, requests, {
      freeNewest: (sequence, mayTruncate) => log.freeNewest(sequence, mayTruncate),
      beforeUnlink: (segment) => {
        for (const reader of this.#readers) reader.release(segment);
      },
    });
    this.#arrivals = new ArrivalTimes(options.files, segments);
    if (options.sync === "interval") this.#intervalSync = new IntervalSync(options, log);
  }

  /** Writes the first, unclean cursor and begins housekeeping. */
  static async start(recovered: RecoveredJournal): Promise<DirectoryJournal> {
    const journal = new DirectoryJournal(recovered);
    await journal.#housekeeping.start();
    if (journal.#diskSpace.isWatched) await journal.#diskSpace.refresh();
    return journal;
  }

  get end(): number {
    return this.#log.end;
  }

  get cursor(): number {
    return this.#housekeeping.cursor;
  }

  get onDamage(): (damage: Damage) => void {
    return this.#opened.damages.listener;
  }

  set onDamage(listener: (damage: Damage) => void) {
    this.#opened.damages.listener = listener;
  }

  async append(runs: readonly Run[]): Promise<void> {
    this.#assertOpen();
    await this.#log.append(runs, false);
  }

  async appendLast(runs: readonly Run[]): Promise<void> {
    this.#assertOpen();
    await this.#log.append(runs, true);
  }

  get unreadFrom(): number {
    return this.#housekeeping.unreadFrom;
  }

  confirm(sequence: number, unread: Unread = { from: sequence, resendFrom: sequence }): void {
    this.#housekeeping.confirm(sequence, unread);
  }

  boundRisk(bytes: number): Promise<void> {
    return this.#housekeeping.boundRisk(bytes);
  }

  async usage(): Promise<JournalUsage> {
    const { segments, quarantine } = this.#opened;
    await this.#housekeeping.followCompaction();
    const capacity = this.#diskSpace.capacityNow(segments.bytes);
    return {
      bytes: segments.bytes,
      segments: segments.length,
      capacityBytes: Number.isFinite(capacity) ? Math.max(0, capacity) : undefined,
      quarantinedBytes: quarantine.bytes,
    };
  }

  async freeRetained(): Promise<boolean> {
    // The only segment is not kept for anything.
    return this.#opened.segments.length > 1 && await this.#housekeeping.unlinkRetained();
  }

  oldestDroppable(): number | undefined {
    const { segments } = this.#opened;
    const segment = segments.all.find((each) => !each.empty && each.end > this.cursor);
    if (segment === undefined || segment === segments.newest) return undefined;
    return Math.min(segment.end, segments.endBeforeLater(segment));
  }

  async count(from: number, until: number): Promise<Tally> {
    const { options, segments, damages } = this.#opened;
    return await countFrames(options.files, segments, damages, from, until);
  }

  async dropBelow(until: number): Promise<void> {
    await this.#housekeeping.unlinkBelow(until);
    await this.#diskSpace.refresh();
  }

  quarantine(sequence: number, frame: Uint8Array): Promise<string> {
    return this.#opened.quarantine.keepFrame(sequence, frame);
  }

  reader(pool: BufferPool): JournalReader {
    const { options, segments, quarantine, damages, end } = this.#opened;
    const context = { files: options.files, segments, quarantine, damages, end: () => this.end, openedAt: end };
    const reader = new Reader(context, pool, this.cursor, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }

  locateBack(sequence: number, bytes: number): Promise<number> {
    return locateBack(this.#opened.options.files, this.#opened.segments, sequence, bytes);
  }

  arrivalOf(sequence: number): Promise<number | undefined> {
    return this.#arrivals.of(sequence);
  }

  firstSince(sequence: number, us: number): Promise<number | undefined> {
    return this.#arrivals.firstSince(sequence, us);
  }

  close(deadline?: StopDeadline): Promise<void> {
    return this.#closed ??= this.#close(deadline);
  }

  async #close(deadline: StopDeadline | undefined): Promise<void> {
    const { options, lock } = this.#opened;
    const failures: unknown[] = [];
    const inTime = async (work: Promise<unknown>, reserveMs = 0) => {
      const guarded = work.catch((error) => failures.push(error));
      if (deadline !== undefined) return await deadline.inTime(guarded, reserveMs);
      await guarded;
      return true;
    };
    const isSynced = await inTime(this.#finishLog(deadline), RESERVE_MS.sync);
    if (!isSynced) options.log.say("sync_unfinished");
    // A second sync would only take another of the runtime's few threads.
    const closing = this.#housekeeping.close(failures.length === 0, isSynced ? { deadline } : "unsynced");
    if (!await inTime(closing)) {
      this.#housekeeping.abandon();
      failures.push(new Error("the disk does not take the cursor"));
    }
    if (options.sync === "os" && isSynced) await inTime(syncParents(options.files, options.directory));
    lock.close();
    if (failures.length > 0) throw failures[0];
  }

  async #finishLog(deadline: StopDeadline | undefined): Promise<void> {
    await this.#intervalSync?.stop();
    await this.#log.finish(deadline);
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new Error("append to a closed journal");
  }
}
