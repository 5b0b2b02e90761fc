/** The order of the dashboard's list, its three answers, and the samples of its charts. */
import { answersOf } from "../../../src/admin/dashboard/client/answers.ts";
import { COLUMNS, sampleOf, Samples } from "../../../src/admin/dashboard/client/samples.ts";
import { type Trouble, troubleOf, TroubleOrder } from "../../../src/admin/dashboard/client/trouble.ts";
import { type RouteStatus, UNKNOWN } from "../../../src/admin/status.ts";
import { assertEquals } from "../../support/assert.ts";

const NOW_MS = Date.parse("2026-01-01T00:10:00Z");
const status = (of: Partial<RouteStatus>): RouteStatus => ({ ...UNKNOWN, state: "direct", target_up: true, ...of });
const drop = (reason: string, agoMs: number) => ({
  dropped: { [reason]: { frames: 2, bytes: 10 } },
  dropped_last_time: { [reason]: new Date(NOW_MS - agoMs).toISOString() },
});

const TROUBLES: readonly [string, Trouble, Partial<RouteStatus>][] = [
  ["passing frames on", 0, { pending_bytes: 5 }],
  ["discarding bytes between frames", 0, drop("between", 0)],
  ["reading paced for a moment", 0, { source_held_up_seconds: 0.1 }],
  ["waiting with nothing pending", 1, { state: "waiting" }],
  ["having lost frames an hour ago", 1, drop("full", 3_600_000)],
  ["having bytes that may be lost", 1, { may_be_lost_bytes: 1 }],
  ["filling the disk", 1, { state: "draining", journal_full_seconds: 60 }],
  ["spilling without a consumer", 2, { state: "waiting", pending_bytes: 1 }],
  ["stalled", 2, { state: "stalled" }],
  ["full", 3, { state: "full" }],
  ["losing frames now", 3, drop("full", 1000)],
  ["holding a producer up", 3, { source_held_up_seconds: 4 }],
];

for (const [what, trouble, of] of TROUBLES) {
  Deno.test(`${what} is trouble of degree ${trouble}`, () => assertEquals(troubleOf(status(of), NOW_MS), trouble));
}

Deno.test("the list has the worst first, rises at once, and sinks only after ten calm seconds", () => {
  const order = new TroubleOrder();
  const at = (nowMs: number, a: Trouble, b: Trouble, c: Trouble) =>
    order.sort([{ route: "c", trouble: c }, { route: "a", trouble: a }, { route: "b", trouble: b }], nowMs).join("");
  assertEquals(at(0, 0, 0, 0), "abc");
  assertEquals(at(1000, 0, 1, 3), "cba");
  assertEquals(at(2000, 0, 0, 0), "cba");
  assertEquals(at(10_000, 0, 0, 2), "cba");
  assertEquals(at(11_500, 0, 0, 2), "cab");
  assertEquals(order.sort([{ route: "b", trouble: 0 }], 12_000), ["b"]);
});

Deno.test("the three answers name the route, the amount and the time", () => {
  const answers = (...routes: Partial<RouteStatus>[]) =>
    answersOf(routes.map((each, i) => status({ route: `r${i}`, ...each }))).map(({ answer, mood }) => [answer, mood]);
  assertEquals(answers({}, {}), [["No", "fine"], ["No", "fine"], ["No", "fine"]]);
  assertEquals(
    answers({}, {
      source_held_up_seconds: 4.2,
      pending_bytes: 2 ** 20,
      oldest_pending_seconds: 61,
      ...drop("full", 0),
    }),
    [["Yes, for 4 s", "bad"], ["1.0 MiB, 1 m 1 s", "odd"], ["10 B", "bad"]],
  );
  assertEquals(answers({ may_be_lost_bytes: 9 })[2], ["Perhaps", "bad"]);
  assertEquals(answers(drop("between", 0))[2], ["No", "fine"]);
});

Deno.test("samples keep the last ones in order, and know how long reading was paused between two", () => {
  const samples = new Samples(3, 6);
  const paused = [0, 0.25, 0.25, 1.75, 0];
  paused.forEach((source_paused_seconds, i) => {
    const before = { status: status({ source_paused_seconds: paused[i - 1] }), timeMs: (i - 1) * 1000 };
    samples.push(sampleOf(status({ source_paused_seconds }), i * 1000, i === 0 ? undefined : before));
  });
  samples.push(sampleOf(status({}), 2000));
  assertEquals(samples.column(COLUMNS.time), [2, 3, 4]);
  // More than all of the time is all of it; a counter that went back is another process.
  assertEquals(samples.column(COLUMNS.heldUp), [0, 1, null]);
  assertEquals(samples.most(COLUMNS.heldUp), 1);
});
