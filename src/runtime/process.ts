/** What both runtimes offer alike of the process they run: node:process works on each, compiled too. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import process from "node:process";
import { OrderedStdout, QueuedStderr, type WriteSome } from "./output.ts";
import type { Runtime } from "./runtime.ts";

export type ProcessPart = Omit<
  Runtime,
  "name" | "version" | "net" | "files" | "executable" | "startThread" | "readStdin" | "outliveSignals"
>;

/** `writeStdout` and `writeStderr` hand some bytes over without blocking the event loop. */
export function processPart(writeStdout: WriteSome, writeStderr: WriteSome): ProcessPart {
  const uid = process.geteuid?.();
  return {
    args: process.argv.slice(2),
    pid: process.pid,
    uid,
    userName: (other = uid) => nameInPasswd(other) ?? (other === uid ? ownName() : undefined) ?? `uid ${other}`,
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

/** The name that passwd(5) has for a number; undefined where it has none. */
function nameInPasswd(uid: number | undefined): string | undefined {
  try {
    const line = readFileSync("/etc/passwd", "utf8").split("\n").find((entry) => entry.split(":")[2] === String(uid));
    return line?.split(":")[0];
  } catch { // no such file
    return undefined;
  }
}

/** What other user databases call us. Asked last: Bun's userInfo believes the variable USER, and says `unknown` without it. */
function ownName(): string | undefined {
  try {
    const { username } = userInfo();
    return username === "unknown" ? undefined : username;
  } catch { // a number that the system's user database does not know
    return undefined;
  }
}
