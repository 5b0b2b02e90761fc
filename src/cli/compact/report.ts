/** What a compaction has done, in words and for programs. */
import { formatSize } from "../../base/size.ts";
import { counted } from "../../base/words.ts";
import type { Amount, CompactionReport } from "../../journal/compaction.ts";

/** For people: lines that begin with the journal's directory. */
export function describeCompaction(directory: string, report: CompactionReport, dryRun: boolean): string {
  const { removed, rewritten, into, incompressible } = report;
  const lines: string[] = [];
  if (removed.segments > 0) lines.push(`${dryRun ? "would remove" : "removed"} ${amount(removed)}`);
  if (dryRun && rewritten.segments > 0) {
    lines.push(`would merge and compress ${amount(rewritten)}, where that gains anything`);
  }
  if (!dryRun && rewritten.segments > 0) lines.push(`${amount(rewritten)} became ${amount(into)}`);
  if (incompressible.segments > 0) lines.push(`left ${amount(incompressible)}: compressing gains nothing`);
  lines.push(sum(report, dryRun));
  return lines.map((line) => `${directory}: ${line}\n`).join("");
}

function sum({ segmentsBefore, bytesBefore, segmentsAfter, bytesAfter }: CompactionReport, dryRun: boolean): string {
  const before = amount({ segments: segmentsBefore, bytes: bytesBefore });
  if (dryRun) return `it has ${before} now`;
  const freed = bytesBefore - bytesAfter;
  if (freed === 0 && segmentsBefore === segmentsAfter) return `nothing to do, it has ${before}`;
  return `freed ${formatSize(freed)}: ${before} before, ${amount({ segments: segmentsAfter, bytes: bytesAfter })} now`;
}

function amount({ segments, bytes }: Amount): string {
  return `${counted(segments, "segment")} (${formatSize(bytes)})`;
}

/** For programs. */
export function jsonOfCompaction(journal: string, report: CompactionReport, dryRun: boolean) {
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
    warnings,
  };
}
