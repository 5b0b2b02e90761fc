/** What both runtimes offer alike of the process they run: node:process works on each, compiled too. */
import process from "node:process";
import { userInfo } from "node:os";
import { OrderedStdout, QueuedStderr, type WriteSome } from "./output.ts";
import type { Runtime } from "./runtime.ts";

export type ProcessPart = Omit<Runtime, "name" | "version" | "net" | "files" | "executable" | "readStdin">;

/** `writeStdout` and `writeStderr` hand some bytes over without blocking the event loop. */
export function processPart(writeStdout: WriteSome, writeStderr: WriteSome): ProcessPart {
  const uid = process.geteuid?.();
  return {
    args: process.argv.slice(2),
    pid: process.pid,
    uid,
    userName() {
      try {
        return userInfo().username;
      } catch { // the system's user database does not know the number
        return `uid ${uid}`;
      }
    },
    env: (name) => process.env[name],
    onSignal(signal, handler) {
      process.on(signal, handler);
      return () => void process.off(signal, handler);
    },
    exit: (code) => process.exit(code),
    stdout: new OrderedStdout(writeStdout),
    stderr: new QueuedStderr(writeStderr),
  };
}
