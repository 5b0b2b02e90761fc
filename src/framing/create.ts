/** From a framing as configured, or as read from a journal, to the framer that cuts by it. */
import { checkFraming } from "./check.ts";
import { DelimitedFramer } from "./delimited.ts";
import { FixedFramer } from "./fixed.ts";
import type { Framer, Framing } from "./framing.ts";
import { LengthPrefixFramer } from "./length_prefix.ts";
import { lineFramer } from "./line.ts";
import { OctetCountFramer } from "./octet_count.ts";
import { RawFramer } from "./raw.ts";

/** The framer for `framing`. Throws a `SpillwayError` if a parameter is outside its range. */
export function createFramer(framing: Framing): Framer {
  checkFraming(framing);
  switch (framing.type) {
    case "raw":
      return new RawFramer(framing);
    case "line":
      return lineFramer(framing);
    case "length-prefix":
      return new LengthPrefixFramer(framing);
    case "octet-count":
      return new OctetCountFramer(framing);
    case "delimited":
      return new DelimitedFramer(framing);
    case "fixed":
      return new FixedFramer(framing);
  }
}
