/** What an archive of segment files tells about them as a whole. */
import type { Selection } from "../../../src/journal/archive.ts";
import { DirectoryArchive } from "../../../src/journal/files/archive/directory_archive.ts";
import type { ArchiveSegment } from "../../../src/journal/files/archive/find_segments.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";

Deno.test("frames that were delivered and removed since are told apart from those that were delivered from memory", () => {
  const segment = (base: number, end: number | undefined, previousEnd: number) =>
    ({
      base,
      footer: end === undefined ? undefined : { end },
      header: { previousEnd },
      cursor: 60,
      withAllPending: true,
    }) as ArchiveSegment;
  const removed = (found: readonly ArchiveSegment[], selection: Selection) =>
    new DirectoryArchive(new MemoryFiles(), found).removed(selection);
  // Frames 30 to 39 were delivered from memory, 60 and later are pending.
  const segments = [segment(20, 30, 20), segment(40, 50, 30), segment(50, undefined, 50)];
  const rest = (from: number) => segments.filter(({ base }) => base >= from);
  assertEquals(removed(segments, { from: 20 }), undefined);
  assertEquals(removed(segments, { from: 7 }), { from: 7, until: 20 });
  assertEquals(removed(segments, { from: 7, until: 9 }), { from: 7, until: 9 });
  assertEquals(removed(segments, { from: 33 }), undefined);
  assertEquals(removed(rest(40), { from: 25 }), { from: 25, until: 30 });
  assertEquals(removed(rest(50), { from: 45 }), { from: 45, until: 50 });
  assertEquals(removed(segments, {}), undefined);
  assertEquals(removed(segments, { from: 7, pending: true }), undefined);
  // Where single files are named, those before them may be there all the same.
  assertEquals(removed(segments.map((each) => ({ ...each, withAllPending: false })), { from: 7 }), undefined);
  const undelivered = { ...segment(70, undefined, 70), cursor: 60 };
  assertEquals(removed([undelivered], { from: 58 }), { from: 58, until: 60 });
});
