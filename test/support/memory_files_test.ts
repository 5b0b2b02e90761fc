/** What the file system of the tests makes of a power loss: the other tests are worth no more than this. */
import { assert, assertEquals } from "./assert.ts";
import { MemoryFiles } from "./memory_files.ts";
import { SECTOR_BYTES } from "./memory_inode.ts";
import { seeded } from "./random.ts";

const SEEDS = 4000;

function bytes(count: number, value: string): Uint8Array {
  return new Uint8Array(count).fill(value.charCodeAt(0));
}

/** What a sector holds: the letter that fills it, `0`, or garbage. */
function kind(sector: Uint8Array): string {
  if (sector.some((byte) => byte !== sector[0])) return "garbage";
  return sector[0] === 0 ? "0" : String.fromCharCode(sector[0]);
}

Deno.test("a power loss makes of each unsynced sector what it likes, and leaves the others", async () => {
  const files = new MemoryFiles();
  const file = await files.open("/f", "create");
  await file.writeAt([bytes(4 * SECTOR_BYTES, "a")], 0);
  await file.sync();
  await files.syncDirectory("/");
  for (const letter of ["b", "c"]) await file.writeAt([bytes(2 * SECTOR_BYTES, letter)], SECTOR_BYTES);
  const seen = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const found = files.afterPowerLoss(seeded(seed)).bytesOf("/f");
    const kinds = [0, 1, 2, 3].map((i) => kind(found.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES)));
    assertEquals([kinds[0], kinds[3], found.length], ["a", "a", 4 * SECTOR_BYTES]);
    seen.add(`${kinds[1]} ${kinds[2]}`);
  }
  const all = ["a", "b", "c", "0", "garbage"];
  for (const one of all) for (const two of all) assert(seen.has(`${one} ${two}`), `never ${one} ${two}`);
  assertEquals(files.afterPowerLoss().bytesOf("/f"), bytes(4 * SECTOR_BYTES, "a"));
  await file.sync();
  assertEquals(kind(files.afterPowerLoss(seeded(1)).bytesOf("/f").subarray(SECTOR_BYTES, 2 * SECTOR_BYTES)), "c");
});

Deno.test("synced bytes in the sector of an append stay, and the size is an old one, the new one or one between", async () => {
  const files = new MemoryFiles();
  const file = await files.open("/f", "create");
  await file.writeAt([bytes(700, "a")], 0);
  await file.sync();
  await files.syncDirectory("/");
  await file.writeAt([bytes(1300, "b")], 700);
  const sizes = new Set<number>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const found = files.afterPowerLoss(seeded(seed)).bytesOf("/f");
    assertEquals(found.subarray(0, 700), bytes(700, "a"));
    assert(found.length >= 700 && found.length <= 2000);
    sizes.add(found.length);
  }
  for (const size of [700, 1024, 1536, 2000]) assert(sizes.has(size), `never ${size} bytes`);
});

Deno.test("a cut that was not synced may be undone", async () => {
  const files = new MemoryFiles();
  const file = await files.open("/f", "create");
  await file.writeAt([bytes(1000, "a")], 0);
  await file.sync();
  await files.syncDirectory("/");
  await file.truncate(300);
  const sizes = new Set(
    Array.from({ length: SEEDS }, (_, seed) => files.afterPowerLoss(seeded(seed)).bytesOf("/f").length),
  );
  assert(sizes.has(1000) && sizes.has(300) && Math.min(...sizes) === 300);
  await file.sync();
  assertEquals(files.afterPowerLoss(seeded(1)).bytesOf("/f"), bytes(300, "a"));
});

Deno.test("what was written before kill -9 can still be taken by a power loss", async () => {
  const files = new MemoryFiles();
  const file = await files.open("/f", "create");
  await files.syncDirectory("/");
  await file.writeAt([bytes(10, "a")], 0);
  const killed = files.afterCrash();
  assertEquals(killed.bytesOf("/f"), bytes(10, "a"));
  assertEquals(killed.afterPowerLoss().bytesOf("/f").length, 0);
  await (await killed.open("/f", "update")).sync();
  assertEquals(killed.afterPowerLoss().bytesOf("/f"), bytes(10, "a"));
  assertEquals(files.afterPowerLoss().bytesOf("/f").length, 0);
});

Deno.test("after a sync that failed, the next one reports success and does nothing", async () => {
  const files = new MemoryFiles();
  const file = await files.open("/f", "create");
  await files.syncDirectory("/");
  await file.writeAt([bytes(10, "a")], 0);
  files.plan = () => ({ code: "EIO" });
  await file.sync().catch(() => {});
  files.plan = () => undefined;
  await file.sync();
  assertEquals(files.afterPowerLoss().bytesOf("/f"), new Uint8Array(10));
  await file.writeAt([bytes(10, "a")], 0);
  await file.sync();
  assertEquals(files.afterPowerLoss().bytesOf("/f"), bytes(10, "a"));
});

Deno.test("creations, renamings and removals are there or not, each for itself, until their directory is synced", async () => {
  const files = new MemoryFiles();
  await files.makeDirectory("/d");
  for (const name of ["kept", "old", "gone"]) await files.open(`/d/${name}`, "create");
  for (const directory of ["/", "/d"]) await files.syncDirectory(directory);
  await files.open("/d/new", "create");
  await files.rename("/d/old", "/d/renamed");
  await files.unlink("/d/gone");
  const seen = new Set<string>();
  const names = (survivors: MemoryFiles) => survivors.paths().map((path) => path.slice(3)).join(" ");
  for (let seed = 0; seed < SEEDS; seed++) seen.add(names(files.afterPowerLoss(seeded(seed))));
  const all = ["gone ", ""].flatMap((gone) =>
    ["", "new "].flatMap((created) => [`${gone}kept ${created}old`, `${gone}kept ${created}renamed`])
  );
  assertEquals([...seen].sort(), all.sort());
  assertEquals(names(files.afterPowerLoss()), "gone kept old");
  await files.syncDirectory("/d");
  assertEquals(names(files.afterPowerLoss(seeded(1))), "kept new renamed");
});

Deno.test("what is in a directory that was not synced is gone with it", async () => {
  const files = new MemoryFiles();
  await files.makeDirectory("/a/b");
  await files.open("/a/b/f", "create");
  for (const directory of ["/a/b", "/a"]) await files.syncDirectory(directory);
  assertEquals(files.afterPowerLoss().paths(), []);
  await files.syncDirectory("/");
  assertEquals(files.afterPowerLoss().paths(), ["/a/b/f"]);
});
