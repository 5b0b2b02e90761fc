/** The live view, line by line. */
import type { RouteStatus } from "../../../../src/admin/status.ts";
import { diskStatus } from "../../../../src/admin/disk_status.ts";
import { screenOf } from "../../../../src/cli/commands/status/screen.ts";
import { ASCII_BARS, sparkline, UNICODE_BARS } from "../../../../src/cli/commands/status/sparkline.ts";
import { tableOf } from "../../../../src/cli/commands/status/table.ts";
import { summarizeJournal } from "../../../../src/journal/open.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { MemoryFiles } from "../../../support/memory_files.ts";

const never = await summarizeJournal(new MemoryFiles(), "/spillway-absent/feed");
const stopped = diskStatus(never, {
  route: "feed",
  directory: "/spillway-absent/feed",
  silent: undefined,
  nowUs: 0,
});

const draining: RouteStatus = {
  ...stopped,
  state: "draining",
  detail: null,
  from: "daemon",
  pending_frames: 12_345,
  pending_bytes: 6 * 2 ** 20,
  oldest_pending_seconds: 125,
  received_bytes_per_second: 0,
  delivered_bytes_per_second: 2 ** 20,
  drained_in_seconds: 5.2,
};

const report = (...routes: RouteStatus[]) => ({ time: "2026-11-25T03:50:12.500Z", routes });
const plain = { columns: 80, rows: 24, colour: false, bars: UNICODE_BARS };
const history = new Map([["/spillway-absent/feed", [0, 2 ** 20, 8 * 2 ** 20, 6 * 2 ** 20]]]);

Deno.test("a sparkline goes from 0 to the largest value shown; the lowest bar is for 0 alone", () => {
  assertEquals(sparkline([0, 1, 50, 100], 10), "▁▂▅█");
  assertEquals(sparkline([1000, 1, 2], 2), "▅█", "what is not shown does not count");
  assertEquals(sparkline([0, 0], 2), "▁▁");
  assertEquals(sparkline([0, 5, 10], 3, ASCII_BARS), "_=#");
  assertEquals(sparkline([1, 2], 0), "");
  assertEquals(sparkline([], 5), "");
});

Deno.test("a route that drains shows backlog, curve, rates, age and what is left", () => {
  assertEquals(screenOf(report(draining), history, plain).slice(2), [
    "feed  draining  6MiB pending, 12,345 frames",
    "  ▁▂█▇  at most 8MiB in 4s",
    "  in 0B/s  out 1MiB/s  oldest 2m 5s  drained in 6s",
  ]);
});

Deno.test("where the curve and its peak do not fit, the curve stays", () => {
  assertEquals(screenOf(report(draining), history, { ...plain, columns: 18 })[3], "  ▁▂█▇");
  assertEquals(screenOf(report(draining), history, { ...plain, columns: 4 })[3], "  █▇");
});

Deno.test("what is on disk is known by the same path as the daemon tells", () => {
  const subject = { route: "feed", directory: "spillway-absent/feed", silent: undefined, nowUs: 0 };
  assertEquals(diskStatus(never, subject).journal, `${Deno.cwd()}/spillway-absent/feed`);
});

Deno.test("why a route does not run stands below it", () => {
  assertEquals(screenOf(report(stopped), new Map(), plain).slice(2), [
    "feed  stopped  nothing pending",
    "  ",
    "  in -  out -",
    "  it has never run",
  ]);
});

Deno.test("a route whose state cannot be read has a line that says why", () => {
  const troubles = ["open b/cursor: permission denied\n(EACCES)"];
  assertEquals(screenOf(report(draining), history, plain, troubles).slice(5), [
    "",
    "error: open b/cursor: permission denied?(EACCES)",
  ]);
  assertEquals(screenOf(report(), history, plain, troubles).slice(2), [
    "error: open b/cursor: permission denied?(EACCES)",
  ]);
  const small = screenOf(report(draining), history, { ...plain, rows: 5 }, troubles);
  assertEquals(small.at(-1), "error: open b/cursor: permission denied?(EACCES)");
});

