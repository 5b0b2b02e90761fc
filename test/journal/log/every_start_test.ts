/**
 * Every combination of what can have become of the last segment, of an earlier
 * one and of the cursor: the journal starts, delivers every undamaged frame
 * that is not delivered, and its books balance. A newer version is refused.
 */
import { crc32 } from "node:zlib";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { SpillwayError } from "../../../src/base/error.ts";
import { FOOTER_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { examine } from "../support/check_recovered.ts";
import { appendLines, line, lines, ManualClock, open } from "../support/rig.ts";

type Break = (files: MemoryFiles, path: string) => void;

const RECORD = RECORD_HEADER_BYTES + line(0).length;
const FRAMES = new Map(lines(0, 12).map((text, sequence) => [sequence, text]));
const SEGMENTS = ["/j/00000000000000000000.seg", "/j/00000000000000000004.seg", "/j/00000000000000000008.seg"];
const LAST = SEGMENTS[2];

/** What has become of the last segment, and which of its four frames are gone. */
const LAST_STATES: Readonly<Record<string, { readonly does: Break; readonly gone: readonly number[] }>> = {
  "sealed": { does: () => {}, gone: [] },
  "whole": { does: cutTo((size) => size - FOOTER_BYTES), gone: [] },
  "absent": { does: (files, path) => files.remove(path), gone: [0, 1, 2, 3] },
  "header only": { does: cutTo(() => SEGMENT_HEADER_BYTES), gone: [0, 1, 2, 3] },
  "torn header": { does: cutTo(() => 100), gone: [0, 1, 2, 3] },
  "torn record": { does: cutTo((size) => size - FOOTER_BYTES - 5), gone: [3] },
  "torn footer": { does: cutTo((size) => size - 5), gone: [] },
  "empty": { does: cutTo(() => 0), gone: [0, 1, 2, 3] },
  "header damaged": { does: flip(() => 20), gone: [] },
  "header damaged, not sealed": { does: both(cutTo((size) => size - FOOTER_BYTES), flip(() => 33)), gone: [] },
  "damaged in the middle, not sealed": {
    does: both(cutTo((size) => size - FOOTER_BYTES), flip(() => 512 + RECORD + 70)),
    gone: [1],
  },
  "damaged at the end, not sealed": {
    does: both(cutTo((size) => size - FOOTER_BYTES), flip((size) => size - 3)),
    gone: [3],
  },
  "all zeros": { does: (files, path) => files.bytesOf(path).fill(0), gone: [0, 1, 2, 3] },
};

/** The same of an earlier segment. */
const EARLIER_STATES: Readonly<Record<string, { readonly does: Break; readonly gone: readonly number[] }>> = {
  "whole": { does: () => {}, gone: [] },
  "bit in header": { does: flip(() => 33), gone: [] },
  "bit in record header": { does: flip(() => SEGMENT_HEADER_BYTES + RECORD + 20), gone: [1] },
  "bit in the last record header": { does: flip(() => SEGMENT_HEADER_BYTES + 3 * RECORD + 2), gone: [3] },
  "bit in payload": { does: flip(() => SEGMENT_HEADER_BYTES + 2 * RECORD - 3), gone: [1] },
  "bit in footer": { does: flip((size) => size - 30), gone: [] },
  "bits in header and footer": { does: both(flip(() => 33), flip((size) => size - 30)), gone: [] },
  "not sealed": { does: cutTo((size) => size - FOOTER_BYTES), gone: [] },
  "missing": { does: (files, path) => files.remove(path), gone: [0, 1, 2, 3] },
  "empty": { does: cutTo(() => 0), gone: [0, 1, 2, 3] },
  "all zeros": { does: (files, path) => files.bytesOf(path).fill(0), gone: [0, 1, 2, 3] },
};

const CURSOR_STATES: Readonly<Record<string, (files: MemoryFiles) => void>> = {
  "valid": () => {},
  "one slot torn": (files) => files.bytesOf("/j/cursor").fill(0, newestSlot(files) + 20, newestSlot(files) + 40),
  "both torn": (files) => [30, 4096 + 30].forEach((at) => files.bytesOf("/j/cursor")[at] ^= 1),
  "empty": (files) => files.put("/j/cursor", new Uint8Array(0)),
  "absent": (files) => files.remove("/j/cursor"),
};

const CURSORS = {
  "in the first segment": 2,
  "in the second segment": 6,
  "ahead of the data": 20,
  "behind the oldest segment": 2,
};

for (const [place, told] of Object.entries(CURSORS)) {
  for (const damaged of [0, 1]) {
    if (damaged === 0 && place === "behind the oldest segment") continue;
    Deno.test(`every combination of last segment, segment ${damaged + 1} and cursor starts and delivers (cursor ${place})`, async () => {
      const original = await prepared(told);
      if (place === "behind the oldest segment") original.remove(SEGMENTS[0]);
      for (const [last, lastState] of Object.entries(LAST_STATES)) {
        for (const [earlier, earlierState] of Object.entries(EARLIER_STATES)) {
          for (const [cursor, breakCursor] of Object.entries(CURSOR_STATES)) {
            const files = original.afterCrash();
            lastState.does(files, LAST);
            earlierState.does(files, SEGMENTS[damaged]);
            breakCursor(files);
            const gone = [...lastState.gone.map((i) => 8 + i), ...earlierState.gone.map((i) => damaged * 4 + i)];
            await checkStart(files, `last ${last}, earlier ${earlier}, cursor ${cursor}`, {
              told,
              isValid: cursor === "valid",
              surviving: [...FRAMES.keys()].filter((n) => files.paths().includes(segmentOf(n)) && !gone.includes(n)),
            });
          }
        }
      }
    });
  }
}

interface SelectionCursor {
  /** The cursor that was confirmed last. */
  readonly told: number;
  /** Can that be read? */
  readonly isValid: boolean;
  /** Frames that are whole on disk. */
  readonly surviving: readonly number[];
}

async function checkStart(
  files: MemoryFiles,
  what: string,
  { told, isValid, surviving }: SelectionCursor,
): Promise<void> {
  const { cursor, delivered, end } = await examine(files, FRAMES, what);
  if (isValid) assert(cursor >= told, `${what}: cursor ${cursor}`);
  const undelivered = surviving.filter((sequence) => sequence >= told);
  assert(cursor <= Math.min(...undelivered, Math.max(told, end)), `${what}: cursor ${cursor}`);
  assertEquals(delivered.map(({ sequence }) => sequence), surviving.filter((sequence) => sequence >= cursor), what);
}

for (const newer of ["last", "earlier", "both", "cursor"]) {
  Deno.test(`a newer version is refused whatever else is wrong, and nothing is changed (${newer})`, async () => {
    const original = await prepared(2);
    for (const [last, lastState] of Object.entries(LAST_STATES)) {
      for (const [earlier, earlierState] of Object.entries(EARLIER_STATES)) {
        for (const [cursor, breakCursor] of Object.entries(CURSOR_STATES)) {
          const files = original.afterCrash();
          if (newer === "last" || newer === "both") makeNewer(files.bytesOf(LAST), [0]);
          else lastState.does(files, LAST);
          if (newer === "earlier" || newer === "both") makeNewer(files.bytesOf(SEGMENTS[1]), [0]);
          else earlierState.does(files, SEGMENTS[1]);
          if (newer === "cursor") makeNewer(files.bytesOf("/j/cursor"), [newestSlot(files)]);
          else breakCursor(files);
          files.put(`${SEGMENTS[1]}.tmp`, Uint8Array.of(1));
          await checkRefused(files, `last ${last}, earlier ${earlier}, cursor ${cursor}`);
        }
      }
    }
  });
}

async function checkRefused(files: MemoryFiles, what: string): Promise<void> {
  const before = contentsOf(files);
  const error = await assertRejects(() => open(files), SpillwayError);
  assert(/^\/j\/(\d+\.seg|cursor): format version 9, this program knows versions up to 1$/.test(error.message), what);
  assertEquals(contentsOf(files), before, what);
}

/** Who holds the lock is noted before anything is looked at. */
function contentsOf(files: MemoryFiles): [string, Uint8Array][] {
  return files.paths().filter((path) => path !== "/j/lock").map((path) => [path, files.bytesOf(path).slice()]);
}

/** As a later release would write it: magic, version, and a checksum over both. */
function makeNewer(bytes: Uint8Array, offsets: readonly number[]): void {
  for (const offset of offsets) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
    view.setUint32(8, 9, true);
    view.setUint32(12, crc32(bytes.subarray(offset, offset + 12)), true);
  }
}

/** Frames 0-3, 4-7 and 8-11, sealed by a clean stop; delivered up to `told`, the slot before that says 1. */
async function prepared(told: number): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, segmentBytes: SEGMENT_HEADER_BYTES + 4 * RECORD, retainMs: 1e9 });
  await appendLines(journal, 12);
  journal.confirm(1);
  await clock.advance(100);
  journal.confirm(told);
  await journal.close();
  return files;
}

function newestSlot(files: MemoryFiles): number {
  const bytes = files.bytesOf("/j/cursor");
  return bytes[16] > bytes[4096 + 16] ? 0 : 4096;
}

function segmentOf(sequence: number): string {
  return SEGMENTS[Math.floor(sequence / 4)];
}

function cutTo(size: (size: number) => number): Break {
  return (files, path) => files.put(path, files.bytesOf(path).slice(0, size(files.bytesOf(path).length)));
}

function flip(at: (size: number) => number): Break {
  return (files, path) => files.bytesOf(path)[at(files.bytesOf(path).length)] ^= 4;
}

function both(first: Break, second: Break): Break {
  return (files, path) => {
    first(files, path);
    second(files, path);
  };
}
