/** Reading standard input piece by piece, on top of a runtime's way to read some bytes. */
import { errnoName, systemError } from "./system_error.ts";

/** How long until an empty non-blocking pipe is tried again. */
const AGAIN_MS = 10;

/** Resolves with what `read` gives. EAGAIN is allowed (a pipe that its other users made non-blocking). */
export async function readInput(read: () => Promise<number>): Promise<number> {
  for (;;) {
    try {
      return await read();
    } catch (e) {
      if (errnoName(e) !== "EAGAIN") throw systemError(e, "read", "standard input");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
