/** The live view of the routes: what its lines say, cut to the terminal's size. */
import type { RouteStatus, State, StatusReport } from "../../admin/status.ts";
import { formatDuration } from "../../base/duration.ts";
import { formatSize } from "../../base/size.ts";
import { sparkline } from "./sparkline.ts";
import { tableOf } from "./table.ts";
import { drained, oldest, printable, rate } from "./words.ts";

export interface ScreenOptions {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** The characters of a sparkline, lowest first. */
  readonly bars: string;
}

/** What the backlog of each route was, in bytes, one value a second, oldest first. */
export type History = ReadonlyMap<string, readonly number[]>;

/** Text with an SGR code. */
interface Piece {
  readonly text: string;
  readonly sgr?: string;
}

const COLOURS: Readonly<Record<State, string>> = {
  direct: "32",
  draining: "33",
  waiting: "33",
  stalled: "31",
  full: "31",
  silent: "31",
  stopping: "33",
  stopped: "2",
};

const INDENT = "  ";

/** Lines that fit: at most `rows` of at most `columns` characters each. `troubles`: why a route's state cannot be read. */
export function screenOf(
  report: StatusReport,
  history: History,
  options: ScreenOptions,
  troubles: readonly string[] = [],
): string[] {
  const { columns, rows, colour } = options;
  const head: Piece[][] = [
    [{ text: "spillway status", sgr: "1" }, { text: `  ${clockOf(report.time)}  Ctrl-C ends`, sgr: "2" }],
    [],
  ];
  const blocks = report.routes.flatMap((route, i) => [
    ...i === 0 ? [] : [[]],
    ...blockOf(route, history.get(route.journal) ?? [], options),
  ]);
  const errors = troubles.map((text): Piece[] => [{ text: printable(`error: ${text}`), sgr: "31" }]);
  const gap: Piece[][] = errors.length > 0 && blocks.length > 0 ? [[]] : [];
  const fits = head.length + blocks.length + gap.length + errors.length <= rows;
  const table = () => tableOf(report.routes).map((text): Piece[] => [{ text }]);
  const lines = [...head, ...fits ? [...blocks, ...gap] : table(), ...errors];
  const shown = lines.slice(0, rows);
  const hidden = lines.length - shown.length;
  if (hidden > 0) shown[shown.length - 1] = [{ text: `... ${hidden + 1} more lines; make the window taller` }];
  return shown.map((line) => cut(line, columns, colour));
}

function blockOf(route: RouteStatus, values: readonly number[], options: ScreenOptions): Piece[][] {
  const { pending_frames: frames, pending_bytes: bytes } = route;
  const backlog = frames === 0
    ? "nothing pending"
    : `${formatSize(bytes)} pending, ${frames.toLocaleString("en-US")} ${frames === 1 ? "frame" : "frames"}`;
  const figures = [
    `in ${rate(route.received_bytes_per_second)}`,
    `out ${rate(route.delivered_bytes_per_second)}`,
    ...frames > 0 ? [`oldest ${oldest(route)}`] : [],
    ...route.drained_in_seconds === null ? [] : [`drained in ${drained(route)}`],
  ];
  const { bars, peak } = curveOf(values, options);
  return [
    [
      { text: printable(route.route), sgr: "1" },
      { text: INDENT },
      { text: route.state, sgr: COLOURS[route.state] },
      { text: INDENT },
      { text: backlog },
    ],
    [{ text: INDENT }, { text: bars, sgr: COLOURS[route.state] }, { text: peak, sgr: "2" }],
    [{ text: INDENT + figures.join(INDENT) }],
    ...route.detail === null ? [] : [[{ text: INDENT + printable(route.detail), sgr: "2" }]],
  ];
}

/** The backlog over time, and the most it was in what is shown. */
function curveOf(values: readonly number[], { columns, bars }: ScreenOptions): { bars: string; peak: string } {
  // What the peak is said to be depends on how much is shown, which depends on how long that is.
  for (let width = columns - INDENT.length; width > 0; width--) {
    const shown = values.slice(-width);
    const most = Math.max(...shown, 0);
    const peak = most === 0 ? "" : `${INDENT}at most ${formatSize(most)} in ${formatDuration(shown.length * 1000)}`;
    if (INDENT.length + shown.length + peak.length <= columns) return { bars: sparkline(shown, width, bars), peak };
  }
  // Too narrow for both.
  return { bars: sparkline(values, Math.max(0, columns - INDENT.length), bars), peak: "" };
}

/** The text up to `columns` characters; what is coloured ends with its piece. */
function cut(pieces: readonly Piece[], columns: number, colour: boolean): string {
  let line = "";
  let left = columns;
  for (const { text, sgr } of pieces) {
    const shown = text.slice(0, left);
    left -= shown.length;
    if (shown !== "") line += colour && sgr !== undefined ? `\x1b[${sgr}m${shown}\x1b[0m` : shown;
  }
  return line;
}

/** Local time of day. */
function clockOf(iso: string): string {
  const time = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