Deno.test("no line is wider and no picture taller than the terminal", () => {
  const many = Array.from({ length: 30 }, (_, i) => ({ ...draining, route: `feed-${i}`, detail: "x".repeat(200) }));
  const long = new Map([["/spillway-absent/feed", Array.from({ length: 500 }, (_, i) => i)]]);
  for (const columns of [1, 10, 40, 80, 200]) {
    for (const rows of [1, 3, 10, 100, 200]) {
      const lines = screenOf(report(...many), long, { ...plain, columns, rows });
      assert(lines.length <= rows && lines.every((line) => line.length <= columns), `${columns} x ${rows}`);
    }
  }
  const lines = screenOf(report(...many), long, { ...plain, rows: 10 });
  assertEquals(lines.at(-1), "... 23 more: 138MiB pending, 23 draining");
});

const crowd = Array.from({ length: 20 }, (_, i): RouteStatus => ({
  ...draining,
  route: `orders-of-the-europe-west-region-${i}`,
  state: i === 13 ? "full" : i === 17 ? "waiting" : i % 2 === 0 ? "direct" : "draining",
  detail: i === 13 ? "no space left on device (ENOSPC)" : null,
  pending_bytes: i % 2 === 0 ? 0 : 2 ** 20 * (i + 1),
  pending_frames: i % 2 === 0 ? 0 : 1000 * (i + 1),
}));

Deno.test("many routes with long names keep their figures in a small terminal, and those in trouble are seen", () => {
  assertEquals(screenOf(report(...crowd), history, { ...plain, columns: 40, rows: 12 }).slice(1), [
    "ROUTE            STATE     BYTES  OLDEST",
    "orders-~egion-3  draining   4MiB   2m 5s",
    "orders-~egion-5  draining   6MiB   2m 5s",
    "orders-~egion-7  draining   8MiB   2m 5s",
    "orders-~egion-9  draining  10MiB   2m 5s",
    "orders-~gion-11  draining  12MiB   2m 5s",
    "orders-~gion-13  full      14MiB   2m 5s",
    "orders-~gion-15  draining  16MiB   2m 5s",
    "orders-~gion-17  waiting   18MiB   2m 5s",
    "orders-~gion-19  draining  20MiB   2m 5s",
    "... 11 more: 2MiB pending, 1 draining, 1",
  ]);
  assertEquals(screenOf(report(...crowd), history, { ...plain, columns: 80, rows: 8 }).slice(1), [
    "ROUTE                 STATE     PENDING  BYTES  OLDEST    IN     OUT  DRAINED IN",
    "orders-of-~region-11  draining    12000  12MiB   2m 5s  0B/s  1MiB/s          6s",
    "orders-of-~region-13  full        14000  14MiB   2m 5s  0B/s  1MiB/s          6s",
    "orders-of-~region-15  draining    16000  16MiB   2m 5s  0B/s  1MiB/s          6s",
    "orders-of-~region-17  waiting     18000  18MiB   2m 5s  0B/s  1MiB/s          6s",
    "orders-of-~region-19  draining    20000  20MiB   2m 5s  0B/s  1MiB/s          6s",
    "... 15 more: 30MiB pending, 5 draining, 10 direct",
  ]);
});

