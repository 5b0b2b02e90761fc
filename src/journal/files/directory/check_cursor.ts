/** Checks a journal's `cursor` file: its two slots, and the bytes that should be zeros. */
import { failedWith } from "../../../base/error.ts";
import type { File, ReadableFiles } from "../../../runtime/files.ts";
import type { FileRange } from "../format/ranges.ts";
import {
  CURSOR_BYTES,
  type CursorFound,
  decodeCursor,
  decodeSlot,
  SLOT_BYTES,
  SLOT_HEAD_BYTES,
  SLOT_OFFSETS,
} from "../format/cursor.ts";
import { newerVersion } from "../format/preamble.ts";
import { readSome } from "../segment/tolerant_read.ts";

export interface CursorCheck {
  readonly found: CursorFound;
  /** Ranges of the file that are not what was written. */
  readonly damages: readonly FileRange[];
  /** The bytes of the file, as they were read. */
  readonly contents: Uint8Array;
}

/** How often a file that looks damaged is read: a daemon may be writing it. */
const READS = 3;

/**
 * Checks the cursor of the journal in `directory`; one that is absent has
 * nothing wrong with it. Rejects with a `SpillwayError` if its version is newer.
 */
export async function checkCursor(files: ReadableFiles, directory: string): Promise<CursorCheck> {
  const path = `${directory}/cursor`;
  let file: File;
  try {
    file = await files.open(path, "read");
  } catch (error) {
    if (!failedWith(error, "ENOENT")) throw error;
    return { found: { kind: "absent" }, damages: [], contents: new Uint8Array(0) };
  }
  try {
    for (let reads = 1;; reads++) {
      const contents = await readSome(file, 0, CURSOR_BYTES);
      const found = decodeCursor(contents);
      if (found.kind === "newer") throw newerVersion(path, found.version);
      const damages = damagesIn(contents, await file.size());
      if (damages.length === 0 || reads === READS) return { found, damages, contents };
    }
  } finally {
    file.close();
  }
}

function damagesIn(bytes: Uint8Array, size: number): FileRange[] {
  const [first, second] = SLOT_OFFSETS;
  const slots = SLOT_OFFSETS.map((offset) => bytes.subarray(offset, offset + SLOT_BYTES));
  if (!slots.some((slot) => decodeSlot(slot).kind === "valid")) return [{ offset: 0, bytes: size }];
  const damages: FileRange[] = [];
  const zeros = (from: number, until: number) => {
    const found = bytes.subarray(from, until);
    if (found.some((byte) => byte !== 0)) damages.push({ offset: from, bytes: found.length });
  };
  const slot = (index: 0 | 1) => {
    const offset = SLOT_OFFSETS[index];
    if (decodeSlot(slots[index]).kind === "valid") zeros(offset + SLOT_HEAD_BYTES, offset + SLOT_BYTES);
    // A slot of zeros was never written: so it is after the first write, and after the file was replaced.
    else if (slots[index].some((byte) => byte !== 0)) damages.push({ offset, bytes: slots[index].length });
  };
  slot(0);
  zeros(first + SLOT_BYTES, second);
  slot(1);
  if (size > CURSOR_BYTES) damages.push({ offset: CURSOR_BYTES, bytes: size - CURSOR_BYTES });
  return damages;
}
