/** The daemon's log lines. */
import { assertEquals } from "../../support/assert.ts";
import { type EventName, EVENTS } from "../../../src/base/events.ts";
import type { LogFields, LogLevel } from "../../../src/base/log.ts";
import { ProcessLog } from "../../../src/cli/output/log.ts";
import type { LogSettings } from "../../../src/config/config.ts";

const clock = {
  monotonicMs: () => 0,
  wallUs: () => Date.UTC(2026, 10, 23, 17, 0, 0, 123) * 1000,
  sleep: () => new Promise<void>(() => {}),
};

const TEXT: LogSettings = { level: "debug", format: "text" };

function linesOf(
  settings: LogSettings,
  entries: readonly [EventName, LogFields?][],
  { colour = false, isJournal = false } = {},
): string {
  let text = "";
  const target = { write: (line: string) => void (text += line) };
  const log = new ProcessLog(settings, { target, clock, colour, isJournal }).of("feed");
  for (const [event, fields] of entries) log.say(event, fields);
  return text;
}

Deno.test("a text line has time, level, route, message, the event's name and fields", () => {
  const line = linesOf(TEXT, [["target_connected", {
    peer: "127.0.0.1:9001",
    frames: 3,
    again: undefined,
    clean: true,
  }]]);
  assertEquals(
    line,
    "2026-11-23T17:00:00.123Z info feed: target connected event=target_connected peer=127.0.0.1:9001 frames=3 clean=true\n",
  );
});

Deno.test("a value that could be taken for several is quoted", () => {
  const line = linesOf(TEXT, [["stopping", { a: "x y", b: 'q"', c: "", d: "k=v" }]]);
  assertEquals(line, '2026-11-23T17:00:00.123Z info feed: stopping event=stopping a="x y" b="q\\"" c="" d="k=v"\n');
});

Deno.test("nothing that a peer sends can forge a line or steer a terminal", () => {
  for (const colour of [false, true]) {
    const text = linesOf(TEXT, [["source_fault", { from: "\x1b[2J\r\n\u2028\x9b" }]], { colour });
    assertEquals(text.split("\n").length, 2);
    // deno-lint-ignore no-control-regex -- those are what it is about
    assertEquals(/[\r\u2028\x9b]|\x1b\[2J/.test(text), false);
  }
});

Deno.test("lines below the level are left out", () => {
  const all: [EventName][] = [["route_ready"], ["target_lost"], ["append_failed"]];
  const shown = (level: LogLevel) =>
    linesOf({ level, format: "json" }, all).trimEnd().split("\n").map((line) => line && JSON.parse(line).event);
  assertEquals(shown("debug"), ["route_ready", "target_lost", "append_failed"]);
  assertEquals(shown("info"), ["route_ready", "target_lost", "append_failed"]);
  assertEquals(shown("warn"), ["target_lost", "append_failed"]);
  assertEquals(shown("error"), ["append_failed"]);
});

Deno.test("a JSON line is an object, and no field takes the place of what every line has", () => {
  const text = linesOf({ level: "info", format: "json" }, [["append_failed", {
    frames: 3,
    level: "fake",
    event: "fake",
    times: 7,
    peer: "p\n",
  }]], { colour: true });
  assertEquals(JSON.parse(text), {
    time: "2026-11-23T17:00:00.123Z",
    level: "error",
    route: "feed",
    message: EVENTS.append_failed.message,
    event: "append_failed",
    frames: 3,
    peer: "p\n",
  });
  assertEquals(text.indexOf("\n"), text.length - 1);
});

Deno.test("colour leaves the text as it is", () => {
  const plain = linesOf(TEXT, [["target_lost", { a: 1 }]]);
  const coloured = linesOf(TEXT, [["target_lost", { a: 1 }]], { colour: true });
  // deno-lint-ignore no-control-regex -- those are what it is about
  assertEquals(coloured.replace(/\x1b\[[0-9;]*m/g, ""), plain);
  assertEquals(coloured === plain, false);
});

Deno.test("what journald reads has its priority before each line", () => {
  const entries: [EventName][] = [["route_ready"], ["target_lost"], ["append_failed"]];
  const lines = linesOf({ level: "info", format: "text" }, entries, { isJournal: true }).split("\n");
  assertEquals(lines.map((line) => line.slice(0, 5)), ["<6>20", "<4>20", "<3>20", ""]);
});
