/** What a frame says, without what marks its beginning and end on the wire. */
import type { Framing } from "./framing.ts";

const SPACE = 32;

/** The content of one whole frame of this framing, as a view of its bytes. */
export function frameContent(framing: Framing, frame: Uint8Array): Uint8Array {
  switch (framing.type) {
    case "line":
      return frame.subarray(0, frame.length - framing.delimiter.length);
    case "delimited":
      return frame.subarray(framing.start.length, frame.length - framing.end.length);
    case "length-prefix":
      return frame.subarray(framing.offset + framing.width);
    case "octet-count":
      return frame.subarray(frame.indexOf(SPACE) + 1);
    case "raw":
    case "fixed":
      return frame;
  }
}
