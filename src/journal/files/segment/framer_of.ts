/** The framer for a segment that may have been written with another framing than the route has now. */
import { createFramer, type Framer } from "../../../framing/framing.ts";
import { framingText, parseFraming } from "../../../framing/text.ts";

/**
 * For who has no configuration at hand: what cuts a segment whose header does
 * not say its framing. Its damaged frames apart, nothing depends on it.
 */
export const LINES: Framer = createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 1024 * 1024 });

/**
 * The framer that cuts what a segment with this framing text holds; `current`
 * where it says the very same, or cannot be read. `max_frame` counts: under one
 * that is lower than when it was accepted, a frame would read as a fault.
 */
export function framerOf(text: string | undefined, current: Framer): Framer {
  if (text === undefined || text === framingText(current.framing)) return current;
  try {
    return createFramer(parseFraming(text));
  } catch {
    return current;
  }
}
