/** From what was seen to what is said. Pure: the same series gives the same findings. */
import type { Finding } from "./finding.ts";
import { type Flow, flowsOf, isUsed } from "./flow.ts";
import { loss, slowLink, smallReceiveBuffer, smallSendBuffer } from "./rules/path.ts";
import { ofPort } from "./rules/port.ts";
import { burst, slowFarReceiver, slowReceiver } from "./rules/receiver.ts";
import { pace } from "./rules/sender.ts";
import type { Series } from "./series.ts";

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
    ...series.subjects.flatMap((subject) => ofPort(subject, series, flows) ?? []),
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
