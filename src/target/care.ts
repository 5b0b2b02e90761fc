/**
 * How carefully the next connection begins, after connections on which the
 * consumer may have read nothing. One that reads a message and closes would else
 * be sent the same messages for ever: as many as its kernel takes are on their
 * way when it closes, and nobody can tell which of them it has read.
 */
import { CARE_MAX, CAREFUL_BYTES } from "./byte_confirmer.ts";

export class Care {
  /** From 0, none, to CARE_MAX, one frame at a time. */
  level = 0;

  /** A connection has ended on which something was sent, and the consumer has read so many bytes for certain. */
  ended(readBytes: number): void {
    if (readBytes >= CAREFUL_BYTES) this.level = 0;
    else if (readBytes === 0) this.level = Math.min(CARE_MAX, this.level + 1);
  }
}
