/** Sizes and durations: what is read, what is refused and with which words, how they are shown. */
import fc from "fast-check";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../src/base/quantity.ts";
import { SpillwayError } from "../../src/base/error.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

Deno.test("A size is its number times its unit, KB being 1000 and KiB 1024", () => {
  const sizes: readonly (readonly [string, number])[] = [
    ["0B", 0],
    ["7B", 7],
    ["007B", 7],
    ["1KB", 1000],
    ["1KiB", 1024],
    ["16MiB", 16_777_216],
    ["10MB", 10_000_000],
    ["3GB", 3_000_000_000],
    ["2GiB", 2_147_483_648],
    ["1TB", 1e12],
    ["1.5TiB", 1.5 * 2 ** 40],
    ["9007199254740992B", 2 ** 53],
    ["8388608GiB", 2 ** 53],
  ];
  for (const [text, bytes] of sizes) assertEquals(parseSize(text), bytes, text);
});

Deno.test("A size may have decimals if it is a whole number of bytes", () => {
  assertEquals(parseSize("1.5GiB"), 1_610_612_736);
  assertEquals(parseSize("0.1MB"), 100_000);
  assertEquals(parseSize("1.000B"), 1);
  assertEquals(parseSize("1.005KB"), 1005);
  assertThrows(() => parseSize("0.5B"), SpillwayError, `"0.5B" is not a size: it is no whole number of bytes`);
  assertThrows(() => parseSize("0.1KiB"), SpillwayError, "it is no whole number of bytes");
});

Deno.test("A size above 2^53 bytes is refused, exactly there", () => {
  const expected = "it is more than 9007199254740992 bytes";
  assertThrows(() => parseSize("9007199254740993B"), SpillwayError, expected);
  assertThrows(() => parseSize("99999999999999999999999GiB"), SpillwayError, expected);
});

Deno.test("A size that is malformed is refused with what was found and which units there are", () => {
  const wrong = ["", "16", "MiB", "16 MiB", " 16MiB", "16mib", "16M", "16PiB", "-1B", "+1B", "1e3B", ".5KB", "1.KB"];
  wrong.push("0x10B", "1,5KB", "16MiB/s", "NaNB", "1B\n", "1toString", "١B");
  for (const text of wrong) {
    const expected =
      `"${text}" is not a size: expected a number and one of the units B KB MB GB TB KiB MiB GiB TiB, for example 16MiB`;
    assertThrows(() => parseSize(text), SpillwayError, expected);
  }
});

Deno.test("A number of bytes written as a size reads back as itself", () => {
  const bytes = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(fc.property(bytes, (bytes) => assertEquals(parseSize(`${bytes}B`), bytes)));
});

Deno.test("Sizes are shown to people in binary units with at most one decimal", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0B"],
    [1023, "1023B"],
    [1024, "1KiB"],
    [1536, "1.5KiB"],
    [16_777_216, "16MiB"],
    [1_048_575, "1MiB"],
    [1023.9 * 1024, "1023.9KiB"],
    [5_000_000_000, "4.7GiB"],
    [3 * 2 ** 40, "3TiB"],
    [2 ** 53, "8PiB"],
  ];
  for (const [bytes, text] of shown) assertEquals(formatSize(bytes), text);
});

Deno.test("a unit that is written otherwise gets a proposal", () => {
  const proposals: readonly (readonly [string, string])[] = [
    ["16M", 'did you mean "16MiB" or "16MB"?'],
    ["1.5k", 'did you mean "1.5KiB" or "1.5KB"?'],
    ["1tb", 'did you mean "1TB"?'],
    ["1tib", 'did you mean "1TiB"?'],
    ["10bytes", 'did you mean "10B"?'],
    ["1PB", "the unit is always written, right behind the number and in this spelling"],
    ["16", "the unit is always written, right behind the number and in this spelling"],
    ["16MiB1KiB", "the unit is always written, right behind the number and in this spelling"],
  ];
  for (const [text, hint] of proposals) {
    assertEquals(assertThrows(() => parseSize(text), SpillwayError).hint, hint, text);
  }
  assertEquals(assertThrows(() => parseDuration("5min"), SpillwayError).hint, 'did you mean "5m"?');
  assertEquals(assertThrows(() => parseDuration("5S"), SpillwayError).hint, 'did you mean "5s"?');
});

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

Deno.test("A duration that is malformed is refused with what was found and which units there are", () => {
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
