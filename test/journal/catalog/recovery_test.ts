/** The two decisions at opening: what is done with the last segment, and where delivery goes on. */
import { assert, assertEquals } from "../../support/assert.ts";
import {
  decideCursor,
  decideLast,
  type LastAction,
  type LastSegment,
} from "../../../src/journal/files/catalog/recovery.ts";

const NOTHING: LastAction = { setAside: false, quarantineTail: false, truncate: false, seal: false };

const ROWS: readonly [string, LastSegment, LastAction][] = [
  ["a damaged header and no record: set aside", row("damaged", "none", "none", "absent"), does("setAside")],
  ["a damaged header with records: kept for repair", row("damaged", "some", "torn", "absent"), NOTHING],
  ["sealed: kept", row("whole", "some", "none", "whole"), NOTHING],
  ["sealed without a record: kept", row("whole", "none", "none", "whole"), NOTHING],
  ["header only: kept", row("whole", "none", "none", "absent"), NOTHING],
  ["header and a torn record: cut", row("whole", "none", "torn", "absent"), does("truncate")],
  [
    "header and damage: quarantined and cut",
    row("whole", "none", "damaged", "absent"),
    does("quarantineTail", "truncate"),
  ],
  ["whole records, no footer: sealed", row("whole", "some", "none", "absent"), does("seal")],
  ["a torn record at the end: cut and sealed", row("whole", "some", "torn", "absent"), does("truncate", "seal")],
  [
    "damage at the end: quarantined, cut and sealed",
    row("whole", "some", "damaged", "absent"),
    does("quarantineTail", "truncate", "seal"),
  ],
];

function row(
  head: LastSegment["head"],
  records: LastSegment["records"],
  tail: LastSegment["tail"],
  footer: LastSegment["footer"],
): LastSegment {
  return { head, records, tail, footer };
}

function does(...actions: readonly (keyof LastAction)[]): LastAction {
  return { ...NOTHING, ...Object.fromEntries(actions.map((action) => [action, true])) };
}

for (const [name, last, action] of ROWS) {
  Deno.test(`recovery of the last segment: ${name}`, () => assertEquals(decideLast(last), action));
}

Deno.test("the recovery table has an answer to every combination, and cuts nothing it does not know", () => {
  for (const head of ["whole", "damaged"] as const) {
    for (const records of ["none", "some"] as const) {
      for (const tail of ["none", "torn", "damaged"] as const) {
        for (const footer of ["whole", "absent"] as const) {
          const action = decideLast({ head, records, tail, footer });
          if (tail === "damaged" && action.truncate) assert(action.quarantineTail);
          if (records === "some") assert(!action.setAside);
          if (action.seal) assert(head === "whole" && footer === "absent");
        }
      }
    }
  }
});

const STATE = { cursor: 50, atRiskBytes: 0, clean: false, unreadFrames: 0, resendFrames: 0 };
const SLOT = { kind: "valid", generation: 1, state: STATE, newest: true } as const;

Deno.test("the cursor comes from a valid slot, else from the newest record, else from the oldest segment", () => {
  const decide = decideCursor;
  assertEquals(decide({ found: SLOT, newestNoted: 7, oldestBase: 3 }), { cursor: 50, from: "slot" });
  assertEquals(decide({ found: SLOT, newestNoted: 7, oldestBase: 90 }), { cursor: 90, from: "slot" });
  for (const found of [{ kind: "bad" }, { kind: "absent" }] as const) {
    assertEquals(decide({ found, newestNoted: 7, oldestBase: 3 }), { cursor: 7, from: "newest record" });
    assertEquals(decide({ found, newestNoted: 7, oldestBase: 9 }), { cursor: 9, from: "newest record" });
    assertEquals(decide({ found, newestNoted: undefined, oldestBase: 3 }), { cursor: 3, from: "oldest segment" });
    assertEquals(decide({ found, newestNoted: undefined, oldestBase: undefined }), { cursor: 0, from: "nothing" });
  }
});
