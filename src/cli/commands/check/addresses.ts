/** Are a route's addresses free, and do the names in them resolve? */
import { constants } from "node:fs";
import { access, lstat } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { failedWith, messageOf, SystemError } from "../../../base/error.ts";
import { addressInUse, listenHint } from "../../../relay/listen_errors.ts";
import { formatAddress } from "../../../runtime/address.ts";
import type { Address, Net } from "../../../runtime/net.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { systemError } from "../../../runtime/system_error.ts";
import type { Finding } from "./finding.ts";

/** How long to wait for a process that listens on a unix socket to answer, in ms. */
const ANSWER_MAX_MS = 1000;

/** An address that the configuration listens on. */
export interface Listening {
  /** `route feed: source.listen`. */
  readonly where: string;
  readonly address: Address;
}

export interface ListenSubject {
  readonly route: string;
  readonly key: string;
  readonly address: Address;
  /** The daemon that has the journal may have the address too. */
  readonly isRunning: boolean;
}

/** Adds the address to `others`, which are those before it. Never rejects. */
export async function inspectListen(subject: ListenSubject, others: Listening[], runtime: Runtime): Promise<Finding[]> {
  const { route, key, address, isRunning } = subject;
  const shown = formatAddress(address);
  try {
    if (address.kind === "unix") return await inspectSocketPath(key, address.path, isRunning, runtime);
    await (await runtime.net.listen(address)).close();
    const other = await sameAddress(address, others, runtime.net);
    others.push({ where: `route ${route}: ${key}`, address });
    if (other === undefined) return [];
    const text = `${key}: ${shown} is the address of ${other.where} too`;
    return [{ kind: "error", text, hint: `choose another ${key}` }];
  } catch (thrown) {
    if (failedWith(thrown, "EADDRINUSE")) return [inUse(key, shown, isRunning)];
    const hint = thrown instanceof SystemError ? listenHint(thrown.code) : undefined;
    return [{ kind: "error", text: `${key}: cannot listen on ${shown}: ${messageOf(thrown)}`, hint }];
  }
}

/** The one of `others` that cannot be listened on beside this one: the kernel decides which addresses a name means. */
async function sameAddress(address: Address, others: readonly Listening[], net: Net): Promise<Listening | undefined> {
  if (address.kind === "unix" || address.port === 0) return undefined;
  for (const other of others) {
    if (other.address.kind === "unix" || other.address.port !== address.port) continue;
    const listener = await net.listen(other.address);
    try {
      await (await net.listen(address)).close();
    } catch (thrown) {
      if (failedWith(thrown, "EADDRINUSE")) return other;
      throw thrown;
    } finally {
      await listener.close();
    }
  }
  return undefined;
}

function inUse(key: string, shown: string, isRunning: boolean): Finding {
  if (isRunning) {
    return { kind: "note", text: `${key}: ${shown} is in use, it seems by the daemon that holds the journal` };
  }
  return {
    kind: "error",
    text: addressInUse(key, shown),
    hint: listenHint("EADDRINUSE"),
  };
}

/** Listening on a path would replace the file there, so the file is inspected instead. */
async function inspectSocketPath(key: string, path: string, isRunning: boolean, runtime: Runtime): Promise<Finding[]> {
  const directory = dirname(path);
  const info = await runtime.files.stat(directory);
  if (info?.kind !== "directory") {
    return [{
      kind: "error",
      text: `${key}: ${directory} is not a directory`,
      hint: "make it, or name a socket in one that exists",
    }];
  }
  await access(directory, constants.W_OK | constants.X_OK).catch((thrown) => {
    throw systemError(thrown, "access", directory);
  });
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return [];
  if (!found.isSocket()) {
    const hint = "nothing but a dead socket is replaced: move it away, or name another path";
    return [{ kind: "error", text: `${key}: ${path} is there and is no socket`, hint }];
  }
  try {
    (await runtime.net.connect({ kind: "unix", path }, ANSWER_MAX_MS)).close();
    return [inUse(key, `unix:${path}`, isRunning)];
  } catch {
    return []; // a socket's file on which no process listens is replaced
  }
}

/** Never rejects. */
export async function inspectConnect(key: string, address: Address, runtime: Runtime): Promise<Finding[]> {
  if (address.kind === "unix" || isIP(address.host.replace(/%.*$/, "")) !== 0) return [];
  try {
    await runtime.net.resolve(address.host);
    return [];
  } catch (thrown) {
    return [{
      kind: "error",
      text: `${key}: the name ${address.host} does not resolve: ${messageOf(thrown)}`,
      hint: "check the name, or /etc/hosts and /etc/resolv.conf",
    }];
  }
}
