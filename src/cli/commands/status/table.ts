/** The state of the routes as a table of a given width. */
import type { RouteStatus, StatusReport } from "../../../admin/status.ts";
import { formatSize } from "../../../base/quantity.ts";
import { aligned } from "../../output/table.ts";
import { maskControls } from "../../output/control_characters.ts";
import { remarksOf } from "./remarks.ts";
import { drained, oldest, rate, shortened } from "./figure_texts.ts";

interface Column {
  readonly head: string;
  readonly cell: (route: RouteStatus) => string;
  /** Where there is no room for all columns, those of the highest rank are left out first. */
  readonly rank: number;
}

/** All columns but the route's name, which precedes them and is shortened, never left out. */
const COLUMNS: readonly Column[] = [
  { head: "STATE", cell: ({ state }) => state, rank: 0 },
  { head: "PENDING", cell: ({ pending_frames }) => String(pending_frames), rank: 4 },
  { head: "BYTES", cell: ({ pending_bytes }) => formatSize(pending_bytes), rank: 1 },
  { head: "OLDEST", cell: oldest, rank: 2 },
  { head: "IN", cell: (route) => rate(route.received_bytes_per_second), rank: 6 },
  { head: "OUT", cell: (route) => rate(route.delivered_bytes_per_second), rank: 3 },
  { head: "DRAINED IN", cell: drained, rank: 5 },
];

const GAP = 2;
/** The columns from this one on are numbers, aligned to the right. */
const NUMBERS_FROM = 2;
/** A name is not shortened below this to make room for another column. */
const NAME_MIN = 8;

/** Lines without newlines: a head and a line for each route, of at most `width` characters, and a line for each remark. */
export function tableOf({ routes, time }: StatusReport, width: number = Number.POSITIVE_INFINITY): string[] {
  const remarks = routes.flatMap((route) =>
    remarksOf(route, time).map((remark) => `${maskControls(route.route)}: ${route.state}: ${remark}`)
  );
  return [...rowsOf(routes, width), ...remarks];
}

/** The head, and a line for each route, of at most `width` characters. */
export function rowsOf(routes: readonly RouteStatus[], width: number): string[] {
  const names = routes.map(({ route }) => maskControls(route));
  const nameWidth = Math.max("ROUTE".length, ...names.map((name) => name.length));
  const shown = columnsWithin(routes, width, Math.min(NAME_MIN, nameWidth));
  const left = Math.max(1, width - shown.reduce((sum, column) => sum + GAP + widthOf(column, routes), 0));
  const rows = routes.map((route, i) => [shortened(names[i], left), ...shown.map(({ cell }) => cell(route))]);
  const lines = aligned([["ROUTE", ...shown.map(({ head }) => head)], ...rows], (column) => column >= NUMBERS_FROM);
  return lines.map((line) => line.slice(0, width));
}

/** The columns that there is room for beside a name of `nameWidth`, in their order. */
function columnsWithin(routes: readonly RouteStatus[], width: number, nameWidth: number): Column[] {
  let left = width - nameWidth;
  const taken = new Set<Column>();
  for (const column of [...COLUMNS].sort((a, b) => a.rank - b.rank)) {
    left -= GAP + widthOf(column, routes);
    // A narrower column does not take the place of one of lower rank.
    if (left < 0) break;
    taken.add(column);
  }
  return COLUMNS.filter((column) => taken.has(column));
}

function widthOf({ head, cell }: Column, routes: readonly RouteStatus[]): number {
  return Math.max(head.length, ...routes.map((route) => cell(route).length));
}
