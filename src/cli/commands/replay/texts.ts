/** What `spillway replay` description: before it begins, at its end, and how to go on. */
import { formatDuration, formatSize } from "../../../base/quantity.ts";
import { counted, frameRange } from "../../../base/range_text.ts";
import type { ReadPlan } from "../../../journal/archive.ts";
import { isoTime } from "../../args/time.ts";
import type { ReplaySettings } from "./settings.ts";

/** What `--dry-run` prints. `pacedMs` is how long the recorded pace takes; 0 without one. */
export function planText(plan: ReadPlan, settings: ReplaySettings, pacedMs: number): string {
  if (plan.first === undefined) return "nothing to send: no frame is selected\n";
  const { frames, bytes, segments, first, end, lowestUs, highestUs } = plan;
  const spanMs = (highestUs - lowestUs) / 1000;
  return `would send: ${counted(frames, "frame")}, ${formatSize(bytes)}, from ${counted(segments, "segment")}
sequences: ${first} to ${end - 1}
recorded: ${isoTime(lowestUs)} to ${isoTime(highestUs)}, ${formatDuration(spanMs)}
takes: ${howLong(bytes, settings, pacedMs)}
`;
}

function howLong(bytes: number, { rateBytes, pace }: ReplaySettings, pacedMs: number): string {
  const ratedMs = rateBytes === 0 ? 0 : bytes / rateBytes * 1000;
  if (pace === undefined && rateBytes === 0) return "as long as the target needs to read it";
  const by = ratedMs > pacedMs ? `at ${formatSize(rateBytes)}/s` : `at ${pace?.speed}x`;
  return `${formatDuration(Math.max(ratedMs, pacedMs))} ${by}`;
}

/** Frames that are missing, one line for each range. */
export function missingText({ missing }: ReadPlan): string {
  return missing.map(({ from, until, segment }) => `missing: ${frameRange(from, until)}, before those of ${segment}\n`)
    .join("");
}

export interface Skipped {
  /** Damaged ranges of files. */
  damaged: number;
  /** Ranges that are missing, announced or not. */
  missing: number;
  /** Frames in both, as far as they are known. */
  frames: number;
}

export interface Sent {
  readonly frames: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly target: string;
  /** Frames that were sent more than once. */
  readonly sentTwice: number;
  readonly mayBeLostBytes: number;
  readonly skipped: Skipped;
}

/** The last line. */
export function summaryText(verb: string, sent: Sent): string {
  const { frames, bytes, elapsedMs, target, sentTwice, mayBeLostBytes, skipped } = sent;
  const rate = elapsedMs < 1 ? "" : `, ${formatSize(bytes / elapsedMs * 1000)}/s`;
  const repeats = sentTwice === 0 ? "" : `; up to ${counted(sentTwice, "frame")} may have arrived twice`;
  const unread = mayBeLostBytes === 0
    ? ""
    : `; up to ${formatSize(mayBeLostBytes)} may not have been read by the target`;
  const what = `${counted(frames, "frame")}, ${formatSize(bytes)} to ${target}`;
  return `${verb}: ${what} in ${formatDuration(elapsedMs)}${rate}${repeats}${unread}${skippedText(skipped)}\n`;
}

function skippedText({ damaged, missing, frames }: Skipped): string {
  if (damaged + missing === 0) return "; nothing skipped";
  const parts = [
    ...damaged === 0 ? [] : [counted(damaged, "damaged stretch").replace("stretchs", "stretches")],
    ...missing === 0 ? [] : [counted(missing, "missing range")],
  ];
  return `; skipped: ${parts.join(", ")}, ${counted(frames, "frame")}`;
}

/** The hint how to go on after a replay that ended early. `limitLeft` is how many frames of `--limit` are left. */
export function goOnHint(next: number, progressFile: string | undefined, limitLeft: number | undefined): string {
  if (progressFile !== undefined) return `the same command goes on there; ${progressFile} knows where`;
  const limit = limitLeft === undefined ? "" : ` --limit ${limitLeft}`;
  return `with --from ${next}${limit} the same command goes on there`;
}
