/** The daemon's log lines. */
import { assertEquals } from "../../support/assert.ts";
import type { LogFields, LogLevel } from "../../../src/base/log.ts";
import { createLogs } from "../../../src/cli/output/log.ts";
import type { LogSettings } from "../../../src/config/config.ts";

const clock = {
  monotonicMs: () => 0,
  wallUs: () => Date.UTC(2026, 10, 23, 17, 0, 0, 123) * 1000,
  sleep: () => Promise.resolve(),
};

function linesOf(settings: LogSettings, colour: boolean, ...entries: [LogLevel, string, LogFields?][]): string {
  let text = "";
  const log = createLogs(settings, { target: { write: (line) => void (text += line) }, clock, colour })("feed");
  for (const [level, message, fields] of entries) log[level](message, fields);
  return text;
}

Deno.test("a text line has time, level, route, message and fields", () => {
  const line = linesOf({ level: "info", format: "text" }, false, ["info", "target connected", {
    peer: "127.0.0.1:9001",
    frames: 3,
    again: undefined,
    clean: true,
  }]);
  assertEquals(line, "2026-11-23T17:00:00.123Z info feed: target connected peer=127.0.0.1:9001 frames=3 clean=true\n");
});

Deno.test("a value that could be taken for several is quoted", () => {
  const line = linesOf({ level: "info", format: "text" }, false, ["info", "m", { a: "x y", b: 'q"', c: "", d: "k=v" }]);
  assertEquals(line, '2026-11-23T17:00:00.123Z info feed: m a="x y" b="q\\"" c="" d="k=v"\n');
});

Deno.test("nothing that a peer sends can forge a line or steer a terminal", () => {
  for (const colour of [false, true]) {
    const text = linesOf({ level: "info", format: "text" }, colour, ["warn", "bad\nframe", {
      from: "\x1b[2J\r\u2028\x9b",
    }]);
    assertEquals(text.split("\n").length, 2);
    // deno-lint-ignore no-control-regex -- those are what it is about
    assertEquals(/[\r\u2028\x9b]|\x1b\[2J/.test(text), false);
  }
});

Deno.test("lines below the level are left out", () => {
  const all: [LogLevel, string][] = [["debug", "a"], ["info", "b"], ["warn", "c"], ["error", "d"]];
  const shown = (level: LogLevel) => linesOf({ level, format: "text" }, false, ...all).match(/(?<=: ).$/gm)?.join("");
  assertEquals([shown("debug"), shown("info"), shown("warn"), shown("error")], ["abcd", "bcd", "cd", "d"]);
});

Deno.test("a JSON line is an object, and no field takes the place of what every line has", () => {
  const text = linesOf({ level: "info", format: "json" }, true, ["error", "x\ny", {
    frames: 3,
    level: "fake",
    peer: "p",
  }]);
  assertEquals(JSON.parse(text), {
    time: "2026-11-23T17:00:00.123Z",
    level: "error",
    route: "feed",
    message: "x\ny",
    frames: 3,
    peer: "p",
  });
  assertEquals(text.indexOf("\n"), text.length - 1);
});

Deno.test("colour leaves the text as it is", () => {
  const plain = linesOf({ level: "info", format: "text" }, false, ["warn", "m", { a: 1 }]);
  const coloured = linesOf({ level: "info", format: "text" }, true, ["warn", "m", { a: 1 }]);
  // deno-lint-ignore no-control-regex -- those are what it is about
  assertEquals(coloured.replace(/\x1b\[[0-9;]*m/g, ""), plain);
  assertEquals(coloured === plain, false);
});
