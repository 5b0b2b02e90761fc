/** What there is to say of a port itself: nobody has it, nobody accepts, nothing moves. */
import type { Finding } from "../finding.ts";
import type { Flow } from "../flow.ts";
import { type SocketRow, TCP_STATE } from "../proc/tcp_table.ts";
import { concerns, type Series, type Subject } from "../series.ts";

const NOBODY = { pid: null, program: null, advice: [], figures: {} } as const;

/** Undefined where the flows tell more; `flows` are those in which something moves. */
export function ofPort(subject: Subject, series: Series, flows: readonly Flow[]): Finding | undefined {
  const rows = series.samples.flatMap(({ sockets }) => sockets.filter((row) => concerns(subject, row)));
  if (rows.length === 0) return absent(subject);
  const listeners = rows.filter(({ state }) => state === TCP_STATE.listen);
  const isWaiting = listeners.length >= 2 && listeners.every(({ receiveQueue }) => receiveQueue > 0);
  if (isWaiting) return unaccepted(listeners.at(-1)!, series);
  if (flows.some(({ sender, receiver }) => concerns(subject, (sender ?? receiver)!.rows[0]))) return undefined;
  const what = listeners.length === rows.length ? "somebody listens, nobody is connected" : "neither side sent a byte";
  return {
    ...NOBODY,
    kind: "healthy",
    level: "note",
    certainty: "sure",
    about: subject.name,
    text: `nothing is wrong here: ${what}.`,
  };
}

function absent({ name }: Subject): Finding {
  return {
    ...NOBODY,
    kind: "absent",
    level: "slow",
    certainty: "sure",
    about: name,
    text: `nobody listens on or is connected to ${name} here.`,
    advice: [
      "is it the right port, machine and network namespace (containers have their own)? ss -tn lists what there is",
    ],
  };
}

function unaccepted(listener: SocketRow, { owners }: Series): Finding {
  const owner = owners[listener.inode];
  const who = owner === undefined ? `at ${listener.local}` : `pid ${owner.pid} ${owner.name}`;
  const count = listener.receiveQueue;
  return {
    kind: "accept",
    level: "slow",
    certainty: "sure",
    about: listener.local,
    text: `the listening program ${who} does not accept: ${count} ${
      count === 1 ? "connection waits" : "connections wait"
    }.`,
    advice: ["let it accept while it works, in a thread of its own"],
    pid: owner?.pid ?? null,
    program: owner?.name ?? null,
    figures: { waiting_connections: count },
  };
}
