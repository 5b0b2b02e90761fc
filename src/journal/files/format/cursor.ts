/**
 * The bytes of the cursor file, see FORMAT.md: two checksummed slots in separate
 * sectors, written in turn. Encoding and decoding, nothing that touches a disk.
 */
import { crc32 } from "node:zlib";
import { areCounts, decodePreamble, encodePreamble, FORMAT_VERSION, getU64, setU64, viewOf } from "./preamble.ts";

export interface CursorState {
  /** Sequence of the next frame to deliver. */
  readonly cursor: number;
  /** At most this many bytes were in memory alone; written before memory held more. */
  readonly atRiskBytes: number;
  /** Written by a clean stop. */
  readonly clean: boolean;
  /** How many frames right before the cursor the consumer's program may not have read. */
  readonly unreadFrames: number;
  /** How many of these the next process sends again: no consumer's kernel has them. */
  readonly resendFrames: number;
}

/** The state in the file, or why there is none. */
export type CursorFound =
  | {
    readonly kind: "valid";
    readonly generation: number;
    readonly state: CursorState;
    /** True if the other slot holds the state before this one; otherwise it may have held a newer one. */
    readonly newest: boolean;
  }
  | { readonly kind: "bad" }
  | { readonly kind: "absent" }
  | { readonly kind: "newer"; readonly version: number };

export const CURSOR_MAGIC = "SPILLCUR";
export const SLOT_BYTES = 512;
/** Offsets of the slots; a state is written to the slot whose index is its generation modulo 2. */
export const SLOT_OFFSETS = [0, 4096] as const;
/** Bytes of the whole file. */
export const CURSOR_BYTES = SLOT_OFFSETS[1] + SLOT_BYTES;
const CRC_OFFSET = 60;
/** Bytes of a slot up to the end of its checksum; the rest is zeros. */
export const SLOT_HEAD_BYTES = CRC_OFFSET + 4;
const CLEAN_FLAG = 1;
/** The largest number that fits the field; no kernel holds as many frames unread. */
const RESEND_FRAMES_MAX = 2 ** 32 - 1;

/** The bytes of one slot. */
export function encodeSlot(generation: number, state: CursorState): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = viewOf(bytes);
  encodePreamble(bytes, CURSOR_MAGIC, FORMAT_VERSION);
  setU64(view, 16, generation);
  setU64(view, 24, state.cursor);
  setU64(view, 32, state.atRiskBytes);
  view.setUint32(40, state.clean ? CLEAN_FLAG : 0, true);
  setU64(view, 48, state.unreadFrames);
  view.setUint32(56, Math.min(state.resendFrames, RESEND_FRAMES_MAX), true);
  view.setUint32(CRC_OFFSET, crc32(bytes.subarray(0, CRC_OFFSET)), true);
  return bytes;
}

export type Slot =
  | { readonly kind: "valid"; readonly generation: number; readonly state: CursorState }
  | Exclude<CursorFound, { kind: "valid" | "absent" }>;

/** Decodes the bytes of one slot. */
export function decodeSlot(bytes: Uint8Array): Slot {
  const preamble = decodePreamble(bytes, CURSOR_MAGIC);
  if (preamble.kind === "newer") return preamble;
  if (preamble.kind === "damaged" || bytes.length < SLOT_HEAD_BYTES) return { kind: "bad" };
  const view = viewOf(bytes);
  if (view.getUint32(CRC_OFFSET, true) !== crc32(bytes.subarray(0, CRC_OFFSET))) return { kind: "bad" };
  const generation = getU64(view, 16);
  const cursor = getU64(view, 24);
  const atRiskBytes = getU64(view, 32);
  const unreadFrames = getU64(view, 48);
  const resendFrames = view.getUint32(56, true);
  const isPossible = areCounts(generation, generation + 1, cursor) &&
    resendFrames <= unreadFrames && unreadFrames <= cursor && areCounts(atRiskBytes);
  if (!isPossible) return { kind: "bad" };
  const clean = (view.getUint32(40, true) & CLEAN_FLAG) !== 0;
  return {
    kind: "valid",
    generation,
    state: { cursor, atRiskBytes, clean, unreadFrames, resendFrames },
  };
}

/** Decodes a whole cursor file: the newer of its valid slots. */
export function decodeCursor(bytes: Uint8Array): CursorFound {
  const slots = SLOT_OFFSETS.map((offset) => decodeSlot(bytes.subarray(offset, offset + SLOT_BYTES)));
  const newer = slots.find((slot) => slot.kind === "newer");
  if (newer !== undefined) return newer;
  const [best, before] = slots.filter((slot) => slot.kind === "valid").sort((a, b) => b.generation - a.generation);
  if (best === undefined) return { kind: "bad" };
  const isFirst = best.generation === 1 && bytes.subarray(SLOT_OFFSETS[0], SLOT_BYTES).every((byte) => byte === 0);
  return { ...best, newest: before !== undefined || isFirst };
}

/**
 * At most this many bytes were in memory alone; undefined if that is not known,
 * because a slot that cannot be read may have said more.
 */
export function riskOf(found: CursorFound): number | undefined {
  if (found.kind !== "valid" || !found.newest) return undefined;
  return found.state.clean ? 0 : found.state.atRiskBytes;
}
