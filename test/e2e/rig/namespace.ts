/**
 * A network namespace of the test's own, joined to this one by a veth pair.
 * All traffic stays on addresses that are made here (RFC 5737, TEST-NET-1).
 */
import type { Scene } from "./scene.ts";

export interface Namespace {
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
  const [outside, within] = [`192.0.2.${number * 4 + 1}`, `192.0.2.${number * 4 + 2}`];
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
    inside,
    outside,
    counter: async (group, wanted) => counterIn(await run(...inside, "cat", "/proc/net/netstat"), group, wanted),
  };
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

async function run(...command: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command[0], { args: command.slice(1) }).output();
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
