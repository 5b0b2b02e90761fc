/** Copies damaged ranges of the `cursor` file to quarantine and writes the file anew from the rest. */
import { silentLog } from "../../../base/log.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "../archive/find_segments.ts";
import { checkCursor } from "../directory/check_cursor.ts";
import type { FileRange } from "../format/ranges.ts";
import { assertReadable } from "../directory/copy_bytes.ts";
import {
  CURSOR_BYTES,
  type CursorFound,
  decodeSlot,
  encodeSlot,
  SLOT_BYTES,
  SLOT_HEAD_BYTES,
  SLOT_OFFSETS,
} from "../format/cursor.ts";
import { cursorNotBefore } from "../catalog/fallback_cursor.ts";
import { Quarantine } from "../directory/quarantine.ts";
import type { CursorDecision } from "../catalog/recovery.ts";
import { replaceFile } from "../directory/replace_file.ts";

export interface CursorRepair {
  readonly damages: readonly (FileRange & { readonly to: string })[];
  /** Where delivery goes on; undefined if both slots were valid. */
  readonly decision: CursorDecision | undefined;
}

/**
 * Repairs the cursor of the journal in `directory`, which has these segments now.
 * With `dryRun` nothing is changed. Rejects, with the file as it was, if the disk is
 * full or cannot be read.
 */
export async function repairCursor(
  files: FileSystem,
  directory: string,
  segments: readonly ArchiveSegment[],
  dryRun: boolean,
): Promise<CursorRepair> {
  const { found, damages, contents } = await checkCursor(files, directory);
  if (damages.length === 0) return { damages: [], decision: undefined };
  const slots = SLOT_OFFSETS.map((offset) => contents.subarray(offset, offset + SLOT_BYTES));
  const isBad = slots.map((slot) => decodeSlot(slot).kind !== "valid" && slot.some((byte) => byte !== 0));
  // The oldest segment counts even without records: frames that a repair has moved out of it were not delivered.
  const decision = found.kind !== "valid" || isBad.includes(true)
    ? await cursorNotBefore(segments[0]?.base, files, found, segments)
    : undefined;
  const moved = dryRun
    ? damages.map((range) => ({ ...range, to: "" }))
    : await copyToQuarantine(files, directory, damages);
  if (!dryRun) {
    const bytes = decision === undefined ? heads(slots) : written(found, decision);
    await replaceFile(files, `${directory}/cursor`, (to) => to.writeAt([bytes], 0));
    await files.syncDirectory(directory);
  }
  return { damages: moved, decision };
}

/** The slots as they were, and zeros in all other places. */
function heads(slots: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(CURSOR_BYTES);
  slots.forEach((slot, i) => bytes.set(slot.subarray(0, SLOT_HEAD_BYTES), SLOT_OFFSETS[i]));
  return bytes;
}

/**
 * The valid slot as it was, and in the other one the decision with the next
 * generation: at a start the newer slot counts, as the valid one did before.
 */
function written(found: CursorFound, { cursor }: CursorDecision): Uint8Array {
  const bytes = new Uint8Array(CURSOR_BYTES);
  const generation = found.kind === "valid" ? found.generation : 1;
  const state = found.kind === "valid"
    ? found.state
    : { cursor, atRiskBytes: 0, clean: false, unreadFrames: 0, resendFrames: 0 };
  bytes.set(encodeSlot(generation, state), SLOT_OFFSETS[generation % 2]);
  bytes.set(encodeSlot(generation + 1, { ...state, cursor }), SLOT_OFFSETS[(generation + 1) % 2]);
  return bytes;
}

async function copyToQuarantine(files: FileSystem, directory: string, damages: readonly FileRange[]) {
  const quarantine = new Quarantine(files, silentLog, directory);
  const file = await files.open(`${directory}/cursor`, "read");
  try {
    for (const { offset, bytes } of damages) await assertReadable(file, offset, bytes);
    const moved: (FileRange & { to: string })[] = [];
    for (const { offset, bytes } of damages) {
      // Of an empty file nothing is copied.
      const to = bytes === 0 ? "" : await quarantine.copy("cursor", file, offset, bytes);
      moved.push({ offset, bytes, to });
    }
    return moved;
  } finally {
    file.close();
  }
}
