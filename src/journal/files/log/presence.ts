/**
 * Is the file that is written still the one that its path leads to? A directory
 * that is removed, moved away or covered by a mount while the daemon has it
 * takes no write back: the open file takes them all, and nobody finds them.
 */
import type { Clock } from "../../../base/clock.ts";
import { failedWith, SpillwayError } from "../../../base/error.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import type { SegmentWriter } from "./segment_writer.ts";
import type { SyncPolicy } from "../../journal.ts";

/** How old the last look may be where a power loss may take what was appended anyway. */
const REFRESH_MS = 250;

export interface PresenceOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly directory: string;
  readonly sync: SyncPolicy;
}

export class Presence {
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** Once set, for good: lock and cursor are gone as well, and another daemon may have the directory. */
  #gone: SpillwayError | undefined;

  constructor(private readonly options: PresenceOptions) {}

  /** Throws if the files were found gone before. */
  assert(): void {
    if (this.#gone !== undefined) throw this.#gone;
  }

  /** What was written to `writer`'s file can be found; with `sync = "each"` it is looked for every time. Else rejects. */
  async confirm({ segment, written }: SegmentWriter): Promise<void> {
    const { files, clock, sync } = this.options;
    const nowMs = clock.monotonicMs();
    if (sync !== "each" && nowMs - this.#lookedMs < REFRESH_MS) return;
    this.#lookedMs = nowMs;
    // Nobody else writes to it, so its size tells it from any other file.
    const found = await files.stat(segment.path);
    if (found?.size !== written.offset) throw this.#isGone(segment.name);
  }

  /** What `error` means, where it says that the directory is not there. */
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
