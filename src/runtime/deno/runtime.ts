/** Deno as a {@link Runtime}. */
import { fileURLToPath } from "node:url";
import { directories } from "../directories.ts";
import type { FileSystem, OpenMode } from "../files.ts";
import { readInput } from "../input.ts";
import { processPart } from "../process.ts";
import type { Runtime } from "../runtime.ts";
import { outliveSignals } from "../signals.ts";
import { systemError } from "../system_error.ts";
import { startThread } from "../thread.ts";
import { type DatagramCalls, sendUnixDatagram } from "../unix_datagram.ts";
import { DenoFile } from "./file.ts";
import { findSigaction, libcOrNull } from "./libc.ts";
import { denoNet } from "./net.ts";

const OPEN_OPTIONS: Readonly<Record<OpenMode, Deno.OpenOptions>> = {
  read: { read: true },
  update: { read: true, write: true },
  create: { read: true, write: true, createNew: true, mode: 0o600 },
  open: { read: true, write: true, create: true, mode: 0o600 },
};

const files: FileSystem = {
  ...directories,
  async open(path, mode) {
    try {
      return new DenoFile(await Deno.open(path, OPEN_OPTIONS[mode]), path);
    } catch (e) {
      throw systemError(e, "open", path);
    }
  },
};

export const denoRuntime: Runtime = {
  name: "deno",
  version: Deno.version.deno,
  net: denoNet,
  files,
  ...processPart((bytes) => Deno.stdout.write(bytes), (bytes) => Deno.stderr.write(bytes)),
  // When asked: threads have no main module.
  get executable() {
    if (Deno.build.standalone) return [Deno.execPath()];
    return [Deno.execPath(), "run", "--allow-all", fileURLToPath(Deno.mainModule)];
  },
  startThread: () => startThread(new URL(Deno.mainModule)),
  outliveSignals() {
    // Half a second after its start Deno takes SIGUSR1 for its debugger, once: with a listener it has done so before.
    Deno.addSignalListener("SIGUSR1", () => {});
    outliveSignals(findSigaction(), ["SIGUSR1"]);
  },
  sendDatagram(path, bytes) {
    const libc = libcOrNull();
    return libc !== null && sendUnixDatagram(libc as DatagramCalls, path, bytes);
  },
  async readStdin() {
    try {
      return await new Response(Deno.stdin.readable).bytes();
    } catch (e) {
      throw systemError(e, "read", "standard input");
    }
  },
  readStdinPart: (into) => readInput(async () => await Deno.stdin.read(into) ?? 0),
};
