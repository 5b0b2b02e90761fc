/**
 * Limits what an append may write, and how large a segment may become. The limits
 * are checked before each write; the file system is asked at most every 250 ms or
 * 16 MiB, and an append does not wait for its answer.
 */
import type { Clock } from "../../../base/clock.ts";
import { failedWith, messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import { JournalFullError } from "../../journal.ts";
import type { DirectoryJournalOptions } from "./options.ts";

/** How old an answer of the file system may be, in time and in bytes written since. */
const REFRESH_MS = 250;
const REFRESH_BYTES = 16 * 1024 * 1024;

export interface DiskSpaceOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: string;
  readonly maxBytes: number;
  readonly minFreeBytes: number;
  readonly dropsOldest: boolean;
}

export class DiskSpace {
  #freeBytes = Number.POSITIVE_INFINITY;
  #writtenSince = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #failed = false;

  constructor(private readonly options: DiskSpaceOptions) {}

  /** True if the free space of the file system matters. */
  get isWatched(): boolean {
    return this.options.minFreeBytes > 0 || this.options.dropsOldest;
  }

  /** The size to which the journal can grow, in bytes, as far as is known; it has `journalBytes` now. */
  capacity(journalBytes: number): number {
    const free = journalBytes + this.#freeBytes - this.#writtenSince - this.options.minFreeBytes;
    return this.options.maxBytes > 0 ? Math.min(this.options.maxBytes, free) : free;
  }

  /** As {@link capacity}; where the last answer of the file system is old it is asked again, for the next call. */
  capacityNow(journalBytes: number): number {
    this.#refreshIfStale();
    return this.capacity(journalBytes);
  }

  /** Throws a `JournalFullError` if `bytes` more would break a limit; `journalBytes` is what the segments have now. */
  check(bytes: number, journalBytes: number): void {
    const { directory, maxBytes, minFreeBytes } = this.options;
    this.#refreshIfStale();
    if (maxBytes > 0 && journalBytes + bytes > maxBytes) {
      const message =
        `journal ${directory}: ${journalBytes} bytes, no room for ${bytes} more below max_bytes ${maxBytes}`;
      throw new JournalFullError("max_bytes", message);
    }
    const left = this.#freeBytes - this.#writtenSince;
    if (left - bytes < minFreeBytes) {
      const message = `journal ${directory}: ${left} bytes free, no room for ${bytes} above min_free ${minFreeBytes}`;
      throw new JournalFullError("min_free", message);
    }
  }

  noteWritten(bytes: number): void {
    this.#writtenSince += bytes;
  }

  /** Asks the file system; never rejects. One question at a time. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
    return this.#asking;
  }

  #refreshIfStale(): void {
    const isOld = this.options.clock.monotonicMs() - this.#askedMs >= REFRESH_MS;
    if (this.isWatched && (isOld || this.#writtenSince >= REFRESH_BYTES)) void this.refresh();
  }

  async #ask(): Promise<void> {
    const { files, clock, log, directory } = this.options;
    this.#askedMs = clock.monotonicMs();
    const before = this.#writtenSince;
    try {
      this.#freeBytes = await files.freeBytes(directory);
      this.#failed = false;
    } catch (error) {
      // Without an answer appends go on: a write to a full disk fails by itself.
      this.#freeBytes = Number.POSITIVE_INFINITY;
      if (!this.#failed) log.say("free_space_unknown", { error: messageOf(error) });
      this.#failed = true;
    }
    this.#writtenSince -= before;
  }
}

/** A `JournalFullError` for an error that means no space or a limit of the file's size; any other error as it is. */
export function asFull(error: unknown): unknown {
  return failedWith(error, "ENOSPC", "EDQUOT", "EFBIG") ? new JournalFullError(error.code, error.message) : error;
}

/** A full journal frees space segment by segment: at least this many fit into it. */
const SEGMENTS_AT_LEAST = 8;

/** If free space limits the journal, a segment is no smaller than this. */
const SEGMENT_BYTES_MIN = 64 * 1024;

/** Size at which the next segment is sealed, in bytes; `journalBytes` is the size of all segments now. */
export function segmentBytesFor(options: DirectoryJournalOptions, room: DiskSpace, journalBytes: number): number {
  const { maxBytes, segmentBytes, dropsOldest } = options;
  const share = (bytes: number) => Math.floor(bytes / SEGMENTS_AT_LEAST);
  const quota = maxBytes > 0 ? share(maxBytes) : Number.POSITIVE_INFINITY;
  if (!dropsOldest) return Math.min(segmentBytes, quota);
  return Math.min(segmentBytes, quota, Math.max(SEGMENT_BYTES_MIN, share(room.capacity(journalBytes))));
}
