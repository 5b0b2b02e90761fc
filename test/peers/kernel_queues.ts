/**
 * What the kernel holds of a TCP connection, read from /proc/net/tcp: bytes
 * received and acknowledged that the program has not read (`rx_queue`), and
 * bytes written that the peer has not acknowledged (`tx_queue`). proc_net_tcp(5)
 */

export interface TcpRow {
  readonly localPort: number;
  readonly remotePort: number;
  /** 1 established, 10 listening; net/tcp_states.h. */
  readonly state: number;
  readonly txQueue: number;
  readonly rxQueue: number;
}

export const TCP_ESTABLISHED = 1;
export const TCP_LISTEN = 10;

/** All rows of this process's network namespace, or of that of the process `pid`. */
export function tcpRows(pid: number | "self" = "self"): TcpRow[] {
  return ["tcp", "tcp6"].flatMap((table) => rowsOf(readTable(`/proc/${pid}/net/${table}`)));
}

/** The end of a connection that has these ports, seen from `localPort`; undefined once it is gone. */
export function tcpRow(localPort: number, remotePort: number): TcpRow | undefined {
  return tcpRows().find((row) => row.localPort === localPort && row.remotePort === remotePort);
}

function readTable(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // no IPv6 here, or the process is gone
  }
}

function rowsOf(table: string): TcpRow[] {
  return table.split("\n").slice(1).filter((line) => line !== "").map((line) => {
    const [, local, remote, state, queues] = line.trim().split(/\s+/);
    const [tx, rx] = queues.split(":");
    return {
      localPort: parseInt(local.slice(local.indexOf(":") + 1), 16),
      remotePort: parseInt(remote.slice(remote.indexOf(":") + 1), 16),
      state: parseInt(state, 16),
      txQueue: parseInt(tx, 16),
      rxQueue: parseInt(rx, 16),
    };
  });
}
