/** The state of a route and its figures in words. */
import { durationWords, latencyWords, sizeWords } from "../../src/admin/figure_words.ts";
import { describeState } from "../../src/admin/state_words.ts";
import { type RouteStatus, UNKNOWN } from "../../src/admin/status.ts";
import { assertEquals } from "../support/assert.ts";

const GIB = 2 ** 30;

const STATES: readonly [string, Partial<RouteStatus>][] = [
  ["direct: nothing pending", { state: "direct" }],
  ["direct: the consumer keeps up", { state: "direct", pending_bytes: 5 }],
  ["draining: 1.2 GiB behind, at this rate sent in 12 s", {
    state: "draining",
    pending_bytes: 1.2 * GIB,
    drained_in_seconds: 12,
  }],
  ["draining: 5 B behind, at this rate the disk is full in 4 d 3 h", {
    state: "draining",
    pending_bytes: 5,
    journal_full_seconds: 99 * 3600,
  }],
  ["stalled: the consumer is connected and does not read, 5 B behind, no byte for 9s", {
    state: "stalled",
    pending_bytes: 5,
    detail: "no byte for 9s",
  }],
  ["spilling: consumer gone for 3 m 12 s, 1.2 GiB behind, at this rate the disk is full in 2 h", {
    state: "waiting",
    pending_bytes: 1.2 * GIB,
    target_connects: 1,
    target_away_seconds: 192,
    journal_full_seconds: 7200,
  }],
  ["waiting: no consumer yet for 5 s, nothing pending", {
    state: "waiting",
    target_connects: 0,
    target_away_seconds: 5,
  }],
  ["waiting: no consumer, nothing pending", { state: "waiting" }],
  ["full: the journal takes no frames, 5 B behind, max_bytes", {
    state: "full",
    pending_bytes: 5,
    detail: "max_bytes",
  }],
  ["stopping, nothing pending", { state: "stopping" }],
  ["stopped: no daemon, 5 B behind", { state: "stopped", pending_bytes: 5 }],
  ["silent: the daemon does not answer, nothing pending", { state: "silent" }],
];

for (const [words, status] of STATES) {
  Deno.test(`a state is said as "${words}"`, () => assertEquals(describeState({ ...UNKNOWN, ...status }), words));
}

Deno.test("figures have a unit that keeps them short, also at its edges", () => {
  const sizes = [0, 999, 1000, 1024, 9.96 * 1024, 1023 * 1024, 1.2 * GIB].map(sizeWords);
  assertEquals(sizes, ["0 B", "999 B", "1.0 KiB", "1.0 KiB", "10 KiB", "1.0 MiB", "1.2 GiB"]);
  const durations = [0, 0.01, 0.96, 59.4, 59.6, 192, 3599.6, 7260, 86_400, 99 * 3600].map(durationWords);
  assertEquals(durations, ["0 s", "0.1 s", "1 s", "59 s", "1 m", "3 m 12 s", "1 h", "2 h 1 m", "1 d", "4 d 3 h"]);
  const latencies = [null, 0.00024, 0.0009996, 0.0031, 0.02, 1.2, 75].map(latencyWords);
  assertEquals(latencies, ["–", "240 µs", "1.0 ms", "3.1 ms", "20 ms", "1.2 s", "1 m 15 s"]);
});
