/**
 * `target.stall_timeout`: when a consumer's kernel is taken for dead.
 *
 * A link that was cut, or a host that lost its power, sends neither FIN nor
 * RST, and TCP itself goes on asking for a quarter of an hour. A consumer that
 * is merely slow keeps its window at zero, for hours perhaps, and its kernel
 * answers every probe: it must not be cut off. So time counts only while
 * retransmissions or probes stay unanswered.
 */
import type { Clock } from "../base/clock.ts";
import type { Connection } from "../runtime/net.ts";

/** How often the kernel is asked within the timeout, within these limits. */
const POLLS = 20;
const POLL_MS_MIN = 50;
const POLL_MS_MAX = 1_000;

/** A kernel that is alive may leave the probes of a closed window without an answer for a second, see `unanswered`. */
const TIMEOUT_MS_MIN = 1_500;

export interface StallOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** How long nothing may be answered, in ms; above 0. Less than 1,500 is taken as 1,500. */
  readonly timeoutMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /**
   * Are there bytes to be acknowledged? While there are none, as far as the
   * caller can tell, the kernel is asked once a second.
   */
  readonly inFlight: () => boolean;
}

/** Resolves with true as soon as the peer is stalled, with false when the signal is aborted before. */
export async function watchStall({ connection, clock, timeoutMs, signal, inFlight }: StallOptions): Promise<boolean> {
  const limitMs = Math.max(timeoutMs, TIMEOUT_MS_MIN);
  const pollMs = Math.min(Math.max(limitMs / POLLS, POLL_MS_MIN), POLL_MS_MAX);
  /** How long the kernel has been silent, as every poll has found; undefined: the last one did not find that. */
  let silentMs: number | undefined;
  for (let polledMs = clock.monotonicMs(); silentMs === undefined || silentMs < limitMs;) {
    await clock.sleep(silentMs !== undefined || inFlight() ? pollMs : POLL_MS_MAX, signal);
    if (signal.aborted) return false;
    const nowMs = clock.monotonicMs();
    // A poll that comes late, after the process was stopped, tells nothing of the time before it.
    const passedMs = Math.min(nowMs - polledMs, 2 * pollMs);
    if (connection.unanswered() !== true) silentMs = undefined;
    else silentMs = silentMs === undefined ? 0 : silentMs + passedMs;
    polledMs = nowMs;
  }
  return true;
}
