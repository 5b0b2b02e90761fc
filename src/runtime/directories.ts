/**
 * The part of the file system that needs no open file, for both runtimes.
 *
 * Each of these calls of node:fs/promises does its system call on another
 * thread, on Deno too (seen with strace), unlike the writes of node:fs on Deno.
 */
import * as fs from "node:fs/promises";
import { SystemError } from "../base/error.ts";
import type { FileInfo, FileSystem } from "./files.ts";
import { systemError } from "./system_error.ts";

export const directories: Omit<FileSystem, "open"> = {
  async list(directory) {
    const names = await fs.readdir(directory).catch((e) => fail(e, "list", directory));
    return names.sort();
  },

  async stat(path): Promise<FileInfo | undefined> {
    const found = await fs.stat(path).catch((e) => {
      const error = systemError(e, "stat", path);
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (found === undefined) return undefined;
    return {
      kind: found.isFile() ? "file" : found.isDirectory() ? "directory" : "other",
      size: found.size,
      modifiedMs: found.mtimeMs,
      device: found.dev,
      uid: process.platform === "win32" ? undefined : found.uid,
    };
  },

  async makeDirectory(path) {
    await fs.mkdir(path, { recursive: true, mode: 0o700 }).catch((e) => fail(e, "mkdir", path));
  },

  async rename(from, to) {
    await fs.rename(from, to).catch((e) => fail(e, "rename", from));
  },

  async unlink(path) {
    try {
      // Deno's unlink removes an empty directory as well.
      if ((await fs.lstat(path)).isDirectory()) throw new SystemError("EISDIR", "unlink", path);
      await fs.unlink(path);
    } catch (e) {
      throw systemError(e, "unlink", path);
    }
  },

  async syncDirectory(path) {
    try {
      const directory = await fs.open(path, "r");
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    } catch (e) {
      throw systemError(e, "sync", path);
    }
  },

  async freeBytes(path) {
    const { bavail, bsize } = await fs.statfs(path).catch((e) => fail(e, "statfs", path));
    return bavail * bsize;
  },
};

function fail(thrown: unknown, syscall: string, path: string): never {
  throw systemError(thrown, syscall, path);
}
