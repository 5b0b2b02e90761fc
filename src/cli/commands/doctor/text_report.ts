/** What `doctor` prints for people: the findings, the worst first, and a timeline under each that is about a connection. */
import { formatSize } from "../../../base/quantity.ts";
import { counted } from "../../../base/range_text.ts";
import { flowsOf } from "../../../doctor/flow.ts";
import { condensed, type Timeline, timelineOf } from "../../../doctor/timeline.ts";
import { maskControls } from "../../output/control_characters.ts";
import { ASCII_BARS, sparkline, UNICODE_BARS } from "../status/sparkline.ts";
import type { DoctorReport } from "./json_report.ts";
import { findingLines, headline, unseenLines, wrapped } from "./report_lines.ts";

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
    ...findings.slice(0, FINDINGS_MAX).flatMap((finding) => {
      const timeline = timelines.get(finding.about);
      const rows = timeline === undefined ? [] : timelineLines(timeline, isUnicode ? UNICODE_BARS : ASCII_BARS);
      return ["", ...findingLines(finding), ...rows];
    }),
    ...left > 0 ? ["", `and ${counted(left, "finding")} more: --json has them all`] : [],
    ...unseenLines(unseen),
  ].map(maskControls);
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
