/** From what was seen to what is said. Pure: the same series gives the same findings. */
import type { Finding } from "./finding.ts";
import { type Flow, flowsOf, isUsed } from "./flow.ts";
import { portOf, type SocketRow, TCP_STATE } from "./proc/tcp_table.ts";
import { loss, slowLink, smallReceiveBuffer, smallSendBuffer } from "./rules/path.ts";
import { burst, slowFarReceiver, slowReceiver } from "./rules/receiver.ts";
import { pace } from "./rules/sender.ts";
import type { Series, Subject } from "./series.ts";

/**
 * The first rule that finds something speaks for a flow: a receiver that does not
 * read makes the sender wait and data come twice, so its queue is looked at first.
 */
const RULES: readonly ((flow: Flow, series: Series) => Finding | undefined)[] = [
  burst,
  slowReceiver,
  slowFarReceiver,
  loss,
  smallReceiveBuffer,
  smallSendBuffer,
  slowLink,
  pace,
];

/** At least one; what is slow comes first. */
export function diagnose(series: Series): Finding[] {
  const flows = flowsOf(series).filter(isUsed);
  const findings = [
    ...series.subjects.flatMap((subject) => ofSubject(subject, series)),
    ...flows.map((flow) => RULES.map((rule) => rule(flow, series)).find((each) => each !== undefined)!),
  ];
  return findings.sort((a, b) => rank(a) - rank(b));
}

/** Is something slow, or not there at all? */
export function isSlow(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "slow");
}

function rank({ level }: Finding): number {
  return level === "slow" ? 0 : 1;
}

const NOBODY = { pid: null, program: null, advice: [], figures: {} } as const;

/** What there is to say of a port before any connection of it. */
function ofSubject(subject: Subject, series: Series): Finding[] {
  const rows = series.samples.flatMap(({ sockets }) => sockets.filter((row) => concerns(subject, row)));
  if (rows.length === 0) {
    return [{
      ...NOBODY,
      kind: "absent",
      level: "slow",
      certainty: "sure",
      about: subject.name,
      text: `nobody listens on or is connected to ${subject.name} here.`,
      advice: [
        "is it the right port, machine and network namespace (containers have their own)? ss -tn lists what there is",
      ],
    }];
  }
  const listeners = rows.filter(({ state }) => state === TCP_STATE.listen);
  const waiting = listeners.length >= 2 && listeners.every(({ receiveQueue }) => receiveQueue > 0);
  if (waiting) return [unaccepted(listeners.at(-1)!, series)];
  if (
    flowsOf(series).some((flow) => isUsed(flow) && [flow.from, flow.to].some((end) => portOf(end) === subject.port))
  ) {
    return [];
  }
  const what = listeners.length === rows.length ? "somebody listens, nobody is connected" : "neither side sent a byte";
  return [{
    ...NOBODY,
    kind: "healthy",
    level: "note",
    certainty: "sure",
    about: subject.name,
    text: `nothing is wrong here: ${what}.`,
  }];
}

function concerns({ port }: Subject, { local, remote }: SocketRow): boolean {
  return portOf(local) === port || portOf(remote) === port;
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
