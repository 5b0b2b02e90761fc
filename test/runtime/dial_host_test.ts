/** A name with several addresses: the order of the attempts and their shares of the time. */
import { SystemError } from "../../src/base/error.ts";
import { dialHost } from "../../src/runtime/dial_host.ts";
import type { Address, Connection } from "../../src/runtime/net.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const NAME: Address = { kind: "tcp", host: "server-b", port: 9001 };
const CONNECTED = {} as Connection;

/** Dials hosts of which only `reachable` answers; the rest refuse, or are silent for all of their time. */
function dialling(reachable: string, isSilent = false) {
  const tried: { host: string; timeoutMs: number }[] = [];
  const dialOne = async (address: Address, timeoutMs: number) => {
    const { host } = address as Address & { kind: "tcp" };
    tried.push({ host, timeoutMs });
    if (host === reachable) return CONNECTED;
    if (isSilent) await new Promise((resolve) => setTimeout(resolve, timeoutMs));
    throw new SystemError(isSilent ? "ETIMEDOUT" : "ECONNREFUSED", "connect", `${host}:9001`);
  };
  return { tried, dialOne };
}

Deno.test("a name is resolved at every call", async () => {
  let answer = "127.0.0.2";
  const { tried, dialOne } = dialling("127.0.0.3");
  const dial = () => dialHost(NAME, 1000, dialOne, () => Promise.resolve([answer]));
  await assertRejects(dial, SystemError);
  answer = "127.0.0.3";
  assertEquals(await dial(), CONNECTED);
  assertEquals(tried.map(({ host }) => host), ["127.0.0.2", "127.0.0.3"]);
});

Deno.test("all addresses of a name are tried in order, and the failure names the name", async () => {
  const hosts = () => Promise.resolve(["::1", "127.0.0.2", "127.0.0.3"]);
  const found = dialling("127.0.0.3");
  assertEquals(await dialHost(NAME, 1000, found.dialOne, hosts), CONNECTED);
  assertEquals(found.tried.map(({ host }) => host), ["::1", "127.0.0.2", "127.0.0.3"]);
  const error = await assertRejects(() => dialHost(NAME, 1000, dialling("").dialOne, hosts), SystemError);
  assertEquals([error.code, error.subject], ["ECONNREFUSED", "server-b:9001"]);
});

Deno.test("an address that is silent leaves the others their share of the time", async () => {
  const { tried, dialOne } = dialling("127.0.0.3", true);
  const begin = performance.now();
  const hosts = () => Promise.resolve(["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
  assertEquals(await dialHost(NAME, 300, dialOne, hosts), CONNECTED);
  assert(performance.now() - begin < 300, "within the time of the attempt");
  assert(tried.every(({ timeoutMs }) => timeoutMs <= 101), JSON.stringify(tried));
});

Deno.test("a resolver that does not answer costs no more than the attempt's time", async () => {
  const never = () => new Promise<string[]>(() => {});
  const error = await assertRejects(() => dialHost(NAME, 50, dialling("").dialOne, never), SystemError);
  assertEquals([error.code, error.syscall, error.subject], ["ETIMEDOUT", "resolve", "server-b:9001"]);
});

Deno.test("a literal address and a unix socket are not resolved", async () => {
  const never = () => Promise.reject(new Error("asked"));
  for (
    const address of [{ ...NAME, host: "127.0.0.3" }, { ...NAME, host: "::1" }, {
      kind: "unix",
      path: "/a.sock",
    }] as Address[]
  ) {
    assertEquals(await dialHost(address, 50, () => Promise.resolve(CONNECTED), never), CONNECTED);
  }
});
