/**
 * One end-to-end test: a directory of its own, the relay and its peers, and the
 * certainty that nothing of it is left afterwards.
 *
 * Everything that a scene starts is stopped in reverse order, whether the test
 * held or not. If it did not, the last words of every program are printed.
 */
import { assertEquals } from "../../support/assert.ts";
import { Consumer, type ConsumerOptions, type ConsumerReport } from "../../peers/consumer.ts";
import { produce, type ProducerOptions, type ProducerReport } from "../../peers/producer.ts";
import { Books } from "./books.ts";
import { type ConfigTable, type SpillwayConfig, toToml } from "./config.ts";
import type { Injection } from "./injection.ts";
import { missing, type Need } from "./needs.ts";
import { Program, type ProgramOptions } from "./program.ts";
import { chosenRuntime, relayCommand, type RelayRuntime } from "./relay_command.ts";
import { Spillway } from "./spillway.ts";
import { WaitError } from "./wait.ts";

export interface SpillwayOptions {
  /** A command that runs it somewhere else, such as in a namespace or as another user. */
  readonly inside?: readonly string[];
  readonly name?: string;
  readonly runtime?: RelayRuntime;
  /** A system call of it that goes wrong. */
  readonly injection?: Injection;
}

const PEERS = new URL("../../peers/", import.meta.url).pathname;

export class Scene {
  /** An empty directory. */
  readonly directory = Deno.makeTempDirSync({ prefix: "spillway-e2e-" });
  readonly #programs: Program[] = [];
  readonly #cleanups: (() => unknown)[] = [];
  readonly #books = new Books();
  /** One for each relay; rejects if its books do not hold. */
  readonly #balanced: Promise<void>[] = [];

  /** To be done at the end, last in, first out. */
  defer(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** Starts any program; it is killed at the end if it still runs. */
  program(name: string, command: readonly string[], options?: ProgramOptions): Program {
    const program = new Program(name, command, options);
    this.#programs.push(program);
    this.defer(() => program.kill());
    return program;
  }

  /** Starts the relay with these routes. */
  spillway(
    config: SpillwayConfig | readonly ConfigTable[],
    { inside = [], name = "spillway", runtime = chosenRuntime(), injection }: SpillwayOptions = {},
  ): Spillway {
    const path = `${this.directory}/${name}.toml`;
    const file = "routes" in config ? config : { routes: config };
    Deno.writeTextFileSync(path, toToml(file));
    const command = [...injection?.inside ?? inside, ...relayCommand(runtime), "run", "-c", path];
    const program = this.program(name, command, { cwd: this.directory, signalled: () => injection?.pid });
    const balanced = this.#books.follow(program, file.routes);
    balanced.catch(() => {}); // said by `stop`, and at the end of the scene
    this.#balanced.push(balanced);
    return new Spillway(program, balanced);
  }

  /** A consumer in this process, for tests that steer it. */
  consumer(options: ConsumerOptions): Consumer {
    const consumer = new Consumer(options).start();
    this.defer(() => consumer.stop());
    return consumer;
  }

  /** A producer in this process, for small amounts. */
  producer(options: ProducerOptions): Promise<ProducerReport> {
    const stop = new AbortController();
    const report = produce(options, stop.signal);
    this.defer(() => stop.abort());
    return report;
  }

  /** A producer in a process of its own, for full speed. */
  async producerProcess(options: ProducerOptions, inside: readonly string[] = []): Promise<ProducerReport> {
    const program = this.#peer("producer", options, inside);
    const report = await program.json<ProducerReport>();
    await program.exited;
    return report;
  }

  /** A consumer in a process of its own; `report` resolves when it has seen `untilFrames` different frames. */
  async consumerProcess(
    options: ConsumerOptions & { untilFrames: number },
    inside: readonly string[] = [],
  ): Promise<{ readonly program: Program; readonly report: Promise<ConsumerReport> }> {
    const program = this.#peer("consumer", options, inside);
    await program.json();
    const report = program.json<ConsumerReport>(1);
    report.catch(() => {}); // it is for the test to await it
    return { program, report };
  }

  /** Any peer program of test/peers. */
  peer(name: string, options: unknown, inside: readonly string[] = []): Program {
    return this.#peer(name, options, inside);
  }

  /** A line of the test's result, printed under its name. */
  note(text: string): void {
    console.log(`    ${text}`);
  }

  tails(): string {
    return this.#programs.map((program) => program.tail()).join("\n");
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) {
      try {
        await cleanup();
      } catch (error) {
        console.error(`clean-up: ${error}`);
      }
    }
    await Deno.remove(this.directory, { recursive: true });
  }

  /** Once all is closed: rejects if the counts of a relay do not add up, however it was stopped. */
  async assertBalanced(): Promise<void> {
    await Promise.all(this.#balanced);
  }

  #peer(name: string, options: unknown, inside: readonly string[]): Program {
    const command = [...inside, Deno.execPath(), "run", "-A", `${PEERS}${name}.ts`, JSON.stringify(options)];
    return this.program(name, command);
  }
}

/** Defines a test on the chosen runtime; skipped, with the reason in its name, where a need is missing. */
export function scene(name: string, act: (scene: Scene) => Promise<void>, needs: readonly Need[] = []): void {
  const reasons = needs.map(missing).filter((reason) => reason !== undefined);
  const skipped = reasons.length > 0 ? ` (skipped: ${reasons.join(", ")})` : "";
  Deno.test({
    name: `[${chosenRuntime()}] ${name}${skipped}`,
    ignore: reasons.length > 0,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      onStage(async (stage) => {
        const acting = act(stage);
        acting.catch(() => {}); // what fails after the deadline fails because of the clean-up
        await Promise.race([acting, deadline()]);
      }),
  });
}

/** Closes the scene whatever happens in it, and checks the relays' counts. On a failure prints the last lines of each program. */
export async function onStage<T>(act: (scene: Scene) => Promise<T>): Promise<T> {
  const stage = new Scene();
  try {
    const outcome = await act(stage).finally(() => stage.close());
    await stage.assertBalanced();
    return outcome;
  } catch (error) {
    console.error(stage.tails());
    throw error;
  }
}

/** No scene lasts longer, whatever its waits add up to: a relay that hangs must not hang the suite. */
const SCENE_LIMIT_MS = 240_000;

function deadline(): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new WaitError(`not over after ${SCENE_LIMIT_MS / 1000} s`)), SCENE_LIMIT_MS);
    Deno.unrefTimer(timer as unknown as number);
  });
}

/** Every one of `frames` came, nothing came twice, and order held on every connection. */
export function assertPerfect(report: ConsumerReport, frames: number): void {
  // What is lost is told before what is merely not in its place.
  assertEquals(report.missing, [], "missing");
  assertEquals(report.frames, frames, "different frames");
  assertInOrder(report);
  assertEquals(report.repeats, 0, "repeats");
}

/** Whole frames only, and rising sequences without a jump within every connection. */
export function assertInOrder(report: ConsumerReport): void {
  assertEquals(report.damage, undefined, "bytes that are no frame");
  for (const connection of report.connections) {
    assertEquals(connection.disorder, [], "disorder within a connection");
    assertEquals(connection.skipped, [], `a jump within a connection, of ${report.repeats} repeats in all`);
  }
}
