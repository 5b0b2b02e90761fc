/** What `doctor` prints for people: the findings, the worst first, and a timeline under each that is about a connection. */
import { formatSize } from "../../../base/quantity.ts";
import { counted } from "../../../base/range_text.ts";
import type { Finding } from "../../../doctor/finding.ts";
import { flowsOf } from "../../../doctor/flow.ts";
import { condensed, type Timeline, timelineOf } from "../../../doctor/timeline.ts";
import { maskControls } from "../../output/control_characters.ts";
import { ASCII_BARS, sparkline, UNICODE_BARS } from "../status/sparkline.ts";
import type { DoctorReport } from "./json_report.ts";

const COLUMNS = 80;
const BARS = 40;
/** A server may have thousands of connections; --json has them all. */
const FINDINGS_MAX = 8;

export function textReport(report: DoctorReport, isUnicode: boolean): string[] {
  const { series, findings, unseen } = report;
  const timelines = new Map(flowsOf(series).map((flow) => [timelineOf(flow).about, timelineOf(flow)]));
  const names = series.subjects.map(({ name }) => name).join(", ");
  const left = findings.length - FINDINGS_MAX;
  return [
    ...wrapped(`${headline(findings)} Seen in ${report.seconds} s of ${names}:`, ""),
    ...findings.slice(0, FINDINGS_MAX).flatMap((finding) => ["", ...findingLines(finding, timelines, isUnicode)]),
    ...left > 0 ? ["", `and ${counted(left, "finding")} more: --json has them all`] : [],
    ...unseen.length > 0 ? ["", ...unseen.flatMap((each) => wrapped(`not seen: ${each}`, ""))] : [],
  ].map(maskControls);
}

function headline(findings: readonly Finding[]): string {
  const slow = findings.filter(({ level }) => level === "slow");
  if (slow.length === 0) return "Nothing is wrong here.";
  return slow.every(({ kind }) => kind === "absent") ? "Nobody is there." : "Something is slow.";
}

function findingLines(finding: Finding, timelines: ReadonlyMap<string, Timeline>, isUnicode: boolean): string[] {
  const { about, kind, level, certainty, text, advice } = finding;
  const isSlow = level === "slow" && kind !== "absent";
  const timeline = timelines.get(about);
  return [
    about,
    ...wrapped(`${isSlow ? `slow, ${certainty}: ` : ""}${text}`, "  "),
    ...advice.flatMap((each) => wrapped(`> ${each}`, "  ")),
    ...timeline === undefined ? [] : timelineLines(timeline, isUnicode ? UNICODE_BARS : ASCII_BARS),
  ];
}

function timelineLines({ send_queue_bytes, receive_queue_bytes, window_closed }: Timeline, bars: string): string[] {
  const row = (name: string, values: readonly number[] | null, remark: (values: readonly number[]) => string) =>
    values === null
      ? `  ${name}  (on another machine)`
      : `  ${name}  ${sparkline(condensed(values, BARS), BARS, bars)}  ${remark(values)}`;
  const most = (values: readonly number[]) => `${formatSize(Math.max(...values, 0))} at most`;
  const share = (values: readonly number[]) =>
    `${Math.round(values.reduce((sum, each) => sum + each, 0) / values.length * 100)} % of the time`;
  return [
    row("sender's queue  ", send_queue_bytes, most),
    row("receiver's queue", receive_queue_bytes, most),
    ...window_closed === null ? [] : [row("window closed   ", window_closed, share)],
  ];
}

/** Broken at blanks into lines of at most 80 characters; a command is one line. */
function wrapped(text: string, indent: string): string[] {
  if (text.startsWith("> sysctl ")) return [`${indent}${text}`];
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length >= COLUMNS && line !== indent) {
      lines.push(line.trimEnd());
      line = indent + (text.startsWith("> ") ? "  " : "");
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
