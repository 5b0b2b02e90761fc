/**
 * Opens a journal: takes the lock, looks at everything, decides, and only then
 * changes something. What was decided and cannot be carried out (a disk that is
 * full or read-only) is logged, and the journal works without it.
 */
import { messageOf } from "../../../base/error.ts";
import type { File, WritableFile } from "../../../runtime/files.ts";
import { add } from "../../../base/ledger.ts";
import { CursorFile } from "../directory/cursor_file.ts";
import { riskOf } from "../format/cursor.ts";
import { DamageLog } from "../catalog/damage_log.ts";
import { DamagedTails } from "../catalog/damaged_tails.ts";
import { notedIn } from "../catalog/fallback_cursor.ts";
import { encodeFooter, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { findLeftovers } from "../directory/leftovers.ts";
import { explainOpening, mustBeThere } from "./explain_opening.ts";
import { DirectoryJournal } from "./directory_journal.ts";
import { lockJournal } from "../directory/lock.ts";
import { countPending } from "../catalog/count_pending.ts";
import { Quarantine } from "../directory/quarantine.ts";
import { decideCursor, decideLast, type LastAction } from "../catalog/recovery.ts";
import { Segment } from "../segment/segment.ts";
import { SegmentList } from "../catalog/segment_list.ts";
import { isCompressed, openSegment } from "../segment/segment_files.ts";
import { footerOf, type RecordTally, tallyRecords } from "../segment/tally_records.ts";
import { type SegmentSurvey, unreadableEnd } from "../segment/survey.ts";
import { type JournalSurvey, surveyJournal } from "../directory/survey_journal.ts";
import { syncParents } from "../directory/sync_parents.ts";
import type { Journal } from "../../journal.ts";
import type { DirectoryJournalOptions } from "./options.ts";
import { WrittenCursor } from "./written_cursor.ts";

/**
 * Opens the journal in `options.directory`, making the directory unless
 * `options.create` is false. Rejects with a `SpillwayError` if another process has it (exit code 75),
 * if a file is of a newer format version, or if permissions are missing.
 */
export async function openJournal(options: DirectoryJournalOptions): Promise<Journal> {
  let lock: File | undefined;
  try {
    if (!options.create) await mustBeThere(options);
    await options.files.makeDirectory(options.directory);
    if (options.sync !== "os") await syncParents(options.files, options.directory);
    lock = await lockJournal(options.files, options.directory, options.holder, { retention: options });
    return await new Opening(options).open(lock);
  } catch (error) {
    lock?.close();
    throw explainOpening(error, options);
  }
}

class Opening {
  readonly #segments = new SegmentList();
  readonly #quarantine: Quarantine;
  readonly #damages: DamageLog;
  readonly #tails = new DamagedTails();
  #truncatedBytes = 0;
  /** Sequences below this are not used again. */
  #end = 0;
  /** Sequence after the last frame on disk, or after the damaged ones behind it. */
  #previousEnd = 0;
  #newestNoted: number | undefined;
  /** The newest segment, where all frames that it had are cut off with its damaged tail. */
  #emptied: Segment | undefined;

  constructor(private readonly options: DirectoryJournalOptions) {
    this.#quarantine = new Quarantine(options.files, options.log, options.directory);
    this.#damages = new DamageLog(options.log);
  }

  async open(lock: File): Promise<Journal> {
    const { files, directory, log, framer } = this.options;
    const survey = await surveyJournal(files, directory, framer);
    await this.#setLeftoversAside();
    for (const each of survey.misnamed) await this.#setMisnamedAside(each);
    await this.#recoverSegments(survey);
    if (this.options.sync !== "os") await this.#syncNewest();
    const { cursor, from } = this.#decideCursor(survey);
    this.#end = Math.max(this.#end, cursor);
    const pending = await countPending(files, this.#segments, cursor, survey.segments);
    const cutOff = this.#tails.report(this.#damages, this.#segments.all, cursor);
    add(pending, cutOff.frames, cutOff.bytes);
    const state = survey.cursor.kind === "valid" ? survey.cursor.state : undefined;
    const fresh = survey.cursor.kind === "absent" && survey.segments.length === 0;
    if (!fresh && from !== "slot") log.say("cursor_unusable", { from, cursor });
    if (survey.cursor.kind === "valid" && !survey.cursor.newest) {
      log.say("cursor_half", { cursor });
    }
    const file = new CursorFile(
      files,
      directory,
      `${directory}/cursor`,
      survey.cursor.kind === "valid" ? survey.cursor.generation : 0,
    );
    const unreadFrom = state === undefined ? cursor : Math.min(cursor, state.cursor - state.resendFrames);
    return await DirectoryJournal.start({
      options: this.options,
      lock,
      segments: this.#segments,
      quarantine: this.#quarantine,
      damages: this.#damages,
      cursor: new WrittenCursor(file, cursor, unreadFrom),
      end: this.#end,
      previousEnd: this.#previousEnd,
      recovery: {
        clean: fresh || (state?.clean ?? false),
        atRiskBytes: fresh ? 0 : riskOf(survey.cursor),
        unreadFrames: state === undefined || state.clean ? 0 : state.unreadFrames - state.resendFrames,
        pendingFrames: pending.frames,
        pendingBytes: pending.bytes,
        truncatedBytes: this.#truncatedBytes,
      },
    });
  }

  async #setLeftoversAside(): Promise<void> {
    const { files, directory } = this.options;
    const { unfinished } = await findLeftovers(files, directory);
    for (const name of unfinished) {
      await this.#attempt("move to quarantine", name, () => this.#quarantine.setAside(`${directory}/${name}`));
    }
  }

  /** The next sequence is no matter of such a file; there would be none behind it. */
  async #setMisnamedAside({ path, size: bytes }: SegmentSurvey): Promise<void> {
    this.options.log.say("segment_misnamed", { path, bytes });
    await this.#attempt("move to quarantine", path, () => this.#quarantine.setAside(path));
    this.#tails.add({ path, offset: 0, bytes, end: 0, lost: [] });
  }

  async #recoverSegments(survey: JournalSurvey): Promise<void> {
    const surveys = [...survey.segments];
    const found: Segment[] = [];
    while (found.length === 0 && surveys.length > 0) {
      const last = await this.#recoverLast(surveys.pop()!);
      if (last !== undefined) found.push(last);
    }
    // From the newest to the oldest: what a later segment has again does not count in an earlier one.
    for (const earlier of surveys.toReversed()) found.push(await this.#earlier(earlier, found, survey));
    for (const segment of found.reverse()) {
      this.#segments.add(segment);
      this.#end = Math.max(this.#end, segment.end);
      if (!segment.empty) this.#previousEnd = Math.max(this.#previousEnd, segment.end);
    }
    for (const segment of surveys.toReversed()) this.#newestNoted ??= notedIn(segment);
  }

  /** What a killed process has written and not synced counts from now on: up to the newest segment with frames. */
  async #syncNewest(): Promise<void> {
    const { files, directory } = this.options;
    const { all } = this.#segments;
    const from = Math.max(0, all.findLastIndex((segment) => !segment.empty));
    for (const { path } of all.slice(from)) {
      await this.#attempt("sync", path, async () => {
        const file = await files.open(path, "update");
        await file.sync().finally(() => file.close());
      });
    }
    await this.#attempt("sync the names of", directory, () => files.syncDirectory(directory));
  }

  /** An earlier segment, judged by its footer; by its record headers if it has none and may be needed. */
  async #earlier(found: SegmentSurvey, later: readonly Segment[], survey: JournalSurvey): Promise<Segment> {
    const segment = recovered(found);
    const endBeforeLater = later.findLast((each) => each.hasRecords)?.base ?? Number.POSITIVE_INFINITY;
    const cursor = survey.cursor.kind === "valid" ? survey.cursor.state.cursor : 0;
    if (found.marks === undefined) {
      segment.end = unreadableEnd(found, later[later.length - 1].base);
    } else if (found.footer !== undefined && found.footer.end <= endBeforeLater) {
      segment.end = found.footer.end;
      segment.setContents(found.footer);
    } else if (cursor >= endBeforeLater) {
      segment.end = endBeforeLater;
    } else {
      const tally = await using(
        openSegment(this.options.files, found.path),
        (file) => tallyRecords(file, found, false, endBeforeLater),
      );
      segment.end = tally.claimedEnd;
      segment.setContents(tally);
    }
    return segment;
  }

  /** The newest segment: undefined if it was set aside. */
  async #recoverLast(found: SegmentSurvey): Promise<Segment | undefined> {
    const tally = found.footer === undefined
      ? await using(openSegment(this.options.files, found.path), (file) => tallyRecords(file, found, true))
      : undefined;
    const action = decideLast({
      head: found.header === undefined ? "damaged" : "whole",
      records: (tally?.records ?? found.footer!.records) > 0 ? "some" : "none",
      tail: tally?.tail ?? "none",
      footer: found.footer === undefined ? "absent" : "whole",
    });
    this.#end = Math.max(this.#end, found.base, tally?.claimedEnd ?? 0);
    // A segment without records says where the last one ended; its own base may lie behind a hole.
    const records = tally?.claimedEnd ?? found.footer!.end;
    this.#previousEnd = Math.max(this.#previousEnd, records > found.base ? records : found.header?.previousEnd ?? 0);
    this.#newestNoted ??= tally?.cursor ?? notedIn(found);
    if (action.setAside) {
      await this.#attempt("move to quarantine", found.path, () => this.#quarantine.setAside(found.path));
      // A header cut short is what a kill leaves; with more behind it, there have been frames.
      const { path, size, base } = found;
      const { lost } = tally ?? { lost: [] };
      if (size > SEGMENT_HEADER_BYTES || lost.length > 0) {
        this.#tails.add({ path, offset: 0, bytes: size, end: base, lost });
      }
      return undefined;
    }
    const segment = recovered(found);
    // What is damaged and stays is the reader's to report, and belongs to the segment until then.
    const isCut = action.truncate && !isCompressed(found.path);
    segment.end = (isCut ? tally?.end : tally?.claimedEnd) ?? found.footer!.end;
    if (segment.empty && records > segment.base) this.#emptied = segment;
    segment.setContents(found.footer ?? tally!);
    if (tally !== undefined && !isCompressed(found.path)) await this.#repairLast(found, segment, tally, action);
    return segment;
  }

  async #repairLast(found: SegmentSurvey, segment: Segment, tally: RecordTally, action: LastAction): Promise<void> {
    if (action.truncate) segment.limit = tally.offset;
    const excess = found.size - tally.offset;
    await this.#attempt(
      "repair the tail of",
      found.path,
      () =>
        using(this.options.files.open(found.path, "update"), async (file) => {
          if (action.quarantineTail) await this.#quarantine.copy(segment.name, file, tally.offset, excess);
          if (action.truncate) {
            await file.truncate(tally.offset);
            segment.bytes = tally.offset;
            this.#truncatedBytes += excess;
          }
          if (action.seal) segment.bytes += await seal(file, found, tally);
        }),
    );
    const { offset, end, lost } = tally;
    if (action.quarantineTail) this.#tails.add({ path: found.path, offset, bytes: excess, end, lost });
  }

  #decideCursor(survey: JournalSurvey): { cursor: number; from: string } {
    const oldest = this.#segments.all.find((segment) => !segment.empty || segment === this.#emptied);
    const decision = decideCursor({
      found: survey.cursor,
      newestNoted: this.#newestNoted,
      oldestBase: oldest?.base,
    });
    const header = survey.segments.find((segment) => segment.base === oldest?.base)?.header;
    const slot = survey.cursor.kind === "valid" && survey.cursor.newest ? survey.cursor.state.cursor : decision.cursor;
    const until = Math.min(header?.previousEnd ?? 0, oldest?.base ?? 0);
    if (oldest !== undefined && slot < until) {
      // Segments between the cursor and the oldest one are gone, and not by our hand.
      this.#damages.report({
        segment: oldest.name,
        offset: 0,
        bytes: 0,
        from: slot,
        until,
        frames: until - slot,
        payloadBytes: 0,
        counted: false,
      });
    }
    return decision;
  }

  async #attempt(what: string, path: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.options.log.say("recovery_step_failed", { step: what, path, error: messageOf(error) });
    }
  }
}

/** A segment of the past, of which nothing is counted yet. */
function recovered(found: SegmentSurvey): Segment {
  const segment = new Segment(found);
  segment.measure(found);
  return segment;
}

async function seal(file: WritableFile, found: SegmentSurvey, tally: RecordTally): Promise<number> {
  const footer = encodeFooter(footerOf(found.base, tally, found.header!.cursor), found.marks!.footer);
  await file.writeAt([footer], tally.offset);
  return footer.length;
}

/** Closes the file when `use` has ended. */
async function using<Opened extends File, T>(opening: Promise<Opened>, use: (file: Opened) => Promise<T>): Promise<T> {
  const file = await opening;
  try {
    return await use(file);
  } finally {
    file.close();
  }
}
