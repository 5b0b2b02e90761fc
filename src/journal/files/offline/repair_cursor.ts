/** Puts what is damaged in the `cursor` file aside, and writes it anew from what is left. */
import { silentLog } from "../../../base/log.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "../archive/find_segments.ts";
import { checkCursor } from "../directory/check_cursor.ts";
import type { FileRange } from "../segment/compressed_blocks.ts";
import { assertReadable } from "../directory/copy_bytes.ts";
import {
  CURSOR_BYTES,
  type CursorFound,
  decodeSlot,
  encodeSlot,
  SLOT_BYTES,
  SLOT_HEAD_BYTES,
  SLOT_OFFSETS,
} from "../directory/cursor_file.ts";
import { newestNoted } from "../catalog/fallback_cursor.ts";
import { Quarantine } from "../directory/quarantine.ts";
import { type CursorDecision, decideCursor } from "../catalog/recovery.ts";
import { replaceFile } from "../directory/replace_file.ts";

export interface CursorRepair {
  readonly damages: readonly (FileRange & { readonly to: string })[];
  /** Where delivery goes on from now; undefined where both slots were right. */
  readonly decision: CursorDecision | undefined;
}

/**
 * Repairs the cursor of the journal in `directory`, whose segments are given as
 * they are now. With `dryRun` only says what would be done. Rejects, with the
 * file as it was, on a disk that is full or cannot be read.
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
  // The oldest file counts, with frames or without: those that a repair has moved out of it were not delivered.
  const decision = found.kind !== "valid" || isBad.includes(true)
    ? decideCursor({ found, newestNoted: await newestNoted(files, segments), oldestBase: segments[0]?.base })
    : undefined;
  const moved = dryRun ? damages.map((range) => ({ ...range, to: "" })) : await putAside(files, directory, damages);
  if (!dryRun) {
    const bytes = decision === undefined ? heads(slots) : written(found, decision);
    await replaceFile(files, `${directory}/cursor`, (to) => to.writeAt([bytes], 0));
    await files.syncDirectory(directory);
  }
  return { damages: moved, decision };
}

/** The slots, with zeros where there should be zeros. */
function heads(slots: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(CURSOR_BYTES);
  slots.forEach((slot, i) => bytes.set(slot.subarray(0, SLOT_HEAD_BYTES), SLOT_OFFSETS[i]));
  return bytes;
}

/**
 * The good slot as it was, and behind it in the other one what was decided: a
 * start takes that for the last word, as it did the good slot's without it.
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

async function putAside(files: FileSystem, directory: string, damages: readonly FileRange[]) {
  const quarantine = new Quarantine(files, silentLog, directory);
  const file = await files.open(`${directory}/cursor`, "read");
  try {
    for (const { offset, bytes } of damages) await assertReadable(file, offset, bytes);
    const moved: (FileRange & { to: string })[] = [];
    for (const { offset, bytes } of damages) {
      // An empty file has nothing to put aside.
      const to = bytes === 0 ? "" : await quarantine.copy("cursor", file, offset, bytes);
      moved.push({ offset, bytes, to });
    }
    return moved;
  } finally {
    file.close();
  }
}
