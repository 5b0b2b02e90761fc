/**
 * Compacts one journal, beside a running daemon or without one: removes delivered
 * segments whose time is over, merges small ones, and compresses the rest. If it is
 * killed at any moment, nothing is lost and the next run goes on.
 */
import type { Clock } from "../../../base/clock.ts";
import { EXIT, failedWith, messageOf, SpillwayError, SystemError } from "../../../base/error.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import { type CompactionPolicy, planCompaction } from "./plan.ts";
import { rewriteGroup, type RewriteOptions } from "./rewrite.ts";
import { type CompactionSegment, type JournalFacts, surveyForCompaction } from "./survey.ts";
import { COMPACTION_WAIT_MS, waitForFilesLock } from "../directory/files_lock.ts";
import { findLeftovers, originalOf } from "../directory/leftovers.ts";
import { lockCompaction } from "../directory/lock.ts";
import { isCompressed, unlinkIfThere } from "../segment/segment_files.ts";
import { DamagedSegmentError } from "./segment_parts.ts";

export interface CompactionOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  /** 8 random bytes for a merged segment. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly directory: string;
  /** The holder that is noted in the lock file, for messages of other processes. */
  readonly holder: string;
  readonly policy: CompactionPolicy;
  /** Change nothing, and report what would be done. */
  readonly dryRun: boolean;
  /** Called with the bytes of segments rewritten so far, and of all that are to be. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A number of segments, and their bytes on disk. */
export interface Amount {
  segments: number;
  bytes: number;
}

export interface CompactionReport {
  readonly removed: Amount;
  /** Segments that were merged or compressed; with `dryRun`, that would be. */
  readonly rewritten: Amount;
  /** The segments that these became. */
  readonly into: Amount;
  /** Segments that are left as they are because compression gains nothing. */
  readonly incompressible: Amount;
  readonly segmentsBefore: number;
  readonly bytesBefore: number;
  readonly segmentsAfter: number;
  readonly bytesAfter: number;
  /** What is wrong: one sentence each, with the file's name. */
  readonly warnings: readonly string[];
}

/**
 * Rejects with a `SpillwayError`, exit code 75, if a compaction of this journal
 * is running, and for a file of a newer version. Failures with single segments are
 * warnings in the report.
 */
export async function compactJournal(options: CompactionOptions): Promise<CompactionReport> {
  if (options.dryRun) return await new Compaction(options).run();
  const lock = await lockCompaction(options.files, options.directory, options.holder);
  try {
    return await new Compaction(options).run();
  } finally {
    lock.close();
  }
}

class Compaction {
  readonly #removed: Amount = { segments: 0, bytes: 0 };
  readonly #rewritten: Amount = { segments: 0, bytes: 0 };
  readonly #into: Amount = { segments: 0, bytes: 0 };
  readonly #incompressible: Amount = { segments: 0, bytes: 0 };
  readonly #warnings: string[] = [];
  #done = 0;
  #total = 0;

  constructor(private readonly options: CompactionOptions) {}

