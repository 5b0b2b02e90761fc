/** How `spillway cat` shows frames. */
import { frameContent } from "../../../framing/framing.ts";
import { spacedHexOf } from "../../../framing/fault.ts";
import { frameEnds } from "../../../framing/frame_ends.ts";
import type { ArchiveItem } from "../../../journal/archive.ts";
import { isoTime } from "../../args/time.ts";
import { escapeFrame } from "../../output/control_characters.ts";

export const FORMATS = ["raw", "text", "json", "hex"] as const;
export type Format = (typeof FORMATS)[number];

type Frames = Extract<ArchiveItem, { kind: "frames" }>;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** The frames in this format; raw bytes are a view of what was given. */
export function formatFrames(format: Format, item: Frames): string | Uint8Array {
  if (format === "raw") return item.bytes;
  const { bytes, framer, first, frames } = item;
  const time = isoTime(item.timeUs);
  let lines = "";
  let start = 0;
  let sequence = first;
  for (const end of frameEnds(framer, bytes, 0, bytes.length, frames)) {
    const frame = bytes.subarray(start, end);
    const content = frameContent(framer.framing, frame);
    if (format === "text") lines += `${sequence} ${time} ${escapeFrame(lenient.decode(content))}\n`;
    else if (format === "hex") lines += `${sequence} ${time} ${spacedHexOf(frame)}\n`;
    else lines += `${JSON.stringify({ sequence, time, bytes: frame.length, ...textOrBase64(content) })}\n`;
    start = end;
    sequence++;
  }
  return lines;
}

function textOrBase64(content: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: strict.decode(content) };
  } catch {
    return { base64: base64Of(content) };
  }
}

function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
