/** Ports and listeners of this machine. */
import { TCP_LISTEN, tcpRows } from "../../peers/kernel_queues.ts";
import { until } from "./wait.ts";

/**
 * Tests run beside each other, and seconds may pass until a program listens on a
 * port that was chosen. So every thread has a block of ports of its own, below
 * those from which the kernel gives connections theirs (ip_local_port_range,
 * from 32768 on).
 */
const BLOCKS_FROM = 12_000;
const BLOCK_PORTS = 200;
const BLOCKS = 100;

interface Block {
  readonly first: number;
  /** Counts the ports that were given out; at the block's end it goes round. */
  used: number;
}

/** Whoever listens on the first port of a block has the others. */
function takeBlock(): Block {
  const start = Math.floor(Math.random() * BLOCKS); // something that an earlier run left behind may still dial its ports
  for (let i = 0; i < BLOCKS; i++) {
    const first = BLOCKS_FROM + ((start + i) % BLOCKS) * BLOCK_PORTS;
    const holder = listenAt(first);
    if (holder === undefined) continue;
    holder.unref();
    return { first, used: Math.floor(Math.random() * BLOCK_PORTS) };
  }
  throw new Error(`something listens on every ${BLOCK_PORTS}th port from ${BLOCKS_FROM} on: no ports for a test`);
}

/** Taken at once, since a test that took it would seem to leave a listener behind. */
const block = takeBlock();

/** `count` different TCP ports on which nothing listens now and that no other test gets. */
export function freePorts(count: number): number[] {
  const ports: number[] = [];
  for (let tries = 1; ports.length < count; tries++) {
    if (tries >= BLOCK_PORTS) throw new Error(`fewer than ${count} ports are free behind ${block.first}`);
    const port = block.first + 1 + block.used++ % (BLOCK_PORTS - 1);
    const listener = listenAt(port);
    if (listener === undefined) continue;
    listener.close();
    ports.push(port);
  }
  return ports;
}

/** Undefined if something listens there. */
function listenAt(port: number): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}

/** Does something listen there? Reads the kernel's table, since a connection would count as a producer. */
export function isListening(port: number, pid: number | "self" = "self"): boolean {
  return tcpRows(pid).some((row) => row.localPort === port && row.state === TCP_LISTEN);
}

/** `pid` names a process in the network namespace to look into. */
export async function listeningOn(port: number, pid: number | "self" = "self"): Promise<void> {
  await until(`something listens on port ${port}`, () => isListening(port, pid));
}

/** __SO_ACCEPTCON in the flags of /proc/net/unix: a listening socket. */
const ACCEPTS = 0x10000;

export async function listeningOnPath(path: string): Promise<void> {
  await until(`something listens on ${path}`, () =>
    Deno.readTextFileSync("/proc/net/unix").split("\n").some((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[7] === path && (parseInt(fields[3], 16) & ACCEPTS) !== 0;
    }));
}
