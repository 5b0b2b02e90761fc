/**
 * One system call of the relay goes wrong, once or for a while, and nothing is lost.
 *
 * The relay starts on a journal that kill -9 left with a backlog, so that its
 * recovery is in it, takes frames from a producer that waits for its answers
 * (`source.reply`), and is stopped cleanly. Whether the call fails or the relay
 * dies with it: every frame that a scan finds in the journal afterwards, and
 * every frame that the producer has been answered, arrives. What is missing is
 * the end of what the dead relay had received and not answered, and nothing else.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { loopback } from "../../peers/address.ts";
import { segmentName } from "../../../src/journal/files/format/segment.ts";
import { Consumer } from "../../peers/consumer.ts";
import type { FrameKind } from "../../peers/frames.ts";
import { produce, type ProducerReport } from "../../peers/producer.ts";
import type { ConfigTable } from "../rig/config.ts";
import { type CallFault, type Hit, Injection } from "../rig/injection.ts";
import { newestSegment } from "../rig/journal_files.ts";
import { framesIn } from "../rig/journal_frames.ts";
import { freePorts } from "../rig/ports.ts";
import type { RelayRuntime } from "../rig/relay_command.ts";
import type { Scene } from "../rig/scene.ts";
import type { Spillway } from "../rig/spillway.ts";
import { pause, until } from "../rig/wait.ts";
import { answeredOf, assertOrdered, lostOf } from "./verdict.ts";

/** How the relay runs. */
export interface SyscallSetting {
  readonly runtime: RelayRuntime;
  readonly sync: "os" | "interval" | "each";
  /** Comes when the relay has died or has everything: what it lost then cannot have been delivered before. */
  readonly consumerLate?: boolean;
}

/** What goes wrong on a file of the journal. */
export interface SyscallFault extends CallFault {
  /** Goes wrong too, to bring about what the relay does after it. */
  readonly provocation?: CallFault;
}

export interface SyscallOutcome {
  /** Calls that were made to go wrong, the provocation apart; none: the run had fewer than `nth`. */
  readonly hits: readonly Hit[];
  readonly restarts: number;
  readonly sent: number;
  readonly delivered: number;
  readonly repeats: number;
  /** Frames that had been journaled or answered, and never arrived. */
  readonly lost: number;
}

const LINE_BYTES = 4_000;
const LINES: FrameKind = { kind: "line", size: LINE_BYTES };
const REPLY = "ok\n";
/** The backlog's last write, of which half is done. */
const BACKLOG_WRITES = 14;
const COUNT = 200;
/** Eight frames every 6 ms: many segments, and records of several sizes. */
const PRODUCED = { writeBytes: 8 * LINE_BYTES, bytesPerSecond: 5e6, answerBytes: REPLY.length };
const KILLED = 137;
/** A lasting fault ends when it has been met so often, or this long after it was met first. */
const MET = 4;
const LASTING_MS = 1_500;
const ARRIVES_MS = 10_000;

/**
 * A journal that was killed in the middle of a write, and again in the middle
 * of creating the next segment. Returns its directory.
 */
export async function leaveBacklog(scene: Scene, { runtime, sync }: SyscallSetting): Promise<string> {
  const journal = `${scene.directory}/backlog`;
  const [source, target] = freePorts(2);
  const fault: CallFault = { kind: "write", nth: BACKLOG_WRITES, fault: { do: "tear" } };
  const injection = new Injection(scene.directory, { under: journal, faults: [fault] });
  const relay = await scene.spillway([routeOf(journal, source, target, sync)], { runtime, injection }).listening(
    source,
  );
  await produce({ connect: loopback(source), frames: LINES, count: COUNT, ...PRODUCED });
  await relay.program.exited;
  assertEquals(injection.hits.length, 1, "torn writes");
  const next = 1 + (await framesIn(journal, LINE_BYTES)).at(-1)!;
  const head = Deno.readFileSync(newestSegment(journal)).subarray(0, 200);
  Deno.writeFileSync(`${journal}/${segmentName(next)}`, head, { mode: 0o600 });
  return journal;
}

