/**
 * Bad networks and bad consumers: every fault has a route of its own in one
 * relay, all at the same time, each between two wires (rig/wire.ts). No part of
 * netem is needed. What is promised is in rig/trial.ts.
 *
 * `deno task soak:networks` takes the full lengths, several times.
 */
import { assert } from "../../support/assert.ts";
import { TCP_ESTABLISHED, tcpRows } from "../../peers/kernel_queues.ts";
import { RudeConsumer, type Rudeness } from "../../peers/rude_consumer.ts";
import type { ConfigTable } from "../rig/config.ts";
import { OwnEater, ProcessEater } from "../rig/eaters.ts";
import { makeNamespace } from "../rig/namespace.ts";
import { freePorts, isListening } from "../rig/ports.ts";
import { type Scene, scene } from "../rig/scene.ts";
import { type Fault, framesOf, type Outcome, type Play, type Stage, Trial } from "../rig/trial.ts";
import { steady, until } from "../rig/wait.ts";
import { Wiring } from "../rig/wire.ts";

const FULL = Deno.env.get("SPILLWAY_NETWORKS_FULL") === "1";
const HOLD_MS = FULL ? 10_000 : 4_000;
const ROUNDS = FULL ? 3 : 1;
/** Twice it fits into a fault, so that whatever is cut off by mistake is. */
const STALL_TIMEOUT = "2s";
const BASE_PORT = 9_000;

const REPLY = { confirm: "reply", reply_ok: "^ok" };

const faults: readonly Fault[] = [
  {
    name: "200 ms of delay",
    survives: true,
    play: (stage) => onWires(stage, (wire) => wire.delayMs = 100, (wire) => wire.delayMs = 0), // there and back
  },
  {
    // In the end a retransmission may be lost thrice, and the connection with it: repeats are allowed.
    name: "5 % of loss",
    play: (stage) => onWires(stage, (wire) => wire.loss = 0.05, (wire) => wire.loss = 0),
  },
  {
    name: "the target's link is cut",
    stalls: true,
    play: (stage) => ({
      eater: new OwnEater(stage).start(),
      begin: () => stage.target.cut(),
      end: () => stage.target.join(),
    }),
  },
  {
    name: "and the consumer does not read meanwhile",
    stalls: true,
    play: cutWhileUnread,
  },
  {
    name: "the source's link is cut",
    survives: true,
    play: (stage) => ({
      eater: new OwnEater(stage).start(),
      begin: () => stage.source.cut(),
      end: () => stage.source.join(),
    }),
  },
  {
    name: "the consumer is stopped (SIGSTOP)",
    survives: true,
    async play(stage) {
      const eater = await ProcessEater.start(stage);
      return { eater, begin: () => eater.program.signal("SIGSTOP"), end: () => eater.program.signal("SIGCONT") };
    },
  },
  {
    name: "the consumer accepts and never reads",
    fromTheStart: true,
    survives: true,
    play(stage) {
      const eater = new OwnEater(stage, { frozen: true }).start();
      return { eater, end: () => eater.consumer.thaw() };
    },
  },
  rude("reset", "the consumer resets at once, confirm = reply", REPLY),
  rude("close", "the consumer closes at once, confirm = reply", REPLY),
  rude("reset", "the consumer resets at once, confirm = acked"),
  rude("close", "the consumer closes at once, confirm = acked"),
];

/** The consumer is none, again and again; then a good one comes in its place. */
function rude(rudeness: Rudeness, name: string, keys?: ConfigTable): Fault {
  return {
    name,
    keys,
    fromTheStart: true,
    loses: keys === undefined,
    play(stage) {
      const consumer = new RudeConsumer(stage.listen, rudeness);
      stage.scene.defer(() => consumer.stop());
      const eater = new OwnEater(stage, { answers: keys !== undefined });
      return {
        eater,
        async end() {
          await consumer.stop();
          eater.start();
        },
      };
    },
  };
}

/** What the consumer's kernel has received stays there to be read, also when the connection has been reset. */
function cutWhileUnread(stage: Stage): Play {
  const eater = new OwnEater(stage).start();
  const connections = () =>
    tcpRows().filter(({ localPort, state }) => localPort === stage.listen.port && state === TCP_ESTABLISHED);
  let remotePort: number | undefined;
  return {
    eater,
    async begin() {
      eater.consumer.freeze();
      remotePort = connections()[0].remotePort;
      const unread = () => connections()[0].rxQueue;
      await steady("what the consumer has not read", unread);
      stage.target.cut();
    },
    async end() {
      stage.target.join();
      await until("the old connection is gone", () => !connections().some((row) => row.remotePort === remotePort));
      eater.consumer.thaw();
    },
  };
}