Deno.test("journals that no route delivers are named, and in a small terminal added up in a line that has its place", () => {
  const journal = "/var/lib/spillway/orders-of-the-europe-west-region";
  const one = [{ journal, pending_frames: 3, pending_bytes: 300 }];
  const two = [...one, { journal: "/var/lib/spillway/audit", pending_frames: 1, pending_bytes: 2 ** 20 }];
  const seen = (undelivered: typeof one, size: { columns: number; rows: number }, ...routes: RouteStatus[]) => {
    const lines = screenOf({ ...report(...routes), undelivered }, history, { ...plain, ...size });
    assert(lines.length <= size.rows && lines.every((line) => line.length <= size.columns), lines.join("\n"));
    return lines;
  };
  assertEquals(seen(two, { columns: 80, rows: 24 }, draining).slice(5), [
    "",
    "warning: journal /var/lib/spillway/orders-of-the-europe-west-region: 3 frames,",
    "  300B, pending; no route delivers it",
    "warning: journal /var/lib/spillway/audit: 1 frame, 1MiB, pending; no route",
    "  delivers it",
  ]);
  assertEquals(seen(one, { columns: 40, rows: 12 }, draining).slice(6), [
    "",
    "warning: journal",
    "  /var/lib/spillway/~europe-west-region:",
    "  3 frames, 300B, pending; no route",
    "  delivers it",
  ]);
  const [narrow, flat] = [{ columns: 40, rows: 12 }, { columns: 80, rows: 8 }];
  assertEquals(seen(one, narrow, ...crowd).slice(-2), [
    "... 12 more: 6MiB pending, 2 draining, 1",
    "no route delivers 300B in orders-~region",
  ]);
  assertEquals(seen(two, narrow, ...crowd).at(-1), "no route delivers 1MiB in 2 journals");
  assertEquals(seen(one, flat, ...crowd).slice(-2), [
    "... 16 more: 42MiB pending, 6 draining, 10 direct",
    "no route delivers 300B in orders-of-the-europe-west-region",
  ]);
  assert(seen(two, { columns: 80, rows: 6 }, draining).includes("no route delivers 1MiB in 2 journals"));
});

Deno.test("a route says what it has dropped, why and when last, who is held up, and what may be lost", () => {
  const troubled: RouteStatus = {
    ...draining,
    route: "orders-of-the-europe-west-region",
    state: "full",
    source_held_up_seconds: 12.3,
    source_held_up_reason: "memory is full: no space left on device (ENOSPC)",
    dropped: { full: { frames: 12, bytes: 3000 }, unfinished: { frames: 0, bytes: 7 } },
    dropped_last_time: { full: "2026-11-25T03:48:12.500Z", unfinished: "2026-11-25T03:50:11.500Z" },
    may_be_lost_bytes: 131_072,
  };
  const remarks = [
    "producers are held up for 12.3s: memory is full: no space left on device (ENOSPC)",
    "dropped{unfinished}: 7B, last 1s ago",
    "dropped{full}: 12 frames, 2.9KiB, last 2m ago",
    "may be lost: 128KiB that consumers had when their connections ended",
  ];
  const table = tableOf(report(troubled));
  assertEquals(table.slice(2), remarks.map((remark) => `orders-of-the-europe-west-region: full: ${remark}`));
  const wide = screenOf(report(troubled), history, { ...plain, columns: 100 });
  assertEquals(wide.slice(-4), remarks.map((remark) => `  ${remark}`));
  assertEquals(screenOf(report(troubled), history, { ...plain, columns: 40, rows: 12 }).slice(1), [
    "ROUTE       STATE  BYTES  OLDEST     OUT",
    "order~gion  full    6MiB   2m 5s  1MiB/s",
    "orde~ion: producers are held up for",
    "  12.3s: memory is full: no space left",
    "  on device (ENOSPC)",
    "orde~ion: dropped{unfinished}: 7B,",
    "  last 1s ago",
    "orde~ion: dropped{full}: 12 frames,",
    "  2.9KiB, last 2m ago",
    "orde~ion: may be lost: 128KiB that",
    "  consumers had when their connections",
  ]);
});

Deno.test("colour is around whole pieces, cut where the line is, and absent without", () => {
  const [head] = screenOf(report(draining), history, { ...plain, colour: true, columns: 8 });
  assertEquals(head, "\x1b[1mspillway\x1b[0m");
  assert(screenOf(report(draining), history, plain).every((line) => !line.includes("\x1b")));
});

Deno.test("a message cannot steer the terminal", () => {
  const lines = screenOf(report({ ...stopped, detail: "a\x1b[2Jb\nc" }), new Map(), plain);
  assertEquals(lines.at(-1), "  a?[2Jb?c");
});
