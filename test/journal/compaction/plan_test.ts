/** Which segments go and which become one, as a decision. */
import { type Candidate, type CompactionPolicy, planCompaction } from "../../../src/journal/files/compaction/plan.ts";
import { surveyForCompaction } from "../../../src/journal/files/compaction/survey.ts";
import { assertEquals } from "../../support/assert.ts";
import { journalOf, KEEP_ALL } from "../support/compacting.ts";
import { appendLines, DIRECTORY, ManualClock, open } from "../support/rig.ts";

const NOW_US = 1_000_000_000;
const SECOND_US = 1e6;

/** Ten segments of ten frames, arrived one a second, delivered half a second later, 100 bytes each. */
const TEN: readonly Candidate[] = Array.from({ length: 10 }, (_, i) => ({
  base: i * 10,
  end: i * 10 + 10,
  fileBytes: 100,
  bytes: 100,
  frameBytes: 80,
  newestUs: NOW_US - (10 - i) * SECOND_US,
  deliveredUs: NOW_US - (10 - i) * SECOND_US + SECOND_US / 2,
  compressed: false,
  overlapped: false,
  sealed: true,
  framing: "line",
}));

function plan(policy: Partial<CompactionPolicy>, changes: { segments?: readonly Candidate[]; cursor?: number } = {}) {
  const { remove, groups } = planCompaction({
    segments: TEN,
    cursor: 100,
    journalBytes: 1100,
    nowUs: NOW_US,
    policy: { ...KEEP_ALL, segmentBytes: 400, ...policy },
    ...changes,
  });
  return { remove: remove.map(({ base }) => base), groups: groups.map((group) => group.map(({ base }) => base)) };
}

Deno.test("retain counts from delivery, older-than from arrival and in its place", () => {
  assertEquals(plan({ retainMs: 8_500 }).remove, [0, 10]);
  assertEquals(plan({ retainMs: 8_501 }).remove, [0]);
  assertEquals(plan({ retainMs: 0, olderThanMs: 9_000 }).remove, [0, 10]);
  assertEquals(plan({ retainMs: 0 }).remove.length, 10);
  assertEquals(plan({}).remove, []);
});

Deno.test("where nothing tells when, nothing goes for its age; a time in the future is no age", () => {
  const unknown = TEN.map((each) => ({ ...each, newestUs: undefined, deliveredUs: undefined }));
  assertEquals(plan({ retainMs: 0, olderThanMs: 0 }, { segments: unknown }).remove, []);
  assertEquals(plan({ retainMs: 0 }, { segments: unknown }).remove, []);
  const future = TEN.map((each) => ({ ...each, deliveredUs: NOW_US + 1 }));
  assertEquals(plan({ retainMs: 0 }, { segments: future }).remove, []);
});

Deno.test("sizes: retain_bytes of what is delivered, max-bytes of the journal, the oldest first, and delivered ones alone", () => {
  assertEquals(plan({ retainBytes: 799 }).remove, [0, 10, 20]);
  assertEquals(plan({ retainBytes: 1000 }).remove, []);
  assertEquals(plan({ maxBytes: 1000 }).remove, [0]);
  assertEquals(plan({ maxBytes: 1 }, { cursor: 35 }).remove, [0, 10, 20]);
});

Deno.test("what rewind may want is neither removed nor rewritten, and neither is anything pending", () => {
  assertEquals(plan({ retainMs: 0, rewindBytes: 81 }).remove.length, 8);
  assertEquals(plan({ rewindBytes: 1 }, { cursor: 35 }).groups, [[0, 10]]);
  assertEquals(plan({}, { cursor: 9 }).groups, []);
});

Deno.test("small neighbours of one framing become one, up to segment_bytes", () => {
  assertEquals(plan({}).groups, [[0, 10, 20, 30], [40, 50, 60, 70], [80, 90]]);
  const change = TEN.map((each, i) => ({ ...each, framing: i < 3 ? "line" : "raw" }));
  assertEquals(plan({}, { segments: change }).groups, [[0, 10, 20], [30, 40, 50, 60], [70, 80, 90]]);
  const large = TEN.map((each, i) => ({ ...each, bytes: i === 5 ? 101 : 100 }));
  assertEquals(plan({}, { segments: large }).groups, [[0, 10, 20, 30], [40], [50], [60, 70, 80, 90]]);
});

Deno.test("what is not sealed is left, and so is what is compressed and large or alone", () => {
  const open = TEN.map((each, i) => ({ ...each, sealed: i !== 2 }));
  assertEquals(plan({}, { segments: open }).groups, [[0, 10], [30, 40, 50, 60], [70, 80, 90]]);
  const compressed = TEN.map((each, i) => ({ ...each, compressed: true, bytes: i === 9 ? 100 : 200 }));
  assertEquals(plan({}, { segments: compressed }).groups, []);
});

Deno.test("delivery is known from the cursor file's time, and from segments created after it", async () => {
  const files = await journalOf(3, 0);
  const clock = new ManualClock();
  const first = await open(files, { clock, retainMs: 1e12 });
  first.confirm(8);
  await first.close();
  files.modifiedMs = 1_700_000_009_000;
  const delivered = async () =>
    (await surveyForCompaction(files, DIRECTORY)).segments.map(({ deliveredUs }) => deliveredUs);
  assertEquals(await delivered(), [1_700_000_009_000_000, 1_700_000_009_000_000]);
  await clock.advance(5_000);
  const second = await open(files, { clock, retainMs: 1e12 });
  await appendLines(second, 1);
  await second.close();
  assertEquals(await delivered(), [1_700_000_005_000_000, 1_700_000_005_000_000, undefined]);
});
