/** Are a route's addresses free, and do the names in them resolve? */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { messageOf, SystemError } from "../../base/error.ts";
import { listenHint } from "../../relay/route.ts";
import { formatAddress } from "../../runtime/address.ts";
import type { Address } from "../../runtime/net.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { systemError } from "../../runtime/system_error.ts";
import type { Finding } from "./finding.ts";

/** How long a unix socket's owner may take to answer, in ms. */
const ANSWER_MAX_MS = 1000;

/** `isRunning`: the daemon that has the journal may have the address too. Never rejects. */
export async function inspectListen(
  key: string,
  address: Address,
  isRunning: boolean,
  runtime: Runtime,
): Promise<Finding[]> {
  const shown = formatAddress(address);
  try {
    if (address.kind === "unix") return await inspectSocketPath(key, address.path, isRunning, runtime);
    await (await runtime.net.listen(address)).close();
    return [];
  } catch (thrown) {
    if (isInUse(thrown)) return [inUse(key, shown, isRunning)];
    const hint = thrown instanceof SystemError ? listenHint(thrown.code) : undefined;
    return [{ kind: "error", text: `${key}: cannot listen on ${shown}: ${messageOf(thrown)}`, hint }];
  }
}

function isInUse(thrown: unknown): boolean {
  return thrown instanceof SystemError && thrown.code === "EADDRINUSE";
}

function inUse(key: string, shown: string, isRunning: boolean): Finding {
  if (isRunning) {
    return { kind: "note", text: `${key}: ${shown} is in use, it seems by the daemon that holds the journal` };
  }
  return {
    kind: "error",
    text: `${key}: ${shown} is already in use`,
    hint: `another program listens there; ss -lp tells which. Stop it or choose another ${key}`,
  };
}

/** Listening on a path would replace what is there, so it is looked at instead. */
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
  if (await runtime.files.stat(path) === undefined) return [];
  try {
    (await runtime.net.connect({ kind: "unix", path }, ANSWER_MAX_MS)).close();
    return [inUse(key, `unix:${path}`, isRunning)];
  } catch {
    return []; // a socket's file that nobody answers on is replaced
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
