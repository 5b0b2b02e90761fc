import { assert, assertEquals } from "../support/assert.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { FOOTER_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../src/journal/format.ts";
import { decideCursor, decideLast, type LastAction, type LastSegment } from "../../src/journal/recovery.ts";
import { appendLines, expected, line, ManualClock, open, readAll } from "./rig.ts";

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

const SLOT = { kind: "valid", generation: 1, state: { cursor: 50, atRiskBytes: 0, clean: false } } as const;

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

/** What can have become of the last segment, of an earlier one, and of the cursor; each alone must be survived. */
const LAST_STATES: Readonly<Record<string, (files: MemoryFiles, path: string) => void>> = {
  "whole": () => {},
  "absent": (files, path) => files.remove(path),
  "header only": (files, path) => files.put(path, files.bytesOf(path).slice(0, SEGMENT_HEADER_BYTES)),
  "torn header": (files, path) => files.put(path, files.bytesOf(path).slice(0, 100)),
  "torn record": (files, path) => files.put(path, files.bytesOf(path).slice(0, -FOOTER_BYTES - 5)),
  "not sealed": (files, path) => files.put(path, files.bytesOf(path).slice(0, -FOOTER_BYTES)),
  "empty": (files, path) => files.put(path, new Uint8Array(0)),
  "header damaged": (files, path) => files.bytesOf(path)[20] ^= 1,
  "all zeros": (files, path) => files.bytesOf(path).fill(0),
};

const EARLIER_STATES: Readonly<Record<string, (files: MemoryFiles, path: string) => void>> = {
  "whole": () => {},
  "bit in header": (files, path) => files.bytesOf(path)[33] ^= 4,
  "bit in record header": (files, path) => files.bytesOf(path)[SEGMENT_HEADER_BYTES + RECORD + 20] ^= 4,
  "bit in payload": (files, path) => files.bytesOf(path)[SEGMENT_HEADER_BYTES + 2 * RECORD - 3] ^= 4,
  "bit in footer": (files, path) => files.bytesOf(path)[files.bytesOf(path).length - 30] ^= 4,
  "missing": (files, path) => files.remove(path),
  "empty": (files, path) => files.put(path, new Uint8Array(0)),
};

const CURSOR_STATES: Readonly<Record<string, (files: MemoryFiles) => void>> = {
  "valid": () => {},
  "one slot torn": (files) => files.bytesOf("/j/cursor").fill(0, newestSlot(files) + 20, newestSlot(files) + 40),
  "both torn": (files) => {
    files.bytesOf("/j/cursor")[30] ^= 1;
    files.bytesOf("/j/cursor")[4096 + 30] ^= 1;
  },
  "absent": (files) => files.remove("/j/cursor"),
};

function newestSlot(files: MemoryFiles): number {
  const bytes = files.bytesOf("/j/cursor");
  return bytes[16] > bytes[4096 + 16] ? 0 : 4096;
}

const RECORD = RECORD_HEADER_BYTES + line(0).length;
const LAST = "/j/00000000000000000008.seg";
const EARLIER = "/j/00000000000000000004.seg";

for (const place of ["in the data", "ahead of the data", "behind the oldest segment"] as const) {
  Deno.test(`every combination of last segment, earlier segment and cursor starts and delivers (cursor ${place})`, async () => {
    const original = await prepared(place);
    for (const [last, breakLast] of Object.entries(LAST_STATES)) {
      for (const [earlier, breakEarlier] of Object.entries(EARLIER_STATES)) {
        for (const [cursor, breakCursor] of Object.entries(CURSOR_STATES)) {
          const files = original.afterCrash();
          breakLast(files, LAST);
          breakEarlier(files, EARLIER);
          breakCursor(files);
          await checkStart(files, `last ${last}, earlier ${earlier}, cursor ${cursor}`, surviving(last, earlier));
        }
      }
    }
  });
}

/** Segments 0-3, 4-7 and 8-11, sealed by a clean stop; delivered up to the cursor. */
async function prepared(place: "in the data" | "ahead of the data" | "behind the oldest segment") {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, segmentBytes: SEGMENT_HEADER_BYTES + 4 * RECORD, retainMs: 1e9 });
  await appendLines(journal, 12);
  journal.confirm(1, 0);
  await clock.advance(100);
  journal.confirm(place === "ahead of the data" ? 20 : 2, 0);
  await journal.close();
  if (place === "behind the oldest segment") files.remove("/j/00000000000000000000.seg");
  return files;
}

/** The frames that are whole on disk, so that none of them may be left out. */
function surviving(last: string, earlier: string): (sequence: number) => boolean {
  const gone = new Set<number>();
  if (["absent", "header only", "torn header", "empty", "all zeros"].includes(last)) {
    [8, 9, 10, 11].forEach((n) => gone.add(n));
  }
  if (last === "torn record") gone.add(11);
  if (["missing", "empty"].includes(earlier)) [4, 5, 6, 7].forEach((n) => gone.add(n));
  if (["bit in record header", "bit in payload"].includes(earlier)) gone.add(5);
  return (sequence) => !gone.has(sequence);
}

async function checkStart(files: MemoryFiles, what: string, survives: (sequence: number) => boolean): Promise<void> {
  const there = new Set(files.paths());
  const journal = await open(files);
  const delivered = await readAll(journal);
  const from = journal.cursor;
  assert([0, 1, 2, 4, 8, 20].includes(from), `${what}: cursor ${from}`);
  const oldest = there.has("/j/00000000000000000000.seg") ? 0 : 4;
  const wanted = expected(oldest, 12).filter(({ sequence }) => sequence >= from && survives(sequence));
  assertEquals(delivered, wanted, what);
  const end = journal.end;
  assert(end >= Math.max(from, ...wanted.map(({ sequence }) => sequence + 1)), what);
  await appendLines(journal, 3);
  assertEquals(await readAll(journal), [...wanted, ...expected(end, end + 3)], what);
  await journal.close();
  const again = await open(files);
  assertEquals(await readAll(again), [...wanted, ...expected(end, end + 3)], `${what}, opened again`);
  assertEquals(again.recovery.clean, true);
  await again.close();
}
