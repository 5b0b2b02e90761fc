/**
 * What a peer on the same machine has received and not read: rx_queue of
 * /proc/net/tcp (proc_pid_net(5)). A program that reads slowly may keep its
 * window closed for many seconds; this queue shows that it reads all the same.
 * The file is read by its place below the own process, which a service sees that
 * is shown processes alone (ProcSubset=pid of systemd).
 */
import { readFile } from "node:fs/promises";

/** An IPv4 address as a socket for both versions has it. */
const MAPPED = /^0000000000000000FFFF0000(?=.{8}$)/;

/**
 * Bytes in the receive queue of the socket at the other end of a TCP connection,
 * whose ends are called `local` and `peer` as a `Connection` has them. Undefined
 * if that socket is on another machine, or the system does not say.
 */
export async function peerQueueBytes(local: string, peer: string): Promise<number | undefined> {
  const [ours, theirs] = [portOf(local), portOf(peer)];
  if (ours === undefined || theirs === undefined) return undefined;
  const rows = (await Promise.all(["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(readTable))).flatMap(rowsOf);
  const own = rows.find((row) => row.local.port === ours && row.remote.port === theirs);
  if (own === undefined) return undefined;
  const other = rows.find(({ local, remote }) =>
    local.port === theirs && remote.port === ours && local.host === own.remote.host && remote.host === own.local.host
  );
  return other?.unreadBytes;
}

interface End {
  readonly host: string;
  /** In hexadecimal. */
  readonly port: string;
}

interface Row {
  readonly local: End;
  readonly remote: End;
  readonly unreadBytes: number;
}

function portOf(address: string): string | undefined {
  const port = /:(\d+)$/.exec(address)?.[1];
  return port === undefined ? undefined : Number(port).toString(16).toUpperCase().padStart(4, "0");
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch { // no such system, or no IPv6
    return "";
  }
}

function rowsOf(table: string): Row[] {
  return table.split("\n").slice(1, -1).map((line) => {
    const [, local, remote, , queues] = line.trim().split(/\s+/);
    return { local: endOf(local), remote: endOf(remote), unreadBytes: parseInt(queues.split(":")[1], 16) };
  });
}

function endOf(text: string): End {
  const [host, port] = text.split(":");
  return { host: host.replace(MAPPED, ""), port };
}
