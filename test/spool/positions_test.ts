/** The order of a route's positions is asserted at every move: a move that breaks it throws and names the values. */
import { Positions } from "../../src/spool/positions.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

/** A journal that was opened with its cursor at 10 and its end at 20; 30 frames were received in all. */
function open() {
  const journal = { cursor: 10, end: 20 };
  const window = { end: 30 };
  return { journal, window, positions: new Positions(journal, window) };
}

Deno.test("a route begins to send and confirm at the journal's cursor", () => {
  const { positions } = open();
  const { confirmed, next, sent, appended, appending, end, safe } = positions;
  assertEquals([confirmed, next, sent, appended, appending, end, safe], [10, 10, 10, 20, 20, 30, 20]);
});

Deno.test("frames that are sent again for rewind do not move what counts as sent", () => {
  const { positions } = open();
  positions.begin(5);
  assertEquals([positions.confirmed, positions.next, positions.sent], [10, 5, 10]);
  positions.advance(8);
  assertEquals([positions.confirmed, positions.next, positions.sent], [10, 8, 10]);
  positions.advance(25);
  assertEquals([positions.confirmed, positions.next, positions.sent], [10, 25, 25]);
  positions.confirm(22);
  positions.goBack();
  assertEquals([positions.confirmed, positions.next, positions.sent], [22, 22, 22]);
});

Deno.test("nothing moves back by an advance", () => {
  const { positions } = open();
  positions.advance(25);
  positions.advance(12);
  assertEquals(positions.next, 25);
});

const AT = "confirmed 10, next 25, sent 25, appended 20, appending 20, end 30";

for (
  const [what, move, message] of [
    ["more is confirmed than was sent", (at) => at.confirm(26), `frames up to 26 are confirmed, at ${AT}`],
    ["less is confirmed than was before", (at) => at.confirm(9), `frames up to 9 are confirmed, at ${AT}`],
    ["a connection begins after the first unconfirmed frame", (at) => at.begin(11), `begins at 11, after ${AT}`],
    ["more is sent than was received", (at) => at.advance(31), "out of order: confirmed 10, next 31"],
    ["more is appended than was received", (at) => at.beginAppend(31), "appended 20, appending 31, end 30"],
  ] as [string, (positions: Positions) => void, string][]
) {
  Deno.test(`it is an error that names all positions if ${what}`, () => {
    const { positions } = open();
    positions.advance(25);
    assertThrows(() => move(positions), Error, message);
  });
}

Deno.test("a journal that ends after the last frame that was received is found at the next move", () => {
  const { positions, journal } = open();
  journal.end = 31;
  assertThrows(() => positions.advance(11), Error, "appended 31");
});

Deno.test("frames that are taken back although they were sent are found at the next move", () => {
  const { positions, window } = open();
  positions.advance(30);
  window.end = 29;
  assertThrows(() => positions.endAppend(), Error, "sent 30");
});
