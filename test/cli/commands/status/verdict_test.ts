/** What `status --check` makes of routes: the level, the words, the figures with their thresholds. */
import { type RouteStatus, UNKNOWN } from "../../../../src/admin/status.ts";
import { SpillwayError } from "../../../../src/base/error.ts";
import { limitsOf } from "../../../../src/cli/commands/status/limits.ts";
import { pluginLine } from "../../../../src/cli/commands/status/plugin_line.ts";
import { judge } from "../../../../src/cli/commands/status/verdict.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

const RUNNING: RouteStatus = { ...UNKNOWN, route: "feed", state: "direct", from: "daemon", target_up: true };

/** The line for these routes, without its figures. */
function verdictOf(routes: readonly Partial<RouteStatus>[], values: Record<string, string> = {}, more = {}): string {
  const report = { time: "2026-12-01T12:00:00.000Z", routes: routes.map((each) => ({ ...RUNNING, ...each })) };
  const limits = limitsOf({ values, switches: new Set(), operands: [] });
  return pluginLine(judge({ report: { ...report, ...more }, failures: [] }, limits), []);
}

Deno.test("without limits a route is judged by its state and by whether producers wait", () => {
  assertEquals(verdictOf([{}]), "SPILLWAY OK - 1 route, nothing pending");
  const pending = { pending_frames: 3, pending_bytes: 2048, oldest_pending_seconds: 90 };
  assertEquals(verdictOf([pending, {}]), "SPILLWAY OK - 2 routes, 3 frames pending, 2KiB, the oldest for 1m 30s");
  const levels = {
    direct: "OK",
    draining: "OK",
    waiting: "WARNING",
    stalled: "WARNING",
    stopping: "WARNING",
    full: "CRITICAL",
    stopped: "CRITICAL",
    silent: "CRITICAL",
  } as const;
  for (const state of Object.keys(levels) as (keyof typeof levels)[]) {
    assert(verdictOf([{ state }]).startsWith(`SPILLWAY ${levels[state]} - `), `${state}: ${verdictOf([{ state }])}`);
  }
  const heldUp = (seconds: number) => verdictOf([{ source_held_up_seconds: seconds }]);
  assertEquals(heldUp(0.8), "SPILLWAY OK - 1 route, nothing pending");
  assertEquals(heldUp(0.9), "SPILLWAY WARNING - feed: producers are held up for 900ms, limit 1s");
  assertEquals(heldUp(1.1), "SPILLWAY CRITICAL - feed: producers are held up for 1.1s, limit 1s");
});

Deno.test("a limit that is passed is critical, four fifths of it a warning, and all is said, the worst first", () => {
  const at = (frames: number) => verdictOf([{ pending_frames: frames, pending_bytes: 1 }], { "max-pending": "100" });
  assertEquals(at(80).split(" ")[1], "OK");
  assertEquals(at(81), "SPILLWAY WARNING - feed: pending: 81 frames, limit 100 frames");
  assertEquals(at(100).split(" ")[1], "WARNING");
  assertEquals(at(101), "SPILLWAY CRITICAL - feed: pending: 101 frames, limit 100 frames");
  const bytes = { "max-pending": "1KiB", "max-age": "1m", "max-dropped": "0", "max-held-up": "1h" };
  const behind = { pending_frames: 1, pending_bytes: 900, oldest_pending_seconds: 61, source_held_up_seconds: 9 };
  assertEquals(
    verdictOf([{ state: "waiting", detail: "ECONN|REFUSED\nx" }, { ...behind, route: "b", dropped_frames: 1 }], bytes),
    "SPILLWAY CRITICAL - b: the oldest frame is pending for 1m 1s, limit 1m; b: dropped: 1 frame, limit 0 frames; " +
      "feed: the consumer is away: ECONN/REFUSED; x; b: pending: 900B, limit 1KiB",
  );
  assertEquals(verdictOf([{ dropped_frames: 0 }], bytes).split(" ")[1], "OK");
});

Deno.test("what cannot be read is unknown, and nothing hides that but what is critical", () => {
  const limits = limitsOf({ values: {}, switches: new Set(), operands: [] });
  const judged = (route: Partial<RouteStatus>) =>
    judge({
      report: { time: "", routes: [{ ...RUNNING, ...route }] },
      failures: [new SpillwayError("cannot read it")],
    }, limits);
  assertEquals(pluginLine(judged({ state: "waiting" }), []).slice(0, 40), "SPILLWAY UNKNOWN - cannot read it; feed:");
  assertEquals(judged({ state: "full" }).map(({ level }) => level), ["critical", "unknown"]);
  const undelivered = [{ journal: "/j/old", pending_frames: 2, pending_bytes: 10 }];
  assertEquals(
    verdictOf([{}], {}, { undelivered }),
    "SPILLWAY WARNING - journal /j/old: 2 frames, 10B, pending; no route delivers it",
  );
});

Deno.test("figures have their unit and thresholds, those that no daemon tells are U, and labels hold", () => {
  const limits = limitsOf({ values: { "max-pending": "10MB", "max-age": "90s" }, switches: new Set(), operands: [] });
  const running = { ...RUNNING, route: "a='|b", pending_frames: 2, pending_bytes: 7, oldest_pending_seconds: 1.25 };
  const line = pluginLine([{ level: "ok", text: "x" }], [
    { ...running, dropped_frames: 4, dropped_bytes: 9 },
    { ...UNKNOWN, route: "off" },
  ], limits);
  assertEquals(line.split(" | ")[1].split(" "), [
    "'a__/b_pending_bytes'=7B;8000000;10000000;0",
    "'a__/b_pending_frames'=2;;;0",
    "'a__/b_oldest'=1.25s;72;90;0",
    "'a__/b_held_up'=0s;0.8;1;0",
    "'a__/b_dropped_bytes'=9B;;;0",
    "'a__/b_dropped_frames'=4c;;;0",
    "'off_pending_bytes'=0B;8000000;10000000;0",
    "'off_pending_frames'=0;;;0",
    "'off_oldest'=0s;72;90;0",
    "'off_held_up'=U;0.8;1;0",
    "'off_dropped_bytes'=U;;;0",
    "'off_dropped_frames'=U;;;0",
  ]);
  const many = Array.from({ length: 20 }, (_, i) => ({ level: "warning", text: `w${i}` }) as const);
  assertEquals(pluginLine(many, []), "SPILLWAY WARNING - w0; w1; w2; w3; w4; w5; w6; w7; and 12 findings more");
});

Deno.test("a limit that is none names its flag", () => {
  for (const [flag, text] of [["max-pending", "5M"], ["max-age", "5"], ["max-dropped", "-1"], ["max-held-up", "x"]]) {
    const error = assertThrows(
      () => limitsOf({ values: { [flag]: text }, switches: new Set(), operands: [] }),
      SpillwayError,
    );
    assert(error.message.startsWith(`--${flag}: "${text}" is not a `), error.message);
  }
});