  async run(): Promise<CompactionReport> {
    const { files, directory, clock, policy, dryRun } = this.options;
    if (!dryRun) await this.#removeLeftovers();
    const facts = await surveyForCompaction(files, directory);
    const { segments, cursor = 0, bytes } = facts;
    const plan = planCompaction({ segments, cursor, journalBytes: bytes, nowUs: clock.wallUs(), policy });
    this.#total = plan.groups.flat().reduce((sum, each) => sum + each.bytes, 0);
    if (dryRun) {
      for (const segment of plan.remove) add(this.#removed, segment);
      for (const segment of plan.groups.flat()) add(this.#rewritten, segment);
      return this.#report(facts);
    }
    if (plan.remove.length + plan.groups.length > 0) await this.#syncCursor();
    await this.#remove(plan.remove);
    for (const group of plan.groups) if (!await this.#rewrite(group)) break;
    this.#noteDamaged(facts, plan.remove);
    return this.#report(facts);
  }

  #report({ newest, bytes, segments }: JournalFacts): CompactionReport {
    const removed = this.#removed;
    const rewritten = this.#rewritten;
    const into = this.#into;
    const before = segments.length + newest;
    const { dryRun } = this.options;
    return {
      removed,
      rewritten,
      into,
      incompressible: this.#incompressible,
      segmentsBefore: before,
      bytesBefore: bytes,
      segmentsAfter: before - removed.segments - (dryRun ? 0 : rewritten.segments - into.segments),
      bytesAfter: bytes - removed.bytes - (dryRun ? 0 : rewritten.bytes - into.bytes),
      warnings: this.#warnings,
    };
  }

  /** Removes what a killed compaction has left: an unfinished file, or a compressed one beside its original. */
  async #removeLeftovers(): Promise<void> {
    const { files, directory } = this.options;
    const { spare, compaction } = await findLeftovers(files, directory);
    const compressed = spare.filter(isCompressed);
    if (compressed.length + compaction.length === 0) return;
    await this.#withFilesLock(async () => {
      for (const name of compaction) await unlinkIfThere(files, `${directory}/${name}`);
      for (const name of compressed) {
        // The daemon may remove the original at any time, but not now: one of the two must stay.
        const isOriginalThere = await files.stat(`${directory}/${originalOf(name)}`) !== undefined;
        if (isOriginalThere) await unlinkIfThere(files, `${directory}/${name}`);
      }
      await files.syncDirectory(directory);
    });
  }

  /** Done before anything is unlinked: after a power loss the cursor must not point below what was removed. */
  async #syncCursor(): Promise<void> {
    const { files, directory } = this.options;
    const file = await files.open(`${directory}/cursor`, "update");
    try {
      await file.sync();
    } finally {
      file.close();
    }
    await files.syncDirectory(directory);
  }

  async #remove(segments: readonly CompactionSegment[]): Promise<void> {
    const { files, directory } = this.options;
    if (segments.length === 0) return;
    await this.#withFilesLock(async () => {
      for (const segment of segments) {
        await unlinkIfThere(files, segment.survey.path);
        add(this.#removed, segment);
      }
      await files.syncDirectory(directory);
    });
  }

  async #withFilesLock(action: () => Promise<void>): Promise<void> {
    const { files, clock, directory } = this.options;
    const lock = await waitForFilesLock(files, directory, clock, COMPACTION_WAIT_MS);
    if (lock === undefined) {
      throw new SpillwayError(
        `journal ${directory}: files.lock is held by another process for ${COMPACTION_WAIT_MS} ms`,
        {
          hint: "try again; if it stays so, look for a spillway that is stopped (SIGSTOP)",
          exit: EXIT.busy,
        },
      );
    }
    try {
      await action();
    } finally {
      lock.close();
    }
  }

  /** False if the other groups would fail too. */
  async #rewrite(group: readonly CompactionSegment[]): Promise<boolean> {
    const options: RewriteOptions = this.options;
    try {
      const result = await rewriteGroup(options, group);
      this.#done += group.reduce((sum, { bytes }) => sum + bytes, 0);
      this.options.onProgress?.(this.#done, this.#total);
      if (result.kind === "incompressible") add(this.#incompressible, group[0]);
      if (result.kind === "busy") this.#warnings.push(`${this.options.directory}/files.lock: held by another process`);
      if (result.kind !== "done") return result.kind !== "busy";
      for (const segment of group) add(this.#rewritten, segment);
      this.#into.segments++;
      this.#into.bytes += result.bytes;
      return true;
    } catch (error) {
      if (error instanceof DamagedSegmentError) return await this.#rewriteAround(group, error);
      if (!(error instanceof SystemError || error instanceof SpillwayError)) throw error;
      // The daemon may have removed a file of this group. Other errors concern the next group too.
      if (failedWith(error, "ENOENT")) return true;
      this.#warnings.push(`${group[0].survey.path}: not compressed: ${messageOf(error)}`);
      return false;
    }
  }

  /** Rewrites the segments before and after the damaged one. */
  async #rewriteAround(group: readonly CompactionSegment[], damage: DamagedSegmentError): Promise<boolean> {
    this.#warnings.push(`${damage.message}, left as it is; see spillway verify and repair`);
    const index = group.findIndex(({ survey }) => survey.path === damage.path);
    for (const part of [group.slice(0, index), group.slice(index + 1)]) {
      const isWork = part.length > 1 || part.some(({ compressed }) => !compressed);
      if (isWork && !await this.#rewrite(part)) return false;
    }
    return true;
  }

  /** Warns of segments whose header or footer is damaged. An empty file has neither, and repair has nothing to do there. */
  #noteDamaged({ segments, cursor = 0, cursorDamaged }: JournalFacts, removed: readonly CompactionSegment[]): void {
    if (cursorDamaged) {
      const path = `${this.options.directory}/cursor`;
      this.#warnings.push(`${path}: damaged, what is delivered is not known; see spillway verify and repair`);
    }
    for (const { survey, end, compressed } of segments.slice(removed.length)) {
      if (end > cursor) return;
      const { header, footer, fileBytes } = survey;
      const isDamaged = fileBytes > 0 && (header === undefined || compressed && footer === undefined);
      if (isDamaged) this.#warnings.push(`${survey.path}: damaged, left as it is; see spillway verify and repair`);
    }
  }
}

function add(amount: Amount, { fileBytes }: CompactionSegment): void {
  amount.segments++;
  amount.bytes += fileBytes;
}
