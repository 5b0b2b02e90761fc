/** The progress file: what is in it when the process dies, how often it is written, and what it may be resumed with. */
import { SpillwayError } from "../../src/base/error.ts";
import { DirectoryArchive } from "../../src/journal/files/archive/directory_archive.ts";
import { type ArchiveSegment, findSegments } from "../../src/journal/files/archive/find_segments.ts";
import { ProgressFile, readProgress, type ReplayPosition, type SavedReplay } from "../../src/replay/progress_file.ts";
import { checkSame, selectionLeft } from "../../src/replay/resume.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { record } from "./rig.ts";

const HEAD = {
  spillway_replay: 1,
  target: "there:2",
  flags: { since: "2h" },
  directories: ["/j"],
  selection: { sinceUs: 5, from: 1 },
} as const;

function position(next: number, done = false): ReplayPosition {
  return { next, frames: next, bytes: next * 10, last_time_us: next * 1000, done };
}

async function opened() {
  const files = new MemoryFiles();
  await files.makeDirectory("/d");
  const clock = new VirtualClock();
  const file = new ProgressFile(files, clock, "/d/p", HEAD, position(0));
  await file.open();
  return { files, clock, file };
}

Deno.test("a position that was noted is read back, with the replay it belongs to", async () => {
  const { files, file } = await opened();
  assertEquals(await readProgress(files, "/d/p"), { ...HEAD, ...position(0) } as SavedReplay);
  file.note(position(7, true));
  await file.close();
  assertEquals(await readProgress(files, "/d/p"), { ...HEAD, ...position(7, true) } as SavedReplay);
  assertEquals(files.paths(), ["/d/p"]);
});

Deno.test("a file with a member missing or of a wrong type is no progress file", async () => {
  const whole = { ...HEAD, ...position(3) };
  const broken: unknown[] = [[], null, 3, { ...whole, spillway_replay: 2 }, { ...whole, selection: null }];
  for (const key of ["target", "flags", "directories", "selection", "next", "frames", "bytes", "last_time_us"]) {
    broken.push({ ...whole, [key]: undefined }, { ...whole, [key]: true });
  }
  for (const content of broken) {
    const files = new MemoryFiles();
    const file = await files.open("/p", "open");
    await file.writeAt([new TextEncoder().encode(JSON.stringify(content))], 0);
    const error = await assertRejects(() => readProgress(files, "/p"), SpillwayError);
    assertEquals(error.message, "--progress-file /p: not the progress file of a replay", JSON.stringify(content));
  }
});

Deno.test("a replay may begin with an empty file", async () => {
  const files = new MemoryFiles();
  await files.open("/p", "open");
  assertEquals(await readProgress(files, "/p"), undefined);
});

Deno.test("the file is written at most every 100 ms, and has the newest position within that time", async () => {
  const { files, clock, file } = await opened();
  const before = files.log.length;
  for (let next = 1; next <= 1000; next++) {
    file.note(position(next));
    await clock.advance(1);
    if (next % 50 !== 0) continue;
    const saved = await readProgress(files, "/d/p");
    assert(saved!.next >= next - 101, `${saved!.next} on disk, ${next} noted`);
  }
  const writes = files.log.slice(before).filter((entry) => entry.startsWith("write")).length;
  assert(writes >= 9 && writes <= 11, `${writes} writes in a second`);
  await file.close();
});

Deno.test("a process that dies at any operation leaves the old state or the new one", async () => {
  for (let dies = 0; dies < 12; dies++) {
    const { files, file } = await opened();
    let count = 0;
    files.plan = () => {
      if (count++ === dies) files.crash();
      return undefined;
    };
    file.note(position(7));
    await file.close().catch(() => {});
    const left = files.afterCrash();
    const saved = await readProgress(left, "/d/p");
    assert(saved?.next === 0 || saved?.next === 7, `died at operation ${dies}: ${saved?.next}`);
  }
});

Deno.test("the last state survives a power loss", async () => {
  const { files, file } = await opened();
  await files.syncDirectory("/");
  file.note(position(7));
  await file.close();
  assertEquals((await readProgress(files.afterPowerLoss(), "/d/p"))?.next, 7);
});

Deno.test("a disk that is full for a while delays the file, and one that stays full is an error", async () => {
  const { files, clock, file } = await opened();
  files.plan = (operation) => operation === "write" ? { code: "ENOSPC" } : undefined;
  file.note(position(3));
  await clock.advance(500);
  assertEquals((await readProgress(files, "/d/p"))?.next, 0);
  files.plan = () => undefined;
  file.note(position(4));
  await clock.advance(500);
  assertEquals((await readProgress(files, "/d/p"))?.next, 4);
  files.plan = (operation) => operation === "write" ? { code: "ENOSPC" } : undefined;
  file.note(position(5));
  const error = await assertRejects(() => file.close(), SpillwayError, "cannot be written");
  assert(error.hint?.includes("--from 5"));
});

Deno.test("what is left to send is taken from the selection as it was at the beginning", () => {
  const saved = { ...HEAD, ...position(7), selection: { sinceUs: 5, from: 1, limit: 10, pending: true } };
  assertEquals(selectionLeft(saved), { sinceUs: 5, from: 7, limit: 3, pending: true });
  assertEquals(selectionLeft({ ...saved, frames: 0 }).from, 1);
});

Deno.test("a progress file belongs to one target, one selection and one journal", async () => {
  const files = await record([[{ text: "a\n", atMs: 1 }, { text: "b\n", atMs: 1500 }, { text: "c\n", atMs: 9000 }]]);
  const saved: SavedReplay = { ...HEAD, ...position(2), last_time_us: 1_500_000 };
  const segments = await findSegments(files, ["/j"]);
  const archive = (changes: Partial<ArchiveSegment> = {}) =>
    new DirectoryArchive(files, segments.map((each) => ({ ...each, ...changes })));
  const found = { target: "there:2", flags: { since: "2h" }, archive: archive() };
  await checkSame("p", saved, found);
  await checkSame("p", saved, { ...found, archive: archive({ directory: "/copied" }) });
  const refused = (change: Partial<typeof found>, of: Partial<SavedReplay> = {}) =>
    assertRejects(() => checkSame("p", { ...saved, ...of }, { ...found, ...change }), SpillwayError, "another replay");
  await refused({ target: "elsewhere:2" });
  await refused({ flags: { since: "3h" } });
  await refused({}, { last_time_us: 1_500_001 });
  // Frame 7 is nowhere, and nobody has delivered it.
  await refused({}, { next: 8 });
  await checkSame("p", { ...saved, next: 8 }, { ...found, archive: archive({ cursor: 8 }) });
  await refused({ archive: archive({ cursor: 8, directory: "/elsewhere" }) }, { next: 8 });
});
