/** `spillway demo`: a producer, a slow consumer and a relay on loopback, for under 20 s, with a check of the result. */
import { systemClock } from "../../base/clock.ts";
import { EXIT } from "../../base/error.ts";
import { formatSize } from "../../base/quantity.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command } from "../command.ts";
import { PATIENCE_MS } from "./demo/producer.ts";
import { lineBytes, type Moment, type Outcome, play } from "./demo/story.ts";

/** As many as fit a line of 80 columns. */
const BAR_CELLS = 12;

export const command: Command = {
  usage: ["demo"],
  description: `Plays the whole story on loopback in under 20 s: a producer that gives up when
it is kept waiting, a consumer that is slow, dies and returns, and a relay in
between. Exit 0 only if every line arrived, in order, and nobody gave up.`,
  flags: [],
  judges: true,
  operandsMax: 0,
  examples: [{ command: "spillway demo", description: "needs no configuration, leaves nothing behind" }],
  async run(_invocation, runtime: Runtime): Promise<number> {
    const say = (text: string) => void runtime.stdout.write(`${text}\n`).catch(() => {});
    say(`A producer sends 40 MB/s and gives up when it is stalled for ${PATIENCE_MS} ms.`);
    say("The consumer is slow: 1 MB/s. First without, then with Spillway in between.\n");
    const outcome = await play(runtime, systemClock, {
      event: (elapsedMs, text) => say(`${seconds(elapsedMs)}  * ${text}`),
      tick: (moment) => say(timelineOf(moment)),
    });
    if (outcome === "interrupted") return EXIT.interrupted;
    const proofs = proofsOf(outcome);
    await runtime.stdout.write(`\n${tableOf(outcome)}\n\n${proofs.map(proofLine).join("\n")}\n`);
    return proofs.every((proof) => proof.holds) ? EXIT.ok : EXIT.failed;
  },
};

function timelineOf(moment: Moment): string {
  const behind = Math.max(0, moment.sentLines - moment.receivedLines);
  const filled = Math.min(BAR_CELLS, Math.ceil(lineBytes(behind) / (16 * 1024 * 1024)));
  const bar = "#".repeat(filled).padEnd(BAR_CELLS, ".");
  return `${seconds(moment.elapsedMs)}  sent ${size(moment.sentLines)}  received ${size(moment.receivedLines)}  ` +
    `behind ${size(behind)} ${bar} ${moment.consumer}`;
}

function tableOf(outcome: Outcome): string {
  const { alone, consumer } = outcome;
  const rows: [string, string, string][] = [
    ["", "alone", "with Spillway"],
    ["lines sent", count(alone.sentLines), `${count(outcome.sentLines)} of ${count(outcome.totalLines)}`],
    ["producer's longest stall", `${Math.round(alone.stallMs)} ms`, `${Math.round(outcome.stallMs)} ms`],
    ["producer gave up", yesNo(alone.gaveUp), yesNo(outcome.gaveUp)],
    ["lines received", "", count(consumer.received)],
    ["missing", "", count(consumer.missing)],
    ["out of order or damaged", "", count(consumer.wrong)],
    ["sent again after the consumer's death", "", count(consumer.repeated)],
    ["consumer's connections", "", count(consumer.connections)],
    ["most in the journal at once", "", formatSize(outcome.journalPeakBytes)],
  ];
  return rows.map(([what, first, second]) => `${what.padEnd(38)}${first.padStart(12)}${second.padStart(22)}`).join(
    "\n",
  );
}

interface Proof {
  readonly claim: string;
  readonly holds: boolean;
}

function proofsOf(outcome: Outcome): Proof[] {
  const { consumer, totalLines } = outcome;
  return [
    {
      claim: "the producer sent everything and never gave up",
      holds: !outcome.gaveUp && outcome.sentLines === totalLines,
    },
    { claim: "every line arrived", holds: consumer.received === totalLines && consumer.missing === 0 },
    { claim: "in order, each whole, repeats only where a connection was lost", holds: consumer.wrong === 0 },
    { claim: "the consumer was lost and served again", holds: consumer.connections === 2 },
    { claim: "the backlog went through the journal", holds: outcome.journalPeakBytes > 0 },
    { claim: "the relay stopped cleanly", holds: outcome.relayExit === EXIT.ok },
  ];
}

function proofLine(proof: Proof): string {
  return `${proof.holds ? "held  " : "FAILED"}  ${proof.claim}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}

function size(lines: number): string {
  return `${(lineBytes(lines) / 1e6).toFixed(1).padStart(6)} MB`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}
