/** The part of {@link Runtime} about the process itself, on node:process, which works on both runtimes, compiled too. */
import { readFileSync, readlinkSync } from "node:fs";
import { userInfo } from "node:os";
import process from "node:process";
import { OrderedStdout, QueuedStderr, type WriteSome } from "./output.ts";
import type { Runtime } from "./runtime.ts";

export type ProcessPart = Omit<
  Runtime,
  | "name"
  | "version"
  | "net"
  | "files"
  | "executable"
  | "startThread"
  | "readStdin"
  | "readStdinPart"
  | "outliveSignals"
  | "sendDatagram"
>;

/** `writeStdout` and `writeStderr` must not block the event loop. */
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
    hasStdout: !isStandIn(1),
    stdout: new OrderedStdout(writeStdout),
    stderr: new QueuedStderr(writeStderr),
  };
}

/** Access mode of open(2) for reading and writing. */
const O_RDWR = 2;

/**
 * Is this descriptor a replacement for a standard stream that was closed when the
 * process started? Both runtimes open /dev/null then, to read and write, so that no
 * file gets the number. A shell opens /dev/null for writing alone. False without /proc.
 */
function isStandIn(descriptor: number): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${descriptor}`) !== "/dev/null") return false;
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & 3) === O_RDWR;
  } catch { // no /proc
    return false;
  }
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

/** This user's name from other user databases. The last resort, since Bun's userInfo takes the variable USER for it, and without that says `unknown`. */
function ownName(): string | undefined {
  try {
    const { username } = userInfo();
    return username === "unknown" ? undefined : username;
  } catch { // a number that the system's user database does not know
    return undefined;
  }
}
