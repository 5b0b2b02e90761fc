/** For a stop that waits for nobody any longer: what has arrived already is still read. */
import type { Clock } from "../base/clock.ts";
import { within } from "../base/stop_deadline.ts";

/** A producer from whom nothing came for so long has nothing more on its way. */
const SILENT_MS = 20;

export interface Producer {
  readonly ended: Promise<unknown>;
  /** When bytes last arrived, on the monotonic clock. */
  readonly lastReadMs: number;
}

/** Resolves when nothing has come from any of them for a moment, or all have ended, or at `untilMs` on the monotonic clock. */
export async function untilSilent(producers: readonly Producer[], clock: Clock, untilMs: number): Promise<void> {
  const ended = Promise.all(producers.map((each) => each.ended));
  const lastReadMs = () => producers.reduce((last, each) => Math.max(last, each.lastReadMs), 0);
  for (let before = -1; before < lastReadMs() && clock.monotonicMs() < untilMs;) {
    before = lastReadMs();
    if (await within(clock, ended, SILENT_MS)) return;
  }
}
