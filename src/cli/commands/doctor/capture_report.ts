/** `doctor --pcap`: reads the capture, and prints what it tells, for people or as JSON. */
import { systemClock } from "../../../base/clock.ts";
import { EXIT, usageError } from "../../../base/error.ts";
import { formatSize } from "../../../base/quantity.ts";
import { counted } from "../../../base/range_text.ts";
import { type CaptureReport, reportOf } from "../../../doctor/capture/capture_report.ts";
import type { ConnectionReport, EndReport, WindowReport } from "../../../doctor/capture/connection_report.ts";
import { secondsText } from "../../../doctor/capture/capture_words.ts";
import { type CaptureInput, readCapture } from "../../../doctor/capture/read_capture.ts";
import type { Finding } from "../../../doctor/finding.ts";
import { condensed } from "../../../doctor/timeline.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { maskControls } from "../../output/control_characters.ts";
import { Progress } from "../../output/progress.ts";
import { isUtf8 } from "../../output/terminal.ts";
import { ASCII_BARS, sparkline, UNICODE_BARS } from "../status/sparkline.ts";
import { findingLines, headline, unseenLines, wrapped } from "./report_lines.ts";

/** Standard input in place of a path. */
const STDIN = "-";
const BARS = 40;
/** A capture may have thousands of connections; --json has them all. */
const FINDINGS_MAX = 8;

/** Returns the exit code. Rejects with a `SpillwayError` or a `SystemError` where there is no capture to read. */
export async function doctorCapture(path: string, isJson: boolean, runtime: Runtime): Promise<number> {
  const report = await (path === STDIN ? fromStdin(runtime) : fromFile(path, runtime));
  const name = path === STDIN ? "standard input" : path;
  await runtime.stdout.write(
    isJson
      ? `${JSON.stringify({ capture: name, ...report })}\n`
      : `${captureLines(report, name, isUtf8(runtime)).join("\n")}\n`,
  );
  return report.slow ? EXIT.failed : EXIT.ok;
}

async function fromStdin(runtime: Runtime): Promise<CaptureReport> {
  const input: CaptureInput = { name: "standard input", read: (into) => runtime.readStdinPart(into) };
  return reportOf(await readCapture(input), input.name);
}

async function fromFile(path: string, { files, stderr }: Runtime): Promise<CaptureReport> {
  const info = await files.stat(path);
  if (info !== undefined && info.kind !== "file") {
    throw usageError(`${path} is no file`, "a pipe is read from standard input: spillway doctor --pcap -");
  }
  const file = await files.open(path, "read");
  const progress = new Progress(stderr, systemClock, "read", info?.size ?? 0);
  try {
    let position = 0;
    const read = async (into: Uint8Array) => {
      const count = await file.readAt(into, position);
      position += count;
      return count;
    };
    return reportOf(await readCapture({ name: path, read }, { onProgress: (bytes) => progress.reached(bytes) }), path);
  } finally {
    progress.finish();
    file.close();
  }
}

function captureLines(report: CaptureReport, name: string, isUnicode: boolean): string[] {
  const { findings, connections, unseen } = report;
  const left = findings.length - FINDINGS_MAX;
  const bars = isUnicode ? UNICODE_BARS : ASCII_BARS;
  return [
    ...wrapped(`${headline(findings)} Seen in ${name}: ${contentOf(report)}`, ""),
    ...findings.slice(0, FINDINGS_MAX).flatMap((finding, i) => [
      "",
      ...findingLines(finding),
      ...i < connections.length ? connectionLines(finding, connections[i], bars) : [],
    ]),
    ...left > 0 ? ["", `and ${counted(left, "connection")} more: --json has them all`] : [],
    ...unseenLines(unseen),
  ].map(maskControls);
}

function contentOf({ packets, connections, began, seconds, format, links }: CaptureReport): string {
  const when = began === null ? "" : ` in ${secondsText(seconds * 1e6)} from ${began.slice(0, 19)}Z on`;
  const kind = [format, ...links].join(", ");
  return `${counted(packets, "packet")} of ${counted(connections.length, "connection")}${when} (${kind}):`;
}

/** The finding is about the direction `SENDER > RECEIVER` of the connection. */
function connectionLines({ about }: Finding, { ends, seconds }: ConnectionReport, bars: string): string[] {
  const receiver = about.endsWith(` > ${ends[0].address}`) && !about.startsWith(`${ends[0].address} `)
    ? ends[0]
    : ends[1];
  const sender = receiver === ends[0] ? ends[1] : ends[0];
  return [
    ...windowLines(receiver, bars),
    ...sender.zero_windows.count > 0 ? windowLines(sender, bars) : [],
    `  sent there  ${sentText(sender)} in ${secondsText(seconds * 1e6)}`,
    `  sent back   ${sentText(receiver)}`,
  ];
}

function sentText({ bytes, packets, retransmissions }: EndReport): string {
  const again = retransmissions === 0 ? "nothing" : counted(retransmissions, "segment");
  return `${formatSize(bytes)} in ${counted(packets, "packet")}, ${again} sent again`;
}

function windowLines({ address, window, zero_windows: { count, seconds } }: EndReport, bars: string): string[] {
  if (window === null) return [];
  const line = (values: readonly number[]) => sparkline(condensed(values, BARS), BARS, bars);
  return [
    `  window of ${address}, ${rangeText(window)}`,
    `    on average  ${line(window.mean)}  ${sizeText(window, Math.max(...window.mean, 0))} at most`,
    ...count > 0 ? [`    closed      ${line(window.closed_share)}  ${secondsText(seconds * 1e6)}`] : [],
  ];
}

function rangeText(window: WindowReport): string {
  const range = `${sizeText(window, window.smallest)} to ${sizeText(window, window.largest)}`;
  return window.scale === null ? `${range} (scale unknown)` : range;
}

function sizeText({ scale }: WindowReport, size: number): string {
  return scale === null ? String(size) : formatSize(size);
}
