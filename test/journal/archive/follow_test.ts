/** Following a journal while a daemon appends, delivers, removes, stops and starts again. */
import { followJournal } from "../../../src/journal/files/archive/follow.ts";
import type { ArchiveItem, Selection } from "../../../src/journal/archive.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { RECORD_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { SpillwayError } from "../../../src/base/error.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { compressInPlace } from "../support/compress_sample.ts";
import { DIRECTORY, line, lines, ManualClock, open, run } from "../support/rig.ts";

/** A few records of the tests' lines. */
const SEGMENT_BYTES = 900;
/** Longer than the longest pause between two looks, in ms. */
const LONG_MS = 1000;

class Follower {
  readonly clock = new ManualClock();
  /** The text of each frame by its sequence, in the order in which they came. */
  readonly frames: [sequence: number, text: string][] = [];
  readonly other: Exclude<ArchiveItem, { kind: "frames" }>[] = [];
  readonly over = new AbortController();
  isOver = false;
  readonly #done: Promise<void>;

  constructor(files: MemoryFiles, selection: Selection = {}) {
    this.#done = this.#follow(files, selection);
  }

  /** Long enough for it to find everything. */
  async look(): Promise<void> {
    await this.clock.advance(LONG_MS);
  }

  async end(): Promise<void> {
    await this.look();
    this.over.abort();
    await this.#done;
  }

  get sequences(): number[] {
    return this.frames.map(([sequence]) => sequence);
  }

  get text(): string {
    return this.frames.map(([, text]) => text).join("");
  }

  async #follow(files: MemoryFiles, selection: Selection): Promise<void> {
    for await (
      const item of followJournal(DIRECTORY, selection, { files, clock: this.clock, over: this.over.signal })
    ) {
      if (item.kind !== "frames") {
        this.other.push(item);
        continue;
      }
      const texts = new TextDecoder().decode(item.bytes).split("\n").slice(0, -1);
      assertEquals(texts.length, item.frames);
      texts.forEach((text, i) => this.frames.push([item.first + i, `${text}\n`]));
    }
    this.isOver = true;
  }
}

async function append(journal: Journal, count: number): Promise<void> {
  await journal.append([run(journal.end, lines(journal.end, count))]);
}

Deno.test("a journal that is not there yet is followed over segments, deletions, restarts and holes: each frame once", async () => {
  const files = new MemoryFiles();
  const follower = new Follower(files);
  await follower.look();
  const expected: string[] = [];
  let end = 0;
  for (let start = 0; start < 5; start++) {
    const clock = new ManualClock();
    const journal = await open(files, { segmentBytes: SEGMENT_BYTES, clock });
    for (let i = 0; i < 12; i++) {
      // Some frames pass the journal by, and are no loss.
      const first = journal.end + (i % 5 === 4 ? 3 : 0);
      await journal.append([run(first, lines(first, 2))]);
      expected.push(...lines(first, 2));
      await follower.look();
      // Delivered: files are removed while the follower has them.
      if (i % 3 === 0) {
        journal.confirm(journal.end);
        await clock.advance(LONG_MS);
      }
      end = journal.end;
    }
    await journal.close();
  }
  await follower.end();
  assertEquals(follower.text, expected.join(""));
  assertEquals(follower.other, []);
  assertEquals(follower.frames.at(-1)![0], end - 1);
});

Deno.test("whatever happens between two looks, a frame comes once or is told as removed", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const files = new MemoryFiles();
    const follower = new Follower(files);
    const clock = new ManualClock();
    let journal = await open(files, { segmentBytes: SEGMENT_BYTES, clock });
    for (let step = 0; step < 40; step++) {
      const dice = random();
      if (dice < 0.5) await append(journal, 1 + Math.floor(random() * 6));
      else if (dice < 0.6) journal.confirm(journal.cursor + Math.floor(random() * (journal.end - journal.cursor + 1)));
      else if (dice < 0.7) {
        await journal.close();
        journal = await open(files, { segmentBytes: SEGMENT_BYTES, clock });
      } else if (dice < 0.8) await clock.advance(LONG_MS);
      else await follower.clock.advance(random() * 700);
    }
    await follower.end();
    const removed = follower.other.flatMap((item) => {
      assert(item.kind === "removed", `seed ${seed}: ${JSON.stringify(item)}`);
      return Array.from({ length: item.until - item.from }, (_, i) => item.from + i);
    });
    assertEquals(follower.sequences, [...follower.sequences].sort((a, b) => a - b), `seed ${seed}: in order`);
    const all = [...follower.sequences, ...removed].sort((a, b) => a - b);
    assertEquals(all, Array.from({ length: journal.end }, (_, i) => i), `seed ${seed}: each once`);
    assert(follower.frames.every(([sequence, text]) => text === line(sequence)), `seed ${seed}: the right text`);
    await journal.close();
  }
});

Deno.test("following ends with its limit, with its last sequence, and where that is passed in a hole", async () => {
  const cases: [Selection, number][] = [[{ limit: 3 }, 3], [{ until: 5 }, 5], [{ from: 2, limit: 2 }, 2], [
    { until: 8 },
    6,
  ]];
  for (const [selection, frames] of cases) {
    const files = new MemoryFiles();
    const journal = await open(files, { segmentBytes: SEGMENT_BYTES });
    const follower = new Follower(files, selection);
    for (let i = 0; i < 3; i++) {
      await follower.look();
      assertEquals(follower.isOver, follower.frames.length === frames && selection.until !== 8);
      if (!follower.isOver) await append(journal, 2);
    }
    // 6 and 7 were delivered from memory.
    await journal.append([run(9, [line(9)])]);
    await follower.look();
    assertEquals([follower.isOver, follower.frames.length], [true, frames], JSON.stringify(selection));
    await journal.close();
  }
});

