/** A file that a later program has written is refused by name, whatever kind of file it is. */
import { SpillwayError } from "../../../base/error.ts";
import { FORMAT_VERSION } from "./segment.ts";

/** For `path`, which has the format version `found`. */
export function newerVersion(path: string, found: number): SpillwayError {
  return new SpillwayError(`${path}: format version ${found}, this program knows versions up to ${FORMAT_VERSION}`, {
    hint: "run the newer spillway that wrote it, or give this route another journal directory; nothing was changed",
  });
}
