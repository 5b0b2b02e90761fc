/**
 * A pair of connections over a link that can be cut: two network namespaces
 * joined by a veth pair, the only way to a peer whose kernel is silent. The
 * machine's own network does not see them, so any addresses will do.
 */
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Address, Connection, Listener } from "../../src/runtime/net.ts";
import { runtime } from "./contract.ts";
import { enterNamespace } from "./libc.ts";
import { accepted, CONNECT_MS, type Pair } from "./sockets.ts";

const FAR: Address = { kind: "tcp", host: "198.18.0.2", port: 9000 };
const ACTION_MS_MAX = 30_000;

export interface CutPair extends Pair {
  /** From now on nothing arrives in either direction, and neither end is told. */
  cut(): void;
  join(): void;
  /** A further connection from the same side, which proves that the link is back. */
  dial(): Promise<Connection>;
}

/** Why there are no namespaces to be had here, if there are none. */
export function lackOfNamespaces(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root for network namespaces";
  const name = `spillway-try-${process.pid}`;
  try {
    ip("-V");
  } catch {
    return "needs the Debian package iproute2";
  }
  try {
    ip("netns", "add", name);
  } catch {
    return "network namespaces are not allowed here";
  }
  ip("netns", "del", name);
  return undefined;
}

/** Runs `action` with a client and a server on either side of such a link. */
export async function withCutPair(action: (pair: CutPair) => Promise<void>): Promise<void> {
  const [near, far] = ["near", "far"].map((side) => `spillway-${side}-${process.pid}`);
  ip("netns", "add", near);
  ip("netns", "add", far);
  const opened: (Connection | Listener)[] = [];
  try {
    ip("-n", near, "link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns", far);
    ip("-n", near, "addr", "add", "198.18.0.1/30", "dev", "near0");
    ip("-n", far, "addr", "add", "198.18.0.2/30", "dev", "far0");
    const set = (state: "up" | "down") => ip("-n", far, "link", "set", "far0", state);
    ip("-n", near, "link", "set", "near0", "up");
    set("up");
    const listener = await inNamespace(far, () => runtime.net.listen(FAR));
    opened.push(listener);
    const dial = async () => {
      const connection = await inNamespace(near, () => runtime.net.connect(FAR, CONNECT_MS));
      opened.push(connection);
      return connection;
    };
    const client = await dial();
    const server = await accepted(listener);
    opened.push(server);
    await inTime(action({ client, server, listener, cut: () => set("down"), join: () => set("up"), dial }));
  } finally {
    for (const socket of opened) await socket.close();
    for (const name of [near, far]) ip("netns", "del", name);
  }
}

/** An action that hangs must not leave its namespaces behind. */
async function inTime(action: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error(`no end after ${ACTION_MS_MAX} ms`)), ACTION_MS_MAX);
  try {
    await Promise.race([action, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function inNamespace<T>(name: string, action: () => Promise<T>): Promise<T> {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/run/netns/${name}`, "r");
  try {
    enterNamespace(there);
    return await action();
  } finally {
    enterNamespace(home);
    closeSync(home);
    closeSync(there);
  }
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: "pipe" });
}
