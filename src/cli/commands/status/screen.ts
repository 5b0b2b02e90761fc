/** The lines of the live view, cut to the terminal's size. */
import { basename } from "node:path";
import type { RouteStatus, State, StatusReport, UndeliveredJournal } from "../../../admin/status.ts";
import { formatDuration, formatSize } from "../../../base/quantity.ts";
import { undeliveredText } from "../../journals/undelivered.ts";
import { maskControls } from "../../output/control_characters.ts";
import { remarksOf } from "./remarks.ts";
import { sparkline } from "./sparkline.ts";
import { rowsOf } from "./table.ts";
import { drained, oldest, rate, shortened } from "./figure_texts.ts";

export interface ScreenOptions {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** The characters of a sparkline, lowest first. */
  readonly bars: string;
}

/** The backlog of each route by its journal, in bytes, one value a second, oldest first. */
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

/** The states, the most urgent first. */
const URGENCY: readonly State[] = [
  "full",
  "stalled",
  "silent",
  "waiting",
  "stopped",
  "stopping",
  "draining",
  "direct",
];

const WARNING = "33";
const INDENT = "  ";
/** A name gets at least this many characters, if need be at the cost of what follows it. */
const NAME_LENGTH = 8;

/** Lines that fit: at most `rows` of at most `columns` characters each. `troubles`: why a route's state cannot be read. */
export function screenOf(
  report: StatusReport,
  history: History,
  options: ScreenOptions,
  troubles: readonly string[] = [],
): string[] {
  const { columns, rows, colour } = options;
  const head: Piece[] = [
    { text: "spillway status", sgr: "1" },
    { text: `  ${clockOf(report.time)}  Ctrl-C ends`, sgr: "2" },
  ];
  const blocks = report.routes.flatMap((route, i) => [
    ...i === 0 ? [] : [[]],
    ...blockOf(route, report.time, history.get(route.journal) ?? [], options),
  ]);
  const errors = troubles.map((text): Piece[] => [{ text: maskControls(`error: ${text}`), sgr: "31" }]);
  const notes = [...undeliveredLines(report.undelivered ?? [], columns), ...errors];
  const gap: Piece[][] = notes.length > 0 && blocks.length > 0 ? [[]] : [];
  const full = [head, [], ...blocks, ...gap, ...notes];
  const lines = full.length <= rows ? full : compactLines(report, head, errors, options);
  return lines.slice(0, rows).map((line) => cut(line, columns, colour));
}

/** A line for each route, or for the most urgent ones if there is no room for all; their remarks if there is. */
function compactLines(
  report: StatusReport,
  head: Piece[],
  errors: readonly Piece[][],
  { columns, rows }: ScreenOptions,
): Piece[][] {
  const { routes, time, undelivered = [] } = report;
  const orphans: Piece[][] = undelivered.length === 0
    ? []
    : [[{ text: undeliveredSum(undelivered, columns), sgr: WARNING }]];
  const headRow = routes.length === 0 ? 0 : 1;
  // Routes come before errors, of which at least one is shown.
  const room = rows - 1 - headRow - orphans.length - Math.min(errors.length, Math.max(1, Math.floor(rows / 3)));
  const shown = routes.length <= room ? routes : worstOf(routes, Math.max(1, room - 1));
  const hidden = routes.filter((route) => !shown.includes(route));
  const text = (text: string): Piece[] => [{ text }];
  const lines = [
    head,
    ...(routes.length === 0 ? [] : rowsOf(shown, columns)).map(text),
    ...hidden.length === 0 ? [] : [text(sumOf(hidden))],
    ...orphans,
  ];
  const left = rows - lines.length - errors.length;
  const remarks = shown.flatMap((route) =>
    remarksOf(route, time).flatMap((remark) => {
      const words = `${shortened(maskControls(route.route), NAME_LENGTH)}: ${remark}`.split(" ");
      return packed(words, " ", columns).map((line, i) => i === 0 ? line : INDENT + line);
    })
  );
  return [...lines, ...remarks.slice(0, Math.max(0, left)).map(text), ...errors];
}

/** The `count` most urgent routes, in their order. */
function worstOf(routes: readonly RouteStatus[], count: number): RouteStatus[] {
  const worst = [...routes].sort((a, b) => urgencyOf(a) - urgencyOf(b) || b.pending_bytes - a.pending_bytes);
  const kept = new Set(worst.slice(0, count));
  return routes.filter((route) => kept.has(route));
}

/** 0 is the most urgent. */
function urgencyOf({ state, source_held_up_seconds }: RouteStatus): number {
  return source_held_up_seconds === null ? 1 + URGENCY.indexOf(state) : 0;
}

/** One line for the routes that are not shown. */
function sumOf(routes: readonly RouteStatus[]): string {
  const pending = routes.reduce((sum, { pending_bytes }) => sum + pending_bytes, 0);
  const states = URGENCY.map((state) => ({ state, count: routes.filter((route) => route.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  return `... ${routes.length} more: ${formatSize(pending)} pending, ${states.join(", ")}`;
}

/** The warnings that `status` prints below its table; of a long path both ends are shown. */
function undeliveredLines(journals: readonly UndeliveredJournal[], columns: number): Piece[][] {
  const room = Math.max(NAME_LENGTH, columns - INDENT.length - ":".length);
  return journals.flatMap((each) => {
    const text = `warning: ${undeliveredText({ ...each, journal: shortened(maskControls(each.journal), room) })}`;
    const lines = packed(text.split(" "), " ", columns);
    return lines.map((line, i): Piece[] => [{ text: i === 0 ? line : INDENT + line, sgr: WARNING }]);
  });
}

/** The same in one line. */
function undeliveredSum(journals: readonly UndeliveredJournal[], columns: number): string {
  const bytes = formatSize(journals.reduce((sum, { pending_bytes }) => sum + pending_bytes, 0));
  const where = journals.length === 1 ? maskControls(basename(journals[0].journal)) : `${journals.length} journals`;
  const text = `no route delivers ${bytes} in `;
  return text + shortened(where, Math.max(NAME_LENGTH, columns - text.length));
}

function blockOf(
  route: RouteStatus,
  time: string,
  values: readonly number[],
  options: ScreenOptions,
): Piece[][] {
  const { columns } = options;
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
  const nameRoom = columns - route.state.length - backlog.length - 2 * INDENT.length;
  return [
    [
      { text: shortened(maskControls(route.route), Math.max(NAME_LENGTH, nameRoom)), sgr: "1" },
      { text: INDENT },
      { text: route.state, sgr: COLOURS[route.state] },
      { text: INDENT },
      { text: backlog },
    ],
    [{ text: INDENT }, { text: bars, sgr: COLOURS[route.state] }, { text: peak, sgr: "2" }],
    ...packed(figures, INDENT, columns).map((text): Piece[] => [{ text: INDENT + text }]),
    ...remarksOf(route, time).flatMap((remark) =>
      packed(remark.split(" "), " ", columns).map((text): Piece[] => [{ text: INDENT + text, sgr: "2" }])
    ),
  ];
}

/** The words, as many on a line as there is room for behind the indentation. */
function packed(words: readonly string[], gap: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    const longer = last === undefined ? undefined : last + gap + word;
    if (longer !== undefined && INDENT.length + longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The backlog over time, and the most it was in what is shown. */
function curveOf(values: readonly number[], { columns, bars }: ScreenOptions): { bars: string; peak: string } {
  // The text of the peak depends on how many values are shown, which depends on the length of that text.
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
