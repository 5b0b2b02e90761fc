/** Bun as a {@link Runtime}. */
import * as fs from "node:fs";
import { directories } from "../directories.ts";
import type { FileSystem, OpenMode, WritableFile } from "../files.ts";
import type { WriteSome } from "../output.ts";
import { readInput } from "../input.ts";
import { processPart } from "../process.ts";
import type { Runtime } from "../runtime.ts";
import { outliveSignals } from "../signals.ts";
import { systemError } from "../system_error.ts";
import { startThread } from "../thread.ts";
import { sendUnixDatagram } from "../unix_datagram.ts";
import { bun } from "./api.ts";
import { BunFile } from "./file.ts";
import { findSigaction, socketLibc } from "./libc.ts";
import { bunNet } from "./net.ts";

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;

const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  update: O_RDWR,
  create: O_RDWR | O_CREAT | O_EXCL,
  open: O_RDWR | O_CREAT,
};

const files: FileSystem = {
  ...directories,
  open(path, mode): Promise<WritableFile> {
    return new Promise((resolve, reject) => {
      fs.open(path, OPEN_FLAGS[mode], 0o600, (error, descriptor) => {
        if (error) reject(systemError(error, "open", path));
        else resolve(new BunFile(descriptor, path));
      });
    });
  },
};

function writerTo(descriptor: number): WriteSome {
  return (bytes) =>
    new Promise((resolve, reject) => {
      fs.write(descriptor, bytes, 0, bytes.length, null, (error, count) => error ? reject(error) : resolve(count));
    });
}

/** Where a compiled executable keeps its script, on Unix and on Windows. */
const isCompiled = bun.main.startsWith("/$bunfs/") || bun.main.includes("~BUN");

export const bunRuntime: Runtime = {
  name: "bun",
  version: bun.version,
  net: bunNet,
  files,
  ...processPart(writerTo(1), writerTo(2)),
  executable: isCompiled ? [process.execPath] : [process.execPath, bun.main],
  startThread: () => startThread(bun.main),
  outliveSignals: () => outliveSignals(findSigaction()),
  sendDatagram(path, bytes) {
    const libc = socketLibc();
    return libc !== null && sendUnixDatagram(libc, path, bytes);
  },
  async readStdin() {
    try {
      return await bun.stdin.bytes();
    } catch (e) {
      throw systemError(e, "read", "standard input");
    }
  },
  readStdinPart: (into) =>
    readInput(() =>
      new Promise((resolve, reject) => {
        fs.read(0, into, 0, into.length, null, (error, count) => error ? reject(error) : resolve(count));
      })
    ),
};