function onWires(stage: Stage, begin: (wire: Stage["source"]) => void, end: (wire: Stage["source"]) => void): Play {
  const both = [stage.source, stage.target];
  return { eater: new OwnEater(stage).start(), begin: () => both.forEach(begin), end: () => both.forEach(end) };
}

async function perform(scene: Scene): Promise<Outcome[]> {
  const space = await makeNamespace(scene, "networks");
  const wiring = new Wiring(scene, space);
  const ports = freePorts(faults.length);
  const trials: Trial[] = [];
  const routes: ConfigTable[] = [];
  for (const [i, fault] of faults.entries()) {
    const [source, target] = [await wiring.wire(), await wiring.wire()];
    const listen = { hostname: target.outside, port: ports[i] };
    const relay = { hostname: source.inside, port: BASE_PORT + i };
    trials.push(new Trial(fault, { scene, source, target, listen, frames: framesOf(HOLD_MS) }, relay, HOLD_MS));
    routes.push({
      name: `fault-${i}`,
      source: { listen: `${relay.hostname}:${relay.port}` },
      target: { connect: `${target.outside}:${ports[i]}`, stall_timeout: STALL_TIMEOUT, ...fault.keys },
      memory: { max_bytes: "4MiB" },
      journal: { dir: `${scene.directory}/journal-${i}` },
    });
  }
  const relay = scene.spillway(routes, { inside: space.inside });
  await until("the relay listens", () => faults.every((_, i) => isListening(BASE_PORT + i, relay.pid)));
  const ends = await Promise.allSettled(trials.map((trial) => trial.run()));
  const failures = ends.flatMap((end, i) => end.status === "rejected" ? [named(faults[i], end.reason)] : []);
  if (failures.length > 0) throw new AggregateError(failures, failures.map((error) => error.message).join("\n"));
  for (const [i, { name, stalls }] of faults.entries()) {
    const stalled = relay.logged(/stall_timeout/).some((line) => JSON.parse(line).route === `fault-${i}`);
    if (stalls) assert(stalled, `${name}: the relay did not take the consumer for dead`);
  }
  const { code } = await relay.stop();
  if (code !== 0) throw new Error(`the relay's exit code is ${code}`);
  const books = relay.logged(/"route stopped"/).map((line) => JSON.parse(line));
  return trials.map((trial, i) => trial.settle(books.find(({ route }) => route === `fault-${i}`)));
}

function named(fault: Fault, reason: unknown): Error {
  return new Error(`${fault.name}: ${reason instanceof Error ? reason.message : reason}`, { cause: reason });
}

/** A line per fault, summed up over the rounds. */
function table(outcomes: readonly Outcome[]): string[] {
  const row = (cells: readonly unknown[]) =>
    cells.map((cell, i) => i === 0 ? String(cell).padEnd(46) : String(cell).padStart(i === 6 ? 17 : 9)).join(" ");
  const lines = faults.map(({ name }) => {
    const of = outcomes.filter(({ fault }) => fault === name);
    const sum = (key: "sent" | "delivered" | "repeats" | "missing") => of.reduce((all, one) => all + one[key], 0);
    const fresh = of.map(({ freshMs }) => freshMs).sort((a, b) => a - b);
    const freshText = fresh.length === 1 ? `${fresh[0]}` : `${fresh[0]} to ${fresh.at(-1)}`;
    return row([name, of.length, sum("sent"), sum("delivered"), sum("repeats"), sum("missing"), freshText]);
  });
  return [row(["fault", "runs", "sent", "delivered", "repeats", "missing", "fresh after, ms"]), ...lines];
}

const outcomes: Outcome[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  scene(
    `${faults.length} faults of networks and consumers, ${HOLD_MS / 1_000} s each${
      ROUNDS > 1 ? `, round ${round}` : ""
    }`,
    async (scene) => {
      outcomes.push(...await perform(scene));
      if (round === ROUNDS) { for (const line of table(outcomes)) scene.note(line); }
    },
    ["netns", "tun"],
  );
}
