/** The counters of the kernel's network stack in /proc/net/netstat and /proc/net/snmp: a line of names and a line of values for each group. */

export type Counters = Readonly<Record<string, number>>;

/** The counters that say something about windows, lost segments and full queues; they are of the whole network namespace. */
export const WATCHED = [
  "TcpExt.TCPToZeroWindowAdv",
  "TcpExt.TCPFromZeroWindowAdv",
  "TcpExt.TCPWantZeroWindowAdv",
  "TcpExt.TCPRcvQDrop",
  "TcpExt.TCPBacklogDrop",
  "TcpExt.ListenOverflows",
  "Tcp.RetransSegs",
  "Tcp.OutSegs",
] as const;

/** Those of {@link WATCHED} that the text has, as `Tcp.OutSegs`. A kernel does not have all of them. */
export function parseCounters(text: string): Counters {
  const found: Record<string, number> = {};
  const lines = text.split("\n");
  for (let i = 0; i + 1 < lines.length; i++) {
    const [group, ...names] = lines[i].split(" ");
    const [sameGroup, ...values] = lines[i + 1].split(" ");
    if (!group.endsWith(":") || group !== sameGroup || names.length !== values.length) continue;
    names.forEach((name, column) => {
      const key = `${group.slice(0, -1)}.${name}`;
      if (isWatched(key) && /^\d+$/.test(values[column])) found[key] = Number(values[column]);
    });
    i++;
  }
  return found;
}

function isWatched(key: string): boolean {
  return (WATCHED as readonly string[]).includes(key);
}
