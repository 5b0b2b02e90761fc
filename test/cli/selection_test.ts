/** What a time means on the command line, in a time zone that is not UTC. */
import { assertEquals } from "../support/assert.ts";

const PROGRAM = `
import { selectionOf } from ${JSON.stringify(new URL("../../src/cli/selection.ts", import.meta.url).href)};
for (const since of Deno.args) {
  const { sinceUs } = selectionOf({ values: { since }, switches: new Set(), operands: [] }, 0);
  console.log(new Date(sinceUs / 1000).toISOString());
}`;

Deno.test("a time without a zone is local time, a day alone its midnight", async () => {
  const times = [
    "2026-11-24",
    "2026-11-24T14:00",
    "2026-11-24 14:00:01.5",
    "2026-11-24T14:00:00Z",
    "2026-11-24T14:00+01:00",
  ];
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", PROGRAM, ...times],
    env: { TZ: "America/New_York" },
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), [
    "2026-11-24T05:00:00.000Z",
    "2026-11-24T19:00:00.000Z",
    "2026-11-24T19:00:01.500Z",
    "2026-11-24T14:00:00.000Z",
    "2026-11-24T13:00:00.000Z",
  ]);
});
