/** Points in time as they are printed, and as flags have them. */
import { assertEquals } from "../../support/assert.ts";
import { isoTime, parseTime } from "../../../src/cli/args/time.ts";

const NOW_MS = Date.UTC(2026, 10, 25, 9);

Deno.test("what is printed is read again, to the microsecond", () => {
  for (const us of [0, 1, 999_999, 1_795_597_200_000_250, 1_795_597_200_999_999]) {
    assertEquals(parseTime(isoTime(us), NOW_MS), us);
  }
});

Deno.test("a time has a zone, or is local, a day alone too", () => {
  const utc = Date.UTC(2026, 10, 24, 14) * 1000;
  for (
    const text of [
      "2026-11-24T14:00Z",
      "2026-11-24 14:00:00.0Z",
      "2026-11-24T15:00+01:00",
      "2026-11-24T09:00-0500",
      "2026-11-24T09:00:00-05",
      "2026-11-24T14:00:00,000000000+00:00", // as date --iso-8601=ns writes it
    ]
  ) {
    assertEquals(parseTime(text, NOW_MS), utc, text);
  }
  assertEquals(parseTime("2026-11-24T14:00:00.5", NOW_MS), new Date(2026, 10, 24, 14, 0, 0, 500).getTime() * 1000);
  assertEquals(parseTime("2026-11-24", NOW_MS), new Date(2026, 10, 24).getTime() * 1000);
});

Deno.test("a duration counts back from now", () => {
  assertEquals(parseTime("2h", NOW_MS), (NOW_MS - 7_200_000) * 1000);
  assertEquals(parseTime("0s", NOW_MS), NOW_MS * 1000);
});

Deno.test("durations may be added up, and a time of day is the last that there was", () => {
  assertEquals(parseTime("1h30m", NOW_MS), (NOW_MS - 5_400_000) * 1000);
  const now = new Date(2026, 10, 25, 9, 30).getTime();
  const local = (day: number, hours: number, minutes: number, seconds = 0) =>
    new Date(2026, 10, day, hours, minutes, seconds).getTime() * 1000;
  assertEquals(parseTime("08:12", now), local(25, 8, 12));
  assertEquals(parseTime("09:30", now), local(25, 9, 30));
  assertEquals(parseTime("09:30:01", now), local(24, 9, 30, 1));
  assertEquals(parseTime("23:59", now), local(24, 23, 59));
  assertEquals(parseTime("yesterday", now), local(24, 0, 0));
  assertEquals(parseTime("today", now), local(25, 0, 0));
  assertEquals(parseTime("yesterday 08:12", now), local(24, 8, 12));
  assertEquals(parseTime("todayT08:12:30", now), local(25, 8, 12, 30));
});

Deno.test("a day that the calendar does not have is no time, nor is anything else", () => {
  for (
    const text of ["2026-02-30", "2026-02-29T10:00Z", "2026-13-01", "2026-00-10", "2026-04-00", "2026-11-24T25:00Z"]
  ) {
    assertEquals(parseTime(text, NOW_MS), undefined, text);
  }
  for (
    const text of [
      "",
      "tomorrow",
      "2",
      "30m1h",
      "20261124",
      "2026-11-24T14Z",
      "-2h",
      "8:12",
      "24:00",
      "08:60",
      "yesterday08:12",
    ]
  ) {
    assertEquals(parseTime(text, NOW_MS), undefined, text);
  }
  assertEquals(parseTime("2028-02-29", NOW_MS), new Date(2028, 1, 29).getTime() * 1000);
});

Deno.test("a time that no calendar has is printed as the last one that it has", () => {
  assertEquals(isoTime(2 ** 64).slice(0, 20), "+275760-09-13T00:00:");
  assertEquals(isoTime(Date.UTC(12026, 0, 1) * 1000), "+012026-01-01T00:00:00.000000Z");
  assertEquals(isoTime(-1), "1969-12-31T23:59:59.999999Z");
});
