/** What an operator can do where a journal cannot be opened. */
import { SpillwayError, SystemError } from "../../../base/error.ts";
import type { DirectoryJournalOptions } from "./options.ts";

/** The error to report for `error`: a missing permission, or a file in the way, with what to do about it. */
export function explainOpening(error: unknown, { directory, user }: DirectoryJournalOptions): unknown {
  if (!(error instanceof SystemError)) return error;
  if (error.syscall === "mkdir" && ["EEXIST", "ENOTDIR"].includes(error.code)) {
    return new SpillwayError(`journal ${directory}: not a directory, or below something that is none`, {
      hint: "a file stands in the way: move it, or set journal.dir to another directory",
      cause: error,
    });
  }
  if (!["EACCES", "EPERM", "EROFS"].includes(error.code)) return error;
  const who = user === undefined ? "this user" : user;
  return new SpillwayError(`journal ${directory}: not usable by ${who}: ${error.message}`, {
    hint: "make the directory writable for the user that spillway runs as, or set journal.dir to another one",
    cause: error,
  });
}

/** Rejects with a `SpillwayError` unless the directory is there, with `journal.create = false`. */
export async function mustBeThere(
  { files, directory }: Pick<DirectoryJournalOptions, "files" | "directory">,
): Promise<void> {
  if (await files.stat(directory) !== undefined) return;
  throw new SpillwayError(`journal ${directory}: not there, and journal.create is false`, {
    hint: "mount its file system, or make the directory",
  });
}
