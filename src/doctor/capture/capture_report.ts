/** From a capture that was read to what is told of it. Pure: the same bytes give the same report. */
import { formatSize } from "../../base/quantity.ts";
import { counted } from "../../base/range_text.ts";
import { isSlow } from "../diagnose.ts";
import type { Finding } from "../finding.ts";
import type { Connection } from "./connection.ts";
import { type ConnectionReport, connectionReport, isoUs, secondsOf } from "./connection_report.ts";
import { scaleOf } from "./end.ts";
import { isReadable, linkName } from "./link_layer.ts";
import type { Capture, CaptureCut } from "./read_capture.ts";
import { verdictOf } from "./verdict.ts";

export interface CaptureReport {
  /** `pcap`, `pcapng`. */
  readonly format: string;
  /** `Ethernet`; those that the capture names. */
  readonly links: readonly string[];
  readonly bytes: number;
  readonly packets: number;
  /** Time of the earliest packet; null if there is none. */
  readonly began: string | null;
  readonly seconds: number;
  /** Where and why reading stopped; null if the whole capture was read. */
  readonly cut: CaptureCut | null;
  readonly slow: boolean;
  /** One for each connection, what is slow and longest first; at least one. */
  readonly findings: readonly Finding[];
  /** In the order of the findings. */
  readonly connections: readonly ConnectionReport[];
  /** Sentences: what could not be seen, or only in part. */
  readonly unseen: readonly string[];
}

/** `name`: of the capture, for messages. */
export function reportOf(capture: Capture, name: string): CaptureReport {
  const { connections } = capture.table;
  const { counts: { packets }, firstUs, lastUs } = capture.dissector;
  const judged = connections
    .map((connection) => ({ connection, finding: verdictOf(connection) }))
    .sort(worstFirst);
  const findings = judged.length > 0 ? judged.map(({ finding }) => finding) : [noConnection(name)];
  return {
    format: capture.format,
    links: [...new Set(capture.links.map(linkName))],
    bytes: capture.bytes,
    packets,
    began: packets === 0 ? null : isoUs(firstUs),
    seconds: packets === 0 ? 0 : secondsOf(lastUs - firstUs),
    cut: capture.cut ?? null,
    slow: isSlow(findings),
    findings,
    connections: judged.map(({ connection }) => connectionReport(connection)),
    unseen: unseenOf(capture, connections),
  };
}

/** What is slow comes first; then what was closed the longest, then what carried the most. Equals stay in their order. */
function worstFirst(a: Judged, b: Judged): number {
  const [one, other] = [weightsOf(a), weightsOf(b)];
  const differing = one.findIndex((weight, i) => weight !== other[i]);
  return differing < 0 ? 0 : other[differing] - one[differing];
}

function weightsOf({ connection: { ends: [a, b] }, finding: { level, kind } }: Judged): number[] {
  const weight = level === "note" ? 0 : kind === "absent" ? 1 : 2;
  return [weight, Math.max(a.closures.closedUs, b.closures.closedUs), a.bytes + b.bytes];
}

interface Judged {
  readonly connection: Connection;
  readonly finding: Finding;
}

function noConnection(name: string): Finding {
  return {
    kind: "absent",
    level: "slow",
    certainty: "sure",
    about: name,
    text: "there is no TCP connection in this capture.",
    advice: ["was it captured on the right interface, with the right filter? tcpdump -i any tcp port 9001 sees all"],
    pid: null,
    program: null,
    figures: {},
  };
}

function unseenOf(capture: Capture, connections: readonly Connection[]): string[] {
  const { cut, untimed, links, table, dissector: { counts } } = capture;
  const ends = connections.flatMap(({ ends }) => ends);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const unreadable = links.filter((link) => !isReadable(link)).map(linkName).join(", ");
  const missing = sum(ends.map(({ unseenBytes }) => unseenBytes));
  const unscaled = connections.filter(isUnscaled).length;
  return [
    ...cut === undefined ? [] : [`what follows byte ${cut.at} of the capture: ${cut.reason}`],
    ...packets(counts.unreadableLink, (them) => `${them} of a kind that is not read: ${unreadable}`),
    ...packets(counts.fragments, (them) => `${them} that are IP fragments`),
    ...packets(counts.cutShort, (them) => `${them} of which too little was captured: 128 bytes are enough (-s 128)`),
    ...packets(counts.malformed, (them) => `${them} whose headers contradict themselves`),
    ...packets(
      table.segmentsBeyond,
      (them) =>
        `${them} of further connections (${table.begunBeyond} of them begin here): ${connections.length} are told apart; ` +
        `to choose: tcpdump -r FILE -w - tcp port 9001 | spillway doctor --pcap -`,
    ),
    ...missing === 0 ? [] : [`${formatSize(missing)} of data that the capture has passed over`],
    ...unscaled === 0 ? [] : [
      `how large the windows of ${
        counted(unscaled, "connection")
      } are: the window scale is in the SYN, which was not ` +
      `captured; a closed window is seen all the same`,
    ],
    ...packets(untimed, (them) => `the time of ${them}: the capture has none for them`),
    ...packets(
      sum(connections.map(({ timesBack }) => timesBack)),
      (them) => `the order of ${them}: their time is before that of an earlier one`,
    ),
    ...packets(
      sum(ends.map(({ copies }) => copies)),
      (them) => `the second copy of ${them}: they were captured on two interfaces`,
    ),
  ];
}

function packets(count: number, sentence: (them: string) => string): string[] {
  return count === 0 ? [] : [sentence(counted(count, "packet"))];
}

function isUnscaled({ ends: [a, b] }: Connection): boolean {
  return a.window !== undefined && scaleOf(a, b) === undefined || b.window !== undefined && scaleOf(b, a) === undefined;
}
