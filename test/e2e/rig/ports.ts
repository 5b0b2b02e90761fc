/** Ports and listeners of this machine. */
import { TCP_LISTEN, tcpRows } from "../../peers/kernel_queues.ts";
import { until } from "./wait.ts";

/** So many different TCP ports that nobody uses now: bound to port 0 together, then released. */
export function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Does somebody listen there? Asks the kernel's table, since a connection would count as a producer. */
export function isListening(port: number, pid: number | "self" = "self"): boolean {
  return tcpRows(pid).some((row) => row.localPort === port && row.state === TCP_LISTEN);
}

/** `pid` names a process in the network namespace to look into. */
export async function listeningOn(port: number, pid: number | "self" = "self"): Promise<void> {
  await until(`somebody listens on port ${port}`, () => isListening(port, pid));
}

/** __SO_ACCEPTCON in the flags of /proc/net/unix: a listening socket. */
const ACCEPTS = 0x10000;

export async function listeningOnPath(path: string): Promise<void> {
  await until(`somebody listens on ${path}`, () =>
    Deno.readTextFileSync("/proc/net/unix").split("\n").some((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[7] === path && (parseInt(fields[3], 16) & ACCEPTS) !== 0;
    }));
}
