/** Files and directories. */
import { existsSync } from "node:fs";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { SystemError } from "../../src/base/error.ts";
import type { File, WritableFile } from "../../src/runtime/files.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type Case, runtime } from "./contract.ts";
import { withDirectory } from "./directory.ts";
import { noProc, openDescriptors, patternOf, until } from "./sockets.ts";

const { files } = runtime;
const asRoot = process.geteuid?.() === 0 ? "root may open everything" : undefined;
const noFull = existsSync("/dev/full") ? undefined : "there is no /dev/full";

/** A case on one new file. */
function onFile(name: string, action: (file: WritableFile) => Promise<void>): Case {
  return {
    name,
    run: () =>
      withDirectory(async (directory) => {
        const file = await files.open(`${directory}/file`, "create");
        await action(file);
        file.close();
      }),
  };
}

async function rejectsWith(code: string, action: () => Promise<unknown>, subject: string): Promise<void> {
  const error = await assertRejects(action, SystemError, subject);
  assertEquals(error.code, code);
}

async function contentOf(file: File): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.size());
  assertEquals(await file.readAt(bytes, 0), bytes.length);
  return bytes;
}

const text = (value: string) => new TextEncoder().encode(value);

/** Parts of every interesting size: none, tiny, just below and above what is staged or written directly, many. */
function assortedParts(): Uint8Array[] {
  const sizes = [
    0,
    1,
    5,
    256 << 10,
    (256 << 10) - 1,
    700_000,
    40,
    300_000,
    0,
    200_000,
    (1 << 20) - 200_000,
    3 << 20,
    7,
  ];
  for (let i = 0; i < 4000; i++) sizes.push(i % 700);
  return sizes.map((size, i) => patternOf(size, i));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const fileCases: Case[] = [
  {
    name: "a file is created once, with mode 0600, and can be written and read",
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/new`;
        const file = await files.open(path, "create");
        assertEquals(file.path, path);
        await file.writeAt([text("abc")], 0);
        assertEquals(await contentOf(file), text("abc"));
        file.close();
        assertEquals((await stat(path)).mode & 0o777, 0o600);
        await rejectsWith("EEXIST", () => files.open(path, "create"), path);
        assertEquals(await readFile(path, "utf8"), "abc");
      }),
  },
  {
    name: "open mode `open` creates with mode 0600 or keeps what is there",
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/lock`;
        const first = await files.open(path, "open");
        await first.writeAt([text("kept")], 0);
        first.close();
        assertEquals((await stat(path)).mode & 0o777, 0o600);
        const second = await files.open(path, "open");
        assertEquals(await contentOf(second), text("kept"));
        second.close();
      }),
  },
  {
    name: "modes `read` and `update` need the file; `read` cannot write, `update` can",
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/file`;
        await rejectsWith("ENOENT", () => files.open(path, "read"), path);
        await rejectsWith("ENOENT", () => files.open(path, "update"), path);
        await writeFile(path, "abc");
        const reader = await files.open(path, "read");
        const into = new Uint8Array(1);
        await reader.readAt(into, 1);
        await rejectsWith("EBADF", () => reader.writeAt([text("x")], 0), path);
        await reader.readAt(into, 2); // a failed write moves nothing
        assertEquals(into, text("c"));
        reader.close();
        const writer = await files.open(path, "update");
        await writer.writeAt([text("X")], 1);
        assertEquals(await contentOf(writer), text("aXc"));
        writer.close();
      }),
  },
  {
    name: "a file without permission rejects with EACCES and names it",
    skip: asRoot,
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/secret`;
        await writeFile(path, "", { mode: 0 });
        await rejectsWith("EACCES", () => files.open(path, "read"), path);
      }),
  },
  onFile("many parts of all sizes are written one after the other at a position", async (file) => {
    const parts = assortedParts();
    await file.writeAt([text("head")], 0);
    await file.writeAt(parts, 4);
    assertEquals(Buffer.compare(await contentOf(file), joined([text("head"), ...parts])), 0);
    await file.writeAt([], 2);
    await file.writeAt([text("E"), text("A")], 1);
    const head = new Uint8Array(4);
    await file.readAt(head, 0);
    assertEquals(head, text("hEAd"));
  }),
  onFile("reads end early at the end of the file only", async (file) => {
    await file.writeAt([text("0123456789")], 0);
    const into = new Uint8Array(8);
    assertEquals(await file.readAt(into, 6), 4);
    assertEquals(into.subarray(0, 4), text("6789"));
    assertEquals(await file.readAt(into, 10), 0);
    assertEquals(await file.readAt(into, 1000), 0);
    assertEquals(await file.readAt(into, 1), 8);
    assertEquals(into, text("12345678"));
  }),
  onFile("calls that overlap do not disturb each other", async (file) => {
    const blocks = Array.from({ length: 40 }, (_, i) => patternOf(10_000, i));
    await Promise.all(blocks.map((block, i) => file.writeAt([block.subarray(0, 17), block.subarray(17)], i * 10_000)));
    const read = await Promise.all(blocks.map(async (_, i) => {
      const into = new Uint8Array(10_000);
      await file.readAt(into, (39 - i) * 10_000);
      return into;
    }));
    read.reverse().forEach((block, i) => assertEquals(Buffer.compare(block, blocks[i]), 0));
  }),
  onFile("positions beyond 4 GiB work, and size and truncate agree with them", async (file) => {
    const position = 5 * 2 ** 30;
    await file.writeAt([text("a"), text("bc")], position);
    assertEquals(await file.size(), position + 3);
    const into = new Uint8Array(4);
    assertEquals(await file.readAt(into, position + 1), 2);
    assertEquals(into.subarray(0, 2), text("bc"));
    await file.truncate(1);
    assertEquals(await file.size(), 1);
    await file.truncate(3);
    assertEquals(await contentOf(file), new Uint8Array(3));
  }),
  onFile("sync resolves after writes, and after none", async (file) => {
    await file.sync();
    await file.writeAt([text("x")], 0);
    await file.sync();
  }),
  {
    name: "a full device rejects a write with ENOSPC and names the file, and the file stays usable",
    skip: noFull,
    async run() {
      const file = await files.open("/dev/full", "update");
      await rejectsWith("ENOSPC", () => file.writeAt([text("x")], 0), "/dev/full");
      await rejectsWith("ENOSPC", () => file.writeAt([text("x"), new Uint8Array(1 << 20)], 0), "/dev/full");
      assertEquals(await file.readAt(new Uint8Array(4), 0), 4);
      file.close();
    },
  },
  {
    name: "a lock excludes every other open file until it is closed",
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/lock`;
        const [holder, contender] = [await files.open(path, "open"), await files.open(path, "open")];
        assertEquals(await holder.tryLock(), true);
        assertEquals(await contender.tryLock(), false);
        holder.close();
        assertEquals(await contender.tryLock(), true);
        contender.close();
      }),
  },
  {
    name: "a closed file rejects every call with EBADF, may be closed again and keeps no descriptor",
    skip: noProc,
    run: () =>
      withDirectory(async (directory) => {
        const before = openDescriptors();
        const file = await files.open(`${directory}/file`, "create");
        const writing = file.writeAt([new Uint8Array(1 << 20)], 0);
        file.close();
        file.close();
        await writing.catch((e) => assertEquals(e.code, "EBADF"));
        const calls = [
          () => file.readAt(new Uint8Array(1), 0),
          () => file.writeAt([text("x")], 0),
          () => file.sync(),
          () => file.truncate(0),
          () => file.size(),
          () => file.tryLock(),
        ];
        for (const call of calls) await rejectsWith("EBADF", call, file.path);
        await until(() => openDescriptors() <= before);
      }),
  },
  {
    name: "directories are made with their parents, mode 0700, and may exist already",
    run: () =>
      withDirectory(async (directory) => {
        await files.makeDirectory(`${directory}/a/b`);
        await files.makeDirectory(`${directory}/a/b`);
        for (const name of ["a", "a/b"]) assertEquals((await stat(`${directory}/${name}`)).mode & 0o777, 0o700);
        await writeFile(`${directory}/file`, "");
        await assertRejects(() => files.makeDirectory(`${directory}/file/c`), SystemError, "ENOTDIR");
      }),
  },
  {
    name: "a directory lists its names sorted",
    run: () =>
      withDirectory(async (directory) => {
        for (const name of ["b", "a", "10", "9", "B"]) await writeFile(`${directory}/${name}`, "");
        assertEquals(await files.list(directory), ["10", "9", "B", "a", "b"]);
        await rejectsWith("ENOENT", () => files.list(`${directory}/absent`), "absent");
      }),
  },
  {
    name: "stat tells kind, size, time and owner, and undefined where nothing is",
    run: () =>
      withDirectory(async (directory) => {
        await writeFile(`${directory}/file`, "12345");
        const found = await files.stat(`${directory}/file`);
        assertEquals([found?.kind, found?.size, found?.uid], ["file", 5, process.getuid?.()]);
        assert(Math.abs(found!.modifiedMs - Date.now()) < 3_600_000);
        assertEquals((await files.stat(directory))?.kind, "directory");
        assertEquals((await files.stat("/dev/null"))?.kind, "other");
        assertEquals(await files.stat(`${directory}/absent`), undefined);
        await symlink("nowhere", `${directory}/dangling`);
        assertEquals(await files.stat(`${directory}/dangling`), undefined);
        await rejectsWith("ENOTDIR", () => files.stat(`${directory}/file/x`), "file/x");
      }),
  },
  {
    name: "rename replaces, unlink removes files only",
    run: () =>
      withDirectory(async (directory) => {
        await writeFile(`${directory}/from`, "new");
        await writeFile(`${directory}/to`, "old");
        await files.rename(`${directory}/from`, `${directory}/to`);
        assertEquals(await readFile(`${directory}/to`, "utf8"), "new");
        await rejectsWith("ENOENT", () => files.rename(`${directory}/from`, `${directory}/to`), "from");
        await files.unlink(`${directory}/to`);
        assertEquals(await files.list(directory), []);
        await rejectsWith("ENOENT", () => files.unlink(`${directory}/to`), "to");
        await files.makeDirectory(`${directory}/empty`);
        await rejectsWith("EISDIR", () => files.unlink(`${directory}/empty`), "empty");
      }),
  },
  {
    name: "a directory can be synced, and tells how many bytes are free",
    run: () =>
      withDirectory(async (directory) => {
        await files.syncDirectory(directory);
        await rejectsWith("ENOENT", () => files.syncDirectory(`${directory}/absent`), "absent");
        const free = await files.freeBytes(directory);
        assert(Number.isSafeInteger(free) && free >= 0);
        await rejectsWith("ENOENT", () => files.freeBytes(`${directory}/absent`), "absent");
      }),
  },
];
