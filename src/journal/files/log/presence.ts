/**
 * Finds out whether the file that is written is still the one that its path
 * leads to. A directory may be removed, moved away or covered by a mount while
 * the daemon has it: writes to the open file succeed all the same, and the next
 * process finds nothing of them.
 */
import type { Clock } from "../../../base/clock.ts";
import { failedWith, SpillwayError } from "../../../base/error.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import type { SegmentWriter } from "./segment_writer.ts";
import type { SyncPolicy } from "../../journal.ts";

/** How long the last check holds where a power loss may take what was appended anyway. */
const REFRESH_MS = 250;

export interface PresenceOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly directory: string;
  readonly sync: SyncPolicy;
}

export class Presence {
  #checkedMs = Number.NEGATIVE_INFINITY;
  /** Never unset: lock and cursor are gone as well, and another daemon may have the directory. */
  #gone: SpillwayError | undefined;

  constructor(private readonly options: PresenceOptions) {}

  /** Throws if the files were found gone before. */
  assert(): void {
    if (this.#gone !== undefined) throw this.#gone;
  }

  /** Rejects with a `SpillwayError` if what was written to `writer`'s file is not at its path; with `sync = "each"` it is checked each time. */
  async confirm({ segment, written }: SegmentWriter): Promise<void> {
    const { files, clock, sync } = this.options;
    const nowMs = clock.monotonicMs();
    if (sync !== "each" && nowMs - this.#checkedMs < REFRESH_MS) return;
    this.#checkedMs = nowMs;
    // Only this process writes to it, so its size tells it from any other file.
    const found = await files.stat(segment.path);
    if (found?.size !== written.offset) throw this.#isGone(segment.name);
  }

  /** The error to report for `error`, which may say that the directory is not there. */
  explain(error: unknown): unknown {
    return failedWith(error, "ENOENT") ? this.#isGone("the directory", error) : error;
  }

  #isGone(what: string, cause?: unknown): SpillwayError {
    const { directory } = this.options;
    return this.#gone ??= new SpillwayError(
      `journal ${directory}: removed, moved or mounted over while it is in use: ${what} is not there any more; ` +
        "what stood in it is out of reach, nothing more is appended until a restart",
      { cause },
    );
  }
}