Deno.test("what a segment had when it was removed is read, if it was there at the last look", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { segmentBytes: SEGMENT_BYTES, clock });
  await append(journal, 1);
  const follower = new Follower(files);
  await follower.look();
  const before = files.paths().length;
  while (files.paths().length === before) await append(journal, 1);
  journal.confirm(journal.end);
  await clock.advance(LONG_MS);
  assert(!files.paths().includes(`${DIRECTORY}/${"0".repeat(20)}.seg`), "the first segment is gone");
  await follower.end();
  assertEquals(follower.sequences, Array.from({ length: journal.end }, (_, i) => i));
  assertEquals(follower.other, []);
  await journal.close();
});

Deno.test("what was delivered and removed before it began to follow is not told, what was since then is", async () => {
  for (const atFirst of [0, 2]) {
    const files = new MemoryFiles();
    const journal = await open(files, { segmentBytes: SEGMENT_BYTES });
    for (let i = 0; i < 12; i++) await append(journal, 1);
    journal.confirm(12);
    await journal.close();
    for (const path of files.paths()) if (path.endsWith(".seg")) files.remove(path);
    const clock = new ManualClock();
    const again = await open(files, { segmentBytes: SEGMENT_BYTES, clock });
    if (atFirst > 0) await append(again, atFirst);
    const follower = new Follower(files);
    await follower.look();
    assertEquals([follower.frames.length, follower.other], [atFirst, []]);
    for (let i = 0; i < 12; i++) await append(again, 1);
    again.confirm(again.end);
    await clock.advance(LONG_MS);
    await append(again, 1);
    await follower.end();
    const [removed] = follower.other;
    assert(removed?.kind === "removed" && follower.other.length === 1, JSON.stringify(follower.other));
    const gone = Array.from({ length: removed.until - removed.from }, (_, i) => removed.from + i);
    const all = [...follower.sequences, ...gone].sort((a, b) => a - b);
    assertEquals(all, Array.from({ length: again.end - 12 }, (_, i) => 12 + i));
    await again.close();
  }
});

Deno.test("with pending it begins at the cursor, and goes on with frames that are delivered before it looks", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { retainMs: 1e9 });
  await append(journal, 4);
  journal.confirm(2);
  await journal.close();
  const again = await open(files, { retainMs: 1e9 });
  const follower = new Follower(files, { pending: true });
  await follower.look();
  await append(again, 2);
  again.confirm(6);
  await follower.end();
  assertEquals(follower.sequences, [2, 3, 4, 5]);
  await again.close();
});

Deno.test("a record that is not whole yet is waited for; damage is told once; a compressed segment changes nothing", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: SEGMENT_BYTES, retainMs: 1e9 });
  for (let i = 0; i < 14; i++) await append(journal, 1);
  const [first] = files.paths().filter((path) => path.endsWith(".seg"));
  const bytes = files.bytesOf(files.paths().filter((path) => path.endsWith(".seg")).at(-1)!);
  // In a record's header: nothing says any more how long it is.
  bytes[new TextDecoder("latin1").decode(bytes).indexOf("frame 0") - RECORD_HEADER_BYTES + 20] ^= 1;
  const follower = new Follower(files);
  await follower.look();
  const damaged = follower.frames.length;
  assertEquals([damaged, follower.other.map(({ kind }) => kind)], [13, ["damage", "missing"]]);
  await compressInPlace(files, first);
  await append(journal, 1);
  await follower.look();
  const newest = files.paths().filter((path) => path.endsWith(".seg")).at(-1)!;
  const whole = files.bytesOf(newest).slice();
  await append(journal, 1);
  const grown = files.bytesOf(newest).slice();
  assertEquals(grown.length - whole.length, RECORD_HEADER_BYTES + line(0).length, "nothing but a record was appended");
  const writer = await files.open(newest, "update");
  await writer.truncate(whole.length + 40);
  await follower.look();
  assertEquals(follower.frames.length, damaged + 1);
  await writer.writeAt([grown.subarray(whole.length + 40)], whole.length + 40);
  writer.close();
  await follower.end();
  assertEquals([follower.frames.length, follower.other.length], [damaged + 2, 2]);
  await journal.close();
});

Deno.test("another journal in the place of one that was removed is followed from its beginning", async () => {
  const files = new MemoryFiles();
  const follower = new Follower(files);
  for (const text of ["first\n", "second\n"]) {
    const journal = await open(files);
    await journal.append([run(0, [text])]);
    await journal.close();
    await follower.look();
    for (const path of files.paths()) if (path !== DIRECTORY) files.remove(path);
    await follower.look();
  }
  await follower.end();
  assertEquals([follower.text, follower.other], ["first\nsecond\n", []]);
});

Deno.test("looks become rare while nothing comes, and only a change is read", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await append(journal, 1);
  const follower = new Follower(files);
  await follower.look();
  const before = files.log.length;
  for (let i = 0; i < 100; i++) await follower.clock.advance(100);
  const idle = files.log.slice(before);
  assertEquals(idle.filter((entry) => !/^(list|stat) /.test(entry)), []);
  assert(idle.length <= 2 * 25, `${idle.length} calls in 10 s`);
  await follower.end();
  await journal.close();
});

Deno.test("a file is refused: following is for the directory of a journal", async () => {
  const files = new MemoryFiles();
  files.put("/j/x", new Uint8Array(1));
  const over = new AbortController().signal;
  const items = followJournal("/j/x", {}, { files, clock: new ManualClock(), over });
  const error = await assertRejects(() => items.next(), SpillwayError);
  assertEquals([error.message, error.exit], ["/j/x: not a directory", 2]);
});
