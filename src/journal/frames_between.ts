/** Which frames of a sequence range a segment has, told from its record headers: for whoever counts them. */
import type { File } from "../runtime/files.ts";
import { bytesBetween } from "./record_bytes.ts";
import type { Segment } from "./segment.ts";
import { walkRecords } from "./walk.ts";

export type FramesFound =
  | {
    readonly kind: "frames";
    /** Of their record. */
    readonly offset: number;
    readonly frames: number;
    readonly bytes: number;
    /** When the first frame of their record arrived, µs since 1970. */
    readonly timeUs: number;
  }
  /** Bytes that are no record, behind the frames before `position`. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly position: number };

/**
 * The frames [from, until) of an open segment, record by record. What stands
 * there a second time comes once, as for a reader. Of payloads only those are
 * read that the range cuts.
 */
export async function* framesBetween(
  file: File,
  segment: Pick<Segment, "marks" | "limit" | "framer">,
  from: number,
  until: number,
): AsyncGenerator<FramesFound> {
  let position = from;
  for await (const found of walkRecords(file, { marks: segment.marks!, limit: segment.limit, verify: false })) {
    const { kind, offset } = found;
    if (kind === "footer") continue;
    if (kind !== "record") {
      yield { kind: "damage", offset, bytes: found.bytes, position };
      continue;
    }
    const { first, frames, length, timeUs } = found.header;
    if (first >= until) return;
    const start = Math.max(0, position - first);
    const end = Math.min(frames, until - first);
    if (start >= end) continue;
    position = first + end;
    const bytes = await bytesBetween(file, segment, { offset, length, frames }, start, end);
    yield { kind: "frames", offset, frames: end - start, bytes, timeUs };
  }
}
