/**
 * The processes of one run: the measured ones and those that produce and consume.
 * All of them end with the stage, and with the benchmark when a signal ends that.
 */
import { cpuSecondsOf, memoryOf } from "../../../test/e2e/rig/process_figures.ts";
import { freePorts, listeningOn } from "../../../test/e2e/rig/ports.ts";
import { Program } from "../../../test/e2e/rig/program.ts";
import type { Run } from "../report/figures.ts";
import type { LoadOptions, LoadReport } from "./load.ts";
import type { SinkOptions } from "./sink.ts";

const HERE = new URL(".", import.meta.url).pathname;

/** Where the producers connect, and where the measured program connects to the consumer. */
export interface Ports {
  readonly source: number;
  readonly target: number;
  /** Where HTTP is asked for the figures. */
  readonly admin: number;
}

/** Every program that has not been ended yet. */
const running = new Set<Program>();

/** For a signal: nothing of what was started outlives the benchmark. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill()));
}

export class Stage {
  readonly ports: Ports;
  readonly #programs: Program[] = [];
  readonly #measured: Program[] = [];

  /** `directory`: an empty one of this run's own. */
  constructor(readonly directory: string) {
    const [source, target, admin] = freePorts(3);
    this.ports = { source, target, admin };
  }

  /** Starts a program whose time and memory count. */
  measure(name: string, command: readonly string[]): Program {
    const program = this.#start(name, command, false);
    this.#measured.push(program);
    return program;
  }

  /** Starts a program of this folder, with its options as JSON. It ends when its standard input does. */
  peer(file: string, options: object): Program {
    return this.#start(
      file,
      [Deno.execPath(), "run", "-A", "--no-check", `${HERE}${file}`, JSON.stringify(options)],
      true,
    );
  }

  /** The consumer, when it listens on the target's port. */
  async sink(options: Omit<SinkOptions, "port">): Promise<Program> {
    const sink = this.peer("sink.ts", { ...options, port: this.ports.target });
    await sink.json();
    return sink;
  }

  /** The load generator, once something listens on `port`. */
  async load(options: Omit<LoadOptions, "port">, port = this.ports.source): Promise<Program> {
    await listeningOn(port);
    return this.peer("load.ts", { ...options, port });
  }

  /** CPU time in seconds and the most memory in bytes of the measured programs; throws if one has ended. */
  consumed(): { readonly cpuSeconds: number; readonly peakBytes: number } {
    let [cpuSeconds, peakBytes] = [0, 0];
    for (const program of this.#measured) {
      const [cpu, memory] = [cpuSecondsOf(program.pid), memoryOf(program.pid)];
      if (cpu === undefined || memory === undefined) throw new Error(`${program.name} has ended too early`);
      cpuSeconds += cpu;
      peakBytes += memory.peakBytes;
    }
    return { cpuSeconds, peakBytes };
  }

  /** Runs `act`, and then ends all programs. What they said last is shown if it fails. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      console.error(this.#programs.map((program) => program.tail()).join("\n"));
      throw error;
    } finally {
      for (const program of this.#programs) {
        await program.kill();
        running.delete(program);
      }
    }
  }

  #start(name: string, command: readonly string[], holdStdin: boolean): Program {
    const program = new Program(name, command, { holdStdin });
    this.#programs.push(program);
    running.add(program);
    return program;
  }
}

/** What a copy of `bytes` cost; nothing where no program was measured. */
export function costs(stage: Stage, bytes: number): Run {
  const { cpuSeconds, peakBytes } = stage.consumed();
  return peakBytes === 0 ? {} : { cpu: cpuSeconds / bytes * 1e9, peak: peakBytes / 2 ** 20 };
}

/** The same where frames come at a rate of their own for so many seconds. */
export function busy(stage: Stage, seconds: number): Run {
  const { cpuSeconds, peakBytes } = stage.consumed();
  return peakBytes === 0 ? {} : { cores: cpuSeconds / seconds * 100, peak: peakBytes / 2 ** 20 };
}

/** How long a program may take for `bytes`, in ms: far slower than anything measured here. */
export function limitMs(bytes: number): number {
  return 60_000 + bytes / 5_000;
}

/** The report of a load generator. */
export function reportOf(load: Program, bytes: number): Promise<LoadReport> {
  return load.json<LoadReport>(0, limitMs(bytes));
}
