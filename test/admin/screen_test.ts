/** The live view, line by line. */
import type { RouteStatus } from "../../src/admin/status.ts";
import { diskStatus } from "../../src/admin/disk_status.ts";
import { screenOf } from "../../src/cli/status/screen.ts";
import { ASCII_BARS, sparkline, UNICODE_BARS } from "../../src/cli/status/sparkline.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { assert, assertEquals } from "../support/assert.ts";

const stopped = await diskStatus(denoRuntime, {
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

Deno.test("what is on disk is known by the same path as the daemon tells", async () => {
  const subject = { route: "feed", directory: "spillway-absent/feed", silent: undefined, nowUs: 0 };
  assertEquals((await diskStatus(denoRuntime, subject)).journal, `${Deno.cwd()}/spillway-absent/feed`);
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
  assertEquals(lines.at(-1), "... 54 more lines; make the window taller");
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
