/**
 * `ls`, `cat`, `verify`, `status`, the daemon and `repair` on the files of one
 * journal, whatever has become of them: all say the same.
 */
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { summarizeJournal } from "../../../src/journal/files/archive/summary.ts";
import { tallySegment } from "../../../src/journal/files/archive/segment_state.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { MemoryFiles } from "../../support/memory_files.ts";
import { examine } from "./check_recovered.ts";
import { printed, repaired } from "./repair_journal.ts";
import { type Delivered, DIRECTORY } from "./rig.ts";
import { verified } from "./verify_journal.ts";

export interface Told {
  /** As `status` has it. */
  readonly pendingFrames: number;
  /** Frames of all segments, as `ls` has them. */
  readonly listed: number;
}

/** `left`: what `cat` is to print, if that is known. The files stay as they are. */
export async function checkToldAlike(
  files: MemoryFiles,
  left: readonly Delivered[] | undefined,
  what: string,
): Promise<Told> {
  const { frames } = await printed(files);
  if (left !== undefined) assertEquals(frames, left, `${what}: cat`);
  // Frames that two segments have are whole in both.
  assert((await verified(files)).frames >= frames.length, `${what}: verify`);
  const summary = await summarizeJournal(files, DIRECTORY);
  const listed = await listedFrames(files);

  const fixed = files.afterCrash();
  const { failed } = await repaired(fixed);
  assertEquals(failed, [], `${what}: repair`);
  assertEquals((await verified(fixed)).damages, [], `${what}: repaired`);
  assertEquals((await printed(fixed)).frames, frames, `${what}: repaired, cat`);
  assertEquals(await repaired(fixed), { moved: [], failed: [], cursor: undefined }, `${what}: repaired twice`);

  const { cursor, pendingFrames, pendingBytes } = summary;
  const pending = frames.filter(({ sequence }) => sequence >= cursor);
  const written = new Map(frames.map(({ sequence, text }) => [sequence, text]));
  const daemon = await examine(files.afterCrash(), written, what);
  assertEquals(daemon.delivered, pending, `${what}: delivered`);
  assertEquals(
    { cursor, frames: pendingFrames, bytes: pendingBytes },
    { cursor: daemon.cursor, frames: daemon.recovery.pendingFrames, bytes: daemon.recovery.pendingBytes },
    `${what}: status, against the daemon`,
  );
  const again = await examine(fixed, written, `${what}: repaired`);
  assertEquals(again.delivered, pending, `${what}: repaired, delivered`);
  return { pendingFrames, listed };
}

async function listedFrames(files: MemoryFiles): Promise<number> {
  let frames = 0;
  for (const segment of await findSegments(files, [DIRECTORY])) {
    frames += (await tallySegment(files, segment))!.frames;
  }
  return frames;
}
