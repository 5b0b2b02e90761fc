/** The state of the routes as a table, for one look. */
import type { RouteStatus } from "../../admin/status.ts";
import { formatSize } from "../../base/size.ts";
import { aligned } from "../aligned.ts";
import { drained, oldest, printable, rate } from "./words.ts";

const HEAD = ["ROUTE", "STATE", "PENDING", "BYTES", "OLDEST", "IN", "OUT", "DRAINED IN"];
/** From here on columns are numbers, and stand to the right. */
const NUMBERS_FROM = 2;

/** Lines without newlines: a head, a line for each route, and a line for each that has more to say. */
export function tableOf(routes: readonly RouteStatus[]): string[] {
  const rows = routes.map((route) => [
    printable(route.route),
    route.state,
    String(route.pending_frames),
    formatSize(route.pending_bytes),
    oldest(route),
    rate(route.received_bytes_per_second),
    rate(route.delivered_bytes_per_second),
    drained(route),
  ]);
  return [...aligned([HEAD, ...rows], (column) => column >= NUMBERS_FROM), ...remarks(routes)];
}

/** What the routes say beside their figures. */
function remarks(routes: readonly RouteStatus[]): string[] {
  return routes.filter(({ detail }) => detail !== null).map((each) =>
    printable(`${each.route}: ${each.state}: ${each.detail}`)
  );
}
