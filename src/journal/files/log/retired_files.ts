/**
 * Segment files that nothing more is written to, and what is still to be done
 * with them: frames whose sync failed are to be copied, files without a frame
 * must not hide newer ones, and what was left to the operating system is synced
 * at a clean stop.
 */
import type { StopDeadline } from "../../../base/stop_deadline.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import type { Quarantine } from "../directory/quarantine.ts";
import type { Segment } from "../segment/segment.ts";
import type { DirectoryJournalOptions } from "./options.ts";
import type { SegmentWriter } from "./segment_writer.ts";
import { syncSegments } from "./sync_policies.ts";

export class RetiredFiles {
  /**
   * With `sync = "interval"`: its frames are appended and its sync has failed.
   * They are copied to another file before anything else is written.
   */
  #unsynced: SegmentWriter | undefined;
  /** Files in which no frame counts, by path: their first write or sync failed. */
  readonly #empty = new Map<string, Segment>();
  /** With `sync = "os"`: files with frames, synced at a clean stop. */
  readonly #leftToSystem: Segment[] = [];

  constructor(private readonly options: DirectoryJournalOptions, private readonly quarantine: Quarantine) {}

  /** The file whose frames have to be copied; it is still open. */
  get unsynced(): SegmentWriter | undefined {
    return this.#unsynced;
  }

  /** Nothing more is written to this file. It is closed, unless its frames have to be copied first. */
  async add(writer: SegmentWriter): Promise<void> {
    const { segment, synced } = writer;
    const { sync } = this.options;
    if (sync === "interval" && segment.end > synced.end) {
      if (this.#unsynced !== undefined) throw new Error("a second file is to be copied before the first one was");
      this.#unsynced = writer;
    } else {
      await writer.close();
    }
    if (segment.empty) this.#empty.set(segment.path, segment);
    else if (sync === "os") this.#leftToSystem.push(segment);
  }

  /** The frames of `unsynced` are in another file, which is in place. */
  noteCopied(): void {
    this.#unsynced = undefined;
  }

  /**
   * Before a segment begins at `base`: files without a frame that look newer go
   * to quarantine. `end` is that of the journal.
   */
  async setEmptyAside(base: number, end: number): Promise<void> {
    for (const [path, segment] of this.#empty) {
      const looksNewer = segment.base > base && await this.options.files.stat(path) !== undefined;
      if (looksNewer) await this.quarantine.setAside(path);
      // A file that begins after the journal's end may look newer than a later segment.
      if (looksNewer || segment.base <= end) this.#empty.delete(path);
    }
  }

  async close(): Promise<void> {
    await this.#unsynced?.close();
    this.#unsynced = undefined;
  }

  /** At a clean stop: syncs those of the files left to the operating system that are still in the journal. */
  async sync(segments: SegmentList, deadline: StopDeadline | undefined): Promise<void> {
    await syncSegments(this.options, this.#leftToSystem.filter((each) => segments.all.includes(each)), deadline);
  }
}
