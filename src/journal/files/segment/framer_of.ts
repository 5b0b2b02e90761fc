/** The framer for a segment that may have been written with another framing than the route has now. */
import { createFramer, type Framer } from "../../../framing/framing.ts";
import { framingText, parseFraming } from "../../../framing/text.ts";

/**
 * Cuts a segment whose header does not say its framing, for callers without a
 * configuration. Only damaged segments depend on it.
 */
export const FALLBACK_FRAMER: Framer = createFramer({
  type: "line",
  delimiter: Uint8Array.of(10),
  maxFrame: 1024 * 1024,
});

/**
 * The framer for a segment with this framing text; `current` if the text says the
 * same or cannot be read. A different `max_frame` makes another framer: a frame
 * above a lower limit would be a fault.
 */
export function framerOf(text: string | undefined, current: Framer): Framer {
  if (text === undefined || text === framingText(current.framing)) return current;
  try {
    return createFramer(parseFraming(text));
  } catch {
    return current;
  }
}
