/**
 * A network namespace of the test's own, joined to this one by a veth pair.
 *
 * All traffic stays on addresses that are made here, out of the range for
 * benchmarks (RFC 2544, 198.18.0.0/15), and only out of a part of it that no
 * route of this machine covers: a machine's own network may have any address,
 * and a test must not take it away. Names and addresses follow from the process,
 * so tests that make one must not run beside each other: test/e2e/alone is for them.
 */
import type { Scene } from "./scene.ts";

export interface Namespace {
  readonly name: string;
  /** Before a command: runs it inside. */
  readonly inside: readonly string[];
  /** The address of this side, as seen from inside. */
  readonly outside: string;
  /** A counter of the namespace's kernel, from /proc/net/netstat. */
  counter(group: string, name: string): Promise<number>;
}

let made = 0;

/** Undone when the scene closes. Needs `netns`. */
export async function makeNamespace(scene: Scene, label: string): Promise<Namespace> {
  const number = made++;
  const name = `spillway-${label}-${Deno.pid}-${number}`;
  const [outer, inner] = [`sw${Deno.pid % 100_000}o${number}`, `sw${Deno.pid % 100_000}i${number}`];
  const [outside, within] = await freePair(Deno.pid * 8 + number);
  await run("ip", "netns", "add", name);
  scene.defer(() => run("ip", "netns", "del", name)); // takes the veth pair with it
  await run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name);
  await run("ip", "addr", "add", `${outside}/30`, "dev", outer);
  await run("ip", "link", "set", outer, "up");
  await run("ip", "-n", name, "addr", "add", `${within}/30`, "dev", inner);
  await run("ip", "-n", name, "link", "set", inner, "up");
  await run("ip", "-n", name, "link", "set", "lo", "up");
  const inside = ["ip", "netns", "exec", name];
  return {
    name,
    inside,
    outside,
    counter: async (group, wanted) => counterIn(await run(...inside, "cat", "/proc/net/netstat"), group, wanted),
  };
}

const SUBNETS = 2 ** 17 / 4;
const TRIES = 64;

/** The two addresses of a /30 that only a default route covers, looked for from the subnet with this number on. */
export async function freePair(first: number): Promise<[string, string]> {
  for (let i = 0; i < TRIES; i++) {
    const start = ((first + i) % SUBNETS) * 4;
    const address = (host: number) => `198.${18 + (start >> 16)}.${(start >> 8) & 0xff}.${(start & 0xff) + host}`;
    const routes = await run("ip", "-4", "route", "show", "table", "all", "match", `${address(0)}/30`);
    const covered = routes.split("\n").some((route) => route !== "" && !route.startsWith("default"));
    if (!covered) return [address(1), address(2)];
  }
  throw new Error("the routes of this machine cover 198.18.0.0/15: no address is left for a test");
}

/** Each group is a line of names and a line of values; proc_net_netstat in the kernel's documentation. */
function counterIn(table: string, group: string, wanted: string): number {
  const [names, values] = table.split("\n").filter((line) => line.startsWith(`${group}:`)).map((line) =>
    line.split(" ")
  );
  const index = names?.indexOf(wanted) ?? -1;
  if (index < 0) throw new Error(`this kernel does not count ${group}${wanted}`);
  return Number(values[index]);
}

export async function run(...command: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command[0], { args: command.slice(1) }).output();
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
