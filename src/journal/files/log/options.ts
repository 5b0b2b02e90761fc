/** What a journal in a directory needs besides the promise that it keeps. */
import type { FileSystem } from "../../../runtime/files.ts";
import type { JournalOptions } from "../../journal.ts";

export interface DirectoryJournalOptions extends JournalOptions {
  readonly files: FileSystem;
  readonly directory: string;
  /** Is the directory made where there is none? If not, that is an error: a mount may be missing. */
  readonly create: boolean;
  /** What a second daemon is told about the one that holds the lock, for example `pid 1234`. */
  readonly holder: string;
  /** The user that this process runs as, for messages about permissions, for example `uid 1000`. */
  readonly user?: string;
  /** Random bytes: 8 for each new segment. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** A segment is sealed when it has reached this size. */
  readonly segmentBytes: number;
  /** What must stay free on the file system, in bytes. */
  readonly minFreeBytes: number;
}
