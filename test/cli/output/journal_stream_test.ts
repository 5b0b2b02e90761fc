/** When journald is taken to read standard error. */
import { closeSync, openSync } from "node:fs";
import { isJournalStream } from "../../../src/cli/output/journal_stream.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("JOURNAL_STREAM counts only if it names the file that standard error is", async () => {
  const path = await Deno.makeTempFile();
  using file = await Deno.open(path);
  const { dev, ino } = await file.stat();
  const descriptor = openSync(path, "r");
  try {
    assertEquals(isJournalStream(`${dev}:${ino}`, descriptor), true);
    assertEquals(isJournalStream(`${dev}:${ino! + 1}`, descriptor), false);
    assertEquals(isJournalStream("", descriptor), false);
    assertEquals(isJournalStream(undefined, descriptor), false);
    assertEquals(isJournalStream(`${dev}:${ino}`, 9_999), false, "a descriptor that is closed");
  } finally {
    closeSync(descriptor);
    await Deno.remove(path);
  }
});
