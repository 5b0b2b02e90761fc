import { formatDuration, parseDuration } from "../../src/base/duration.ts";
import { SpillwayError } from "../../src/base/error.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

Deno.test("A duration is its number times its unit, in milliseconds", () => {
  const durations: readonly (readonly [string, number])[] = [
    ["0s", 0],
    ["100ms", 100],
    ["2s", 2 * SECOND],
    ["1.5s", 1500],
    ["0.001s", 1],
    ["5m", 5 * MINUTE],
    ["0.5h", 30 * MINUTE],
    ["7d", 7 * DAY],
    ["2w", 14 * DAY],
    ["1h30m", 90 * MINUTE],
    ["1w2d3h4m5s6ms", 9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND + 6],
    ["1.5h0.5s", 90 * MINUTE + 500],
    ["9007199254740992ms", 2 ** 53],
  ];
  for (const [text, ms] of durations) assertEquals(parseDuration(text), ms, text);
});

Deno.test("A duration that is no whole number of milliseconds or above 2^53 is refused", () => {
  const fraction = `"0.5ms" is not a duration: it is no whole number of milliseconds`;
  assertThrows(() => parseDuration("0.5ms"), SpillwayError, fraction);
  assertThrows(
    () => parseDuration("9007199254740993ms"),
    SpillwayError,
    "it is more than 9007199254740992 milliseconds",
  );
});

Deno.test("Anything else is refused with what was found and which units there are", () => {
  for (
    const text of [
      "",
      "5",
      "s",
      "5 s",
      "5S",
      "5min",
      "5us",
      "5y",
      "-5s",
      "30m1h",
      "1h1h",
      "1h 30m",
      "1h30",
      "1e3s",
      "5sec",
      "1valueOf",
    ]
  ) {
    const expected =
      `"${text}" is not a duration: expected a number and one of the units ms s m h d w, for example 100ms`;
    assertThrows(() => parseDuration(text), SpillwayError, expected);
  }
});

Deno.test("Durations are shown to people in their two largest units", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0ms"],
    [0.4, "0ms"],
    [40, "40ms"],
    [999.4, "999ms"],
    [999.6, "1s"],
    [1500, "1.5s"],
    [59_949, "59.9s"],
    [59_950, "1m"],
    [2 * MINUTE + 5 * SECOND, "2m 5s"],
    [HOUR - 400, "1h"],
    [3 * HOUR, "3h"],
    [3 * HOUR + 4 * MINUTE + 5 * SECOND, "3h 4m"],
    [DAY - 20 * SECOND, "1d"],
    [4 * DAY + HOUR, "4d 1h"],
    [400 * DAY, "400d"],
  ];
  for (const [ms, text] of shown) assertEquals(formatDuration(ms), text, String(ms));
});
