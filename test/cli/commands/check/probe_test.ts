/** `check --probe`: writes as a journal would, for a limited time, and leaves nothing behind. */
import { probeDisk, told } from "../../../../src/cli/commands/check/probe.ts";
import type { OpenMode, WritableFile } from "../../../../src/runtime/files.ts";
import { SystemError } from "../../../../src/base/error.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { MemoryFiles } from "../../../support/memory_files.ts";

const MIB = 1024 * 1024;

/** A disk on which each write and each sync takes as long as it is told. */
class SlowDisk {
  nowMs = 1000;
  writes = 0;
  syncs = 0;
  readonly memory = new MemoryFiles();

  constructor(private readonly writeMs: (nth: number) => number, private readonly syncMs = 0) {}

  get options() {
    return {
      files: this,
      directory: "/j",
      sync: "os" as const,
      syncIntervalMs: 100,
      bytesMax: 64 * MIB,
      monotonicMs: () => this.nowMs,
    };
  }

  async open(path: string, mode: OpenMode): Promise<WritableFile> {
    await this.memory.makeDirectory("/j");
    const file = await this.memory.open(path, mode);
    const writeAt = file.writeAt.bind(file);
    file.writeAt = () => {
      assertEquals(this.memory.paths(), [], "it has no name any more");
      this.nowMs += this.writeMs(++this.writes);
      return writeAt([Uint8Array.of(1)], 0);
    };
    file.sync = () => {
      this.syncs++;
      this.nowMs += this.syncMs;
      return Promise.resolve();
    };
    return file;
  }

  unlink(path: string): Promise<void> {
    return this.memory.unlink(path);
  }
}

Deno.test("a probe ends at its limit of bytes, and tells the longest write", async () => {
  const disk = new SlowDisk((nth) => nth === 7 ? 300 : 10);
  assertEquals(await probeDisk(disk.options), { bytes: 64 * MIB, ms: 31 * 10 + 300, longestMs: 300 });
  assertEquals(disk.syncs, 0);
});

Deno.test("a probe of a slow disk ends after 3 s", async () => {
  const disk = new SlowDisk(() => 500);
  assertEquals(await probeDisk(disk.options), { bytes: 12 * MIB, ms: 3000, longestMs: 500 });
});

Deno.test("with sync = each the sync belongs to the write, with interval there is one in each interval", async () => {
  const each = new SlowDisk(() => 10, 40);
  assertEquals((await probeDisk({ ...each.options, sync: "each" })).longestMs, 50);
  assertEquals(each.syncs, 32);
  const interval = new SlowDisk(() => 10);
  await probeDisk({ ...interval.options, sync: "interval" });
  assertEquals(interval.syncs, 3);
});

Deno.test("a disk that fails is told, and nothing is left there", async () => {
  const disk = new SlowDisk(() => 10);
  disk.memory.plan = (operation) => operation === "write" ? { code: "EIO", written: 0 } : undefined;
  const error = await assertRejects(() => probeDisk(disk.options), SystemError);
  assertEquals([error.code, disk.memory.paths()], ["EIO", []]);
});

Deno.test("what a pause means for memory is said in bytes per second", () => {
  const { text, hint } = told("/j", 16 * MIB, { bytes: 1024 * MIB, ms: 1000, longestMs: 250 });
  assertEquals(
    text,
    "/j took 1GiB at 1GiB/s, one write 250ms at most; for so long memory.max_bytes = 16MiB takes up to 64MiB/s",
  );
  assert(hint!.includes("peak rate × 250ms"));
});
