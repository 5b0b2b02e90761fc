/** Events that repeat are counted: few lines, and nothing that matters is missing in them. */
import type { EventName } from "../../../src/base/events.ts";
import type { LogFields } from "../../../src/base/log.ts";
import { ProcessLog } from "../../../src/cli/output/log.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

interface Line {
  readonly event: EventName;
  readonly times?: number;
  readonly in_seconds?: number;
  readonly [field: string]: unknown;
}

class Scene {
  readonly clock = new VirtualClock();
  readonly lines: Line[] = [];
  readonly process = new ProcessLog({ level: "info", format: "json" }, {
    target: { write: (text) => void this.lines.push(JSON.parse(text)) },
    clock: this.clock,
    colour: false,
    isJournal: false,
  });

  say(event: EventName, fields?: LogFields, route = "feed"): void {
    this.process.of(route).say(event, fields);
  }

  /** `each` is done again and again, `everyMs`, for so long. */
  async pass(seconds: number, everyMs = 1000, each: (i: number) => void = () => {}): Promise<void> {
    for (let i = 0; i * everyMs < seconds * 1000; i++) {
      each(i);
      await this.clock.advance(everyMs);
    }
  }

  /** How many events of this name the lines stand for. */
  count(event: EventName): number {
    return this.lines.filter((line) => line.event === event).reduce((sum, { times = 1 }) => sum + times, 0);
  }
}

Deno.test("a minute of a flapping consumer is a few lines, which say how often and what may be lost in all", async () => {
  const scene = new Scene();
  await scene.pass(60, 500, (i) => {
    scene.say("target_connected", { sequence: i, frames_again: 1 });
    scene.say("spill_ended", { sequence: i });
    scene.say("target_lost", { reason: "connection reset", frames: 10, bytes: 100, may_be_lost_bytes: 7 });
    scene.say("spill_began", { reason: "the target is lost" });
    scene.say("target_unreachable", { error: "connection refused" });
  });
  scene.process.flush();
  assert(scene.lines.length <= 20, `${scene.lines.length} lines`);
  for (const event of ["target_connected", "target_lost", "target_unreachable", "spill_began"] as const) {
    assertEquals(scene.count(event), 120, event);
  }
  const lost = scene.lines.filter(({ event }) => event === "target_lost");
  const sum = (field: string) => lost.reduce((all, line) => all + Number(line[field]), 0);
  assertEquals([sum("may_be_lost_bytes"), sum("bytes"), sum("frames")], [120 * 7, 120 * 100, 120 * 10]);
});

Deno.test("twenty producers a second and a health check every second are two kinds of lines", async () => {
  const scene = new Scene();
  await scene.pass(60, 50, (i) => {
    scene.say("source_connected", { peer: `10.0.0.1:${40_000 + i}` });
    scene.say("source_disconnected", { peer: `10.0.0.1:${40_000 + i}`, reason: "eof", frames: 2, bytes: 50 });
    if (i % 20 === 0) scene.say("source_connected", { peer: "10.0.0.9:1" }, "other");
    if (i % 20 === 0) scene.say("source_disconnected", { peer: "10.0.0.9:1", reason: "eof" }, "other");
  });
  scene.process.flush();
  assert(scene.lines.length <= 8, `${scene.lines.length} lines`);
  assertEquals([scene.count("source_connected"), scene.count("source_disconnected")], [1260, 1260]);
  const bytes = scene.lines.filter(({ event, route }) => event === "source_disconnected" && route === "feed");
  assertEquals(bytes.reduce((sum, line) => sum + Number(line.bytes), 0), 1200 * 50);
});

Deno.test("what goes on for an hour is said at growing intervals", async () => {
  const scene = new Scene();
  await scene.pass(3600, 1000, () => scene.say("target_unreachable", { error: "connection refused" }));
  scene.process.flush();
  assertEquals(scene.lines.map(({ in_seconds }) => in_seconds), [undefined, 60, 120, 240, 480, 960, 1740]);
  assertEquals(scene.count("target_unreachable"), 3600);
});

Deno.test("an event that stays away for its time is news when it comes again, and a reason that changes is news at once", async () => {
  const scene = new Scene();
  scene.say("target_lost", { reason: "reset" });
  scene.say("target_lost", { reason: "closed" });
  await scene.pass(61);
  scene.say("target_lost", { reason: "reset" });
  assertEquals(scene.lines.map(({ reason, times }) => [reason, times]), [
    ["reset", undefined],
    ["closed", undefined],
    ["reset", undefined],
  ]);
});

Deno.test("of damage, of the books and of what is given up every event is a line", () => {
  const scene = new Scene();
  for (let i = 0; i < 30; i++) {
    scene.say("journal_damaged", { offset: i });
    scene.say("frames_given_up", { from: i });
    scene.say("route_stopped", {});
  }
  assertEquals(scene.lines.length, 90);
});

Deno.test("names that a peer makes up take no memory without bound", async () => {
  const scene = new Scene();
  await scene.pass(1, 1000, () => {
    for (let i = 0; i < 5_000; i++) scene.say("target_lost", { reason: `reason ${i}` });
  });
  assertEquals(scene.count("target_lost"), 5_000);
  scene.say("source_connected", {});
  assertEquals(scene.lines.at(-1)!.event, "source_connected");
});
