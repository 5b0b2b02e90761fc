/**
 * Files as the journal sees them. The same contract tests run against each
 * runtime's adapter and against the in-memory file system of the tests.
 * Failures reject with a `SystemError` that has the errno's name and the path.
 * Nothing here blocks the event loop.
 */

export type OpenMode =
  /** Must exist; read only. */
  | "read"
  /** Must exist; read and write. */
  | "update"
  /** Must not exist; created with mode 0600; read and write. */
  | "create"
  /** Created with mode 0600 if absent, kept as it is otherwise; read and write. */
  | "open";

/** An open file as far as it is read. Its content need not lie in the file as it is: see the journal's compressed segments. */
export interface File {
  readonly path: string;

  /** Reads up to `into.length` bytes from `position` on; fewer only at the end of the file. Returns how many. */
  readAt(into: Uint8Array, position: number): Promise<number>;

  /** Size in bytes. */
  size(): Promise<number>;

  /** Idempotent. */
  close(): void;
}

export interface WritableFile extends File {
  /**
   * Writes the parts one after the other at `position`, in as few calls as the
   * runtime allows. On rejection any prefix may have been written.
   */
  writeAt(parts: readonly Uint8Array[], position: number): Promise<void>;

  /**
   * Once it resolves, all earlier writes survive a power loss (fdatasync). A
   * rejected sync must not be tried again on this file: the kernel may have
   * forgotten the pages.
   */
  sync(): Promise<void>;

  /** Cuts the file to `size` bytes. */
  truncate(size: number): Promise<void>;

  /**
   * Takes an exclusive flock(2) without waiting; false if another process (or
   * another open file here) has it. The kernel releases it with the file.
   */
  tryLock(): Promise<boolean>;
}

export interface FileInfo {
  readonly kind: "file" | "directory" | "other";
  /** In bytes. */
  readonly size: number;
  /** Last modification, ms since 1970. */
  readonly modifiedMs: number;
  /** Owner's user id; undefined where the system has none. */
  readonly uid: number | undefined;
  /** Which file system it is on, as a number that tells it from others; undefined where that is not known. */
  readonly device?: number;
}

/** What opens files for reading alone. */
export interface FileOpener {
  open(path: string, mode: "read"): Promise<File>;
}

/** A file system as far as it is read. */
export interface ReadableFiles extends FileOpener {
  /** Names of the directory's entries, sorted. */
  list(directory: string): Promise<string[]>;
  /** Undefined if there is nothing at `path`. */
  stat(path: string): Promise<FileInfo | undefined>;
}

export interface FileSystem extends ReadableFiles {
  open(path: string, mode: OpenMode): Promise<WritableFile>;
  /** Makes the directory and its parents with mode 0700; fine if it exists. */
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  unlink(path: string): Promise<void>;
  /** Once it resolves, creations, renames and removals in the directory survive a power loss. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that this process may still write on the file system of `path` (statfs f_bavail). */
  freeBytes(path: string): Promise<number>;
}
