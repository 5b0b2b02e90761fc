/** Where standard error goes. */
import { fstatSync } from "node:fs";

/**
 * Does journald read it? `announced` is the variable JOURNAL_STREAM, which has the
 * device and the inode of the stream; a program inherits it also where its
 * standard error leads somewhere else (systemd.exec(5)).
 */
export function isJournalStream(announced: string | undefined, descriptor = 2): boolean {
  if (announced === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return announced === `${dev}:${ino}`;
  } catch { // it is closed
    return false;
  }
}
