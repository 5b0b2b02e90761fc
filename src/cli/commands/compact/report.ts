/** The result of a compaction, as text and as JSON. */
import { formatSize } from "../../../base/quantity.ts";
import { counted } from "../../../base/range_text.ts";
import type { Amount, CompactionReport } from "../../../journal/directory_only.ts";

/** A journal that stays above `--max-bytes`, since its frames are pending. */
export interface MissedAim {
  readonly maxBytes: number;
  readonly bytesAfter: number;
  readonly pendingFrames: number;
  readonly pendingBytes: number;
}

/** Why the journal is still larger than `--max-bytes`. */
export function describeMissed({ maxBytes, bytesAfter, pendingFrames, pendingBytes }: MissedAim): string {
  return `${formatSize(bytesAfter)} are left, --max-bytes is ${formatSize(maxBytes)}: ` +
    `${counted(pendingFrames, "frame")} (${formatSize(pendingBytes)}) are pending, and stay until they are delivered ` +
    "or given up (spillway skip)";
}

/** Lines that begin with the journal's directory. */
export function describeCompaction(
  directory: string,
  report: CompactionReport,
  missed: MissedAim | undefined,
  dryRun: boolean,
): string {
  const { removed, rewritten, into, incompressible } = report;
  const lines: string[] = [];
  if (removed.segments > 0) lines.push(`${dryRun ? "would remove" : "removed"} ${amount(removed)}`);
  if (dryRun && rewritten.segments > 0) {
    lines.push(`would merge and compress ${amount(rewritten)}, where that gains anything`);
  }
  if (!dryRun && rewritten.segments > 0) lines.push(`${amount(rewritten)} became ${amount(into)}`);
  if (incompressible.segments > 0) lines.push(`left ${amount(incompressible)}: compressing gains nothing`);
  lines.push(sum(report, missed, dryRun));
  if (missed !== undefined) lines.push(describeMissed(missed));
  return lines.map((line) => `${directory}: ${line}\n`).join("");
}

function sum(report: CompactionReport, missed: MissedAim | undefined, dryRun: boolean): string {
  const { segmentsBefore, bytesBefore, segmentsAfter, bytesAfter } = report;
  const before = amount({ segments: segmentsBefore, bytes: bytesBefore });
  if (dryRun) return `it has ${before} now`;
  const freed = bytesBefore - bytesAfter;
  if (freed === 0 && segmentsBefore === segmentsAfter) {
    return `${missed === undefined ? "nothing to do" : "nothing can be removed"}, it has ${before}`;
  }
  return `freed ${formatSize(freed)}: ${before} before, ${amount({ segments: segmentsAfter, bytes: bytesAfter })} now`;
}

function amount({ segments, bytes }: Amount): string {
  return `${counted(segments, "segment")} (${formatSize(bytes)})`;
}

/** The object that `--json` prints. */
export function jsonOfCompaction(
  journal: string,
  report: CompactionReport,
  missed: MissedAim | undefined,
  dryRun: boolean,
) {
  const { removed, rewritten, into, incompressible, warnings } = report;
  return {
    journal,
    dry_run: dryRun,
    removed,
    rewritten,
    into,
    incompressible,
    before: { segments: report.segmentsBefore, bytes: report.bytesBefore },
    after: { segments: report.segmentsAfter, bytes: report.bytesAfter },
    freed_bytes: report.bytesBefore - report.bytesAfter,
    ...missed === undefined ? {} : {
      over_max_bytes: missed.bytesAfter - missed.maxBytes,
      pending_frames: missed.pendingFrames,
      pending_bytes: missed.pendingBytes,
    },
    warnings,
  };
}