/** Rejects if anything but loss is wrong; loss is in the outcome. */
export async function runSyscallFault(
  scene: Scene,
  setting: SyscallSetting,
  fault: SyscallFault,
  backlog: string,
): Promise<SyscallOutcome> {
  return await new Run(scene, setting, fault, backlog).run();
}

class Run {
  readonly #journal: string;
  readonly #ports = freePorts(2);
  readonly #consumer: Consumer;
  readonly #injection: Injection;
  /** What has to arrive. */
  readonly #expected = new Set<number>();
  #restarts = 0;
  #over = false;
  /** The producer's first frame; those before it are the backlog. */
  #first = 0;

  constructor(
    private readonly scene: Scene,
    private readonly setting: SyscallSetting,
    private readonly fault: SyscallFault,
    backlog: string,
  ) {
    this.#journal = `${scene.directory}/journal`;
    Deno.mkdirSync(this.#journal, { mode: 0o700 });
    for (const { name, isFile } of Deno.readDirSync(backlog)) {
      if (isFile) Deno.copyFileSync(`${backlog}/${name}`, `${this.#journal}/${name}`);
    }
    const { provocation, ...wanted } = fault;
    const faults = provocation === undefined ? [wanted] : [wanted, provocation];
    this.#injection = new Injection(scene.directory, { under: this.#journal, faults });
    this.#consumer = new Consumer({ listen: loopback(this.#ports[1]), frames: LINES });
    if (!setting.consumerLate) this.#startConsumer();
  }

  async run(): Promise<SyscallOutcome> {
    await this.#expectJournaled();
    this.#first = this.#expected.size;
    const first = this.#start(this.#injection);
    const producing = this.#produce();
    const lasting = this.#endLasting();
    lasting.catch(() => {}); // if the run fails before it is awaited
    const done = this.setting.consumerLate ? producing : this.#everythingThere(first, producing);
    await Promise.race([first.program.exited, done]);
    let relay = first;
    if (first.program.exitCode !== undefined) {
      this.#judgeDeath(first, first.program.exitCode);
      relay = await this.#restart();
    }
    if (this.setting.consumerLate) this.#startConsumer();
    const report = await producing;
    assertEquals(report.error, undefined, "what ended the producer");
    for (const sequence of answeredOf(report)) this.#expected.add(sequence);
    await this.#expectedThere();
    const { code } = await relay.stop();
    if (relay === first && code !== 0) {
      this.#judgeEnd(first, code);
      relay = await this.#restart();
      await this.#expectedThere();
      assertEquals((await relay.stop()).code, 0, "exit code of the clean stop after that");
    } else {
      assertEquals(code, 0, "exit code of the clean stop");
    }
    this.#over = true;
    await lasting;
    this.#judgeLog(first);
    return this.#outcome(report);
  }

  #startConsumer(): void {
    this.#consumer.start();
    this.scene.defer(() => this.#consumer.stop());
  }

  #produce(): Promise<ProducerReport> {
    const stop = new AbortController();
    this.scene.defer(() => stop.abort());
    return produce({
      connect: loopback(this.#ports[0]),
      frames: LINES,
      first: this.#first,
      count: COUNT,
      reconnect: true,
      ...PRODUCED,
    }, stop.signal);
  }

  #start(injection?: Injection): Spillway {
    const route = routeOf(this.#journal, this.#ports[0], this.#ports[1], this.setting.sync);
    return this.scene.spillway([route], { runtime: this.setting.runtime, injection });
  }

  /** What a scan finds now has to arrive. */
  async #expectJournaled(): Promise<void> {
    for (const sequence of await framesIn(this.#journal, LINE_BYTES)) this.#expected.add(sequence);
  }

  async #restart(): Promise<Spillway> {
    await this.#expectJournaled();
    this.#restarts++;
    return await this.#start().listening(this.#ports[0]);
  }

  /** With a relay that stays up every frame arrives. */
  async #everythingThere(relay: Spillway, producing: Promise<ProducerReport>): Promise<void> {
    await producing;
    const ended = () => relay.program.exitCode !== undefined || this.#consumer.damage;
    await until("every frame", () => this.#consumer.tally.frames === this.#end || ended());
  }

  /** What is expected and does not come in this time is lost. */
  async #expectedThere(): Promise<void> {
    const there = () => lostOf(this.#consumer, this.#expected).length === 0 || this.#consumer.damage !== undefined;
    await until("what was journaled or answered", there, { timeoutMs: ARRIVES_MS }).catch(() => {});
  }

  /** A lasting fault ends when it has been met often enough. */
  async #endLasting(): Promise<void> {
    const { fault } = this.fault;
    if (fault.do !== "fail" || fault.times !== 0) return;
    let metAt = Infinity;
    while (!this.#over && performance.now() - metAt < LASTING_MS) {
      const { length } = this.#hits;
      if (length > 0) metAt = Math.min(metAt, performance.now());
      if (length >= MET) break;
      await pause(20);
    }
    this.#injection.end();
  }

  get #end(): number {
    return this.#first + COUNT;
  }

  /** The provocation apart. */
  get #hits(): Hit[] {
    return this.#injection.hits.filter(({ fault }) => fault === 0);
  }

  /** The relay ended before it was told to. */
  #judgeDeath(relay: Spillway, code: number): void {
    assert(this.#injection.hits.length > 0, `it ended with ${code} although nothing went wrong`);
    if (this.fault.fault.do !== "fail") assertEquals(code, KILLED, "exit code of a relay that was killed");
    else {
      // It may refuse to start on a disk that fails; once it runs it stays up.
      assertEquals(relay.logged(/"route ready"/), [], `it ended with ${code} because a call failed`);
      assertEquals(code, 1, "exit code of a relay that cannot start");
      assert(relay.logged(/^error: /).length === 1, "it does not say why it cannot start");
    }
  }

  /** Its stop was not clean, because of the fault and of nothing else. */
  #judgeEnd(relay: Spillway, code: number): void {
    assert(this.#injection.hits.length > 0, `it stopped with ${code} although nothing went wrong`);
    assertEquals(code, this.fault.fault.do === "fail" ? 1 : KILLED, "exit code of a stop that went wrong");
    if (code === 1) assert(relay.logged(/"level":"error"/).length > 0, "it does not say why it did not stop cleanly");
  }

  /**
   * However often a call fails, the same words are said once, or once for each range
   * of frames that they tell of; a provocation is one more cause to say them.
   */
  #judgeLog(relay: Spillway): void {
    const causes = this.fault.provocation === undefined ? 1 : 2;
    const said = new Map<string, number>();
    for (const line of relay.logged(/"level":"(warn|error)"/)) {
      const { message, error, from } = JSON.parse(line);
      // Before the consumer is there, and after a death, connections fail.
      if (/target|source/.test(message)) continue;
      const words = `${message}: ${error ?? from}`;
      said.set(words, (said.get(words) ?? 0) + 1);
    }
    for (const [words, times] of said) assert(times <= causes, `it says ${times} times: ${words}`);
  }

  #outcome(report: ProducerReport): SyscallOutcome {
    const consumer = this.#consumer;
    const { repeats, missing } = consumer.report(this.#end);
    assertOrdered(consumer);
    assert(consumer.tally.end() <= this.#end, "frames that were never sent");
    const lost = lostOf(consumer, this.#expected);
    const deaths = this.#restarts > 0 ? 1 : 0;
    assert(lost.length > 0 || missing.length <= deaths, `more than the end of what it had: ${JSON.stringify(missing)}`);
    return {
      hits: this.#hits,
      restarts: this.#restarts,
      sent: this.#first + report.frames,
      delivered: consumer.tally.frames,
      repeats,
      lost: lost.length,
    };
  }
}

function routeOf(journal: string, source: number, target: number, sync: string): ConfigTable {
  return {
    name: "feed",
    source: { listen: `127.0.0.1:${source}`, reply: REPLY },
    target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "50ms" },
    memory: { max_bytes: "8MiB" },
    journal: { dir: journal, mode: "always", sync, sync_interval: "20ms", segment_bytes: "64KiB" },
  };
}
