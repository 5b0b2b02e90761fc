/** A running relay: its log, its resources, its end. */
import type { Program } from "./program.ts";
import { cpuSecondsOf, type Memory, memoryOf } from "./process_figures.ts";
import { isListening } from "./ports.ts";
import { until, WaitError } from "./wait.ts";

/** One line of its log in JSON, whatever members it has. */
export type LogLine = Readonly<Record<string, unknown>>;

const FREEZE_LIMIT_MS = 2_000;

export class Spillway {
  /** `balanced` rejects if the books that it printed at its end do not hold. */
  constructor(readonly program: Program, private readonly balanced: Promise<void>) {}

  get pid(): number {
    return this.program.pid;
  }

  /** Until it accepts connections on all of these ports; rejects at once if it ends instead. */
  async listening(...ports: readonly number[]): Promise<this> {
    await until(`spillway listens on ${ports.join(", ")}`, () => {
      if (this.program.exitCode !== undefined) throw new WaitError(`spillway ended\n${this.program.tail()}`);
      return ports.every((port) => isListening(port, this.pid));
    });
    return this;
  }

  /** Log lines so far that match, as text. */
  logged(pattern: RegExp): string[] {
    return this.program.errors.filter((line) => pattern.test(line));
  }

  /** The first log line that matches, as soon as it is there. */
  async saying(pattern: RegExp, timeoutMs = 10_000): Promise<LogLine> {
    const line = await until(`spillway logs ${pattern}`, () => this.logged(pattern)[0], { timeoutMs });
    return JSON.parse(line);
  }

  /** SIGTERM; its exit code and how long it took. Rejects if its counts do not add up. */
  async stop(): Promise<{ code: number; seconds: number }> {
    const begin = performance.now();
    const code = await this.program.stop();
    const seconds = (performance.now() - begin) / 1000;
    await this.balanced;
    return { code, seconds };
  }

  /** Stops all its threads where they are; returns when they stand. */
  freeze(): void {
    this.program.signal("SIGSTOP");
    const tasks = `/proc/${this.pid}/task`;
    const stands = (task: string) =>
      / [TtZX] /.test(Deno.readTextFileSync(`${tasks}/${task}/stat`).replace(/.*\)/, ""));
    const end = performance.now() + FREEZE_LIMIT_MS;
    while (![...Deno.readDirSync(tasks)].every(({ name }) => stands(name))) {
      if (performance.now() > end) throw new WaitError("spillway does not stop at SIGSTOP");
    }
  }

  async kill(): Promise<void> {
    await this.program.kill();
  }

  memory(): Memory | undefined {
    return memoryOf(this.pid);
  }

  cpuSeconds(): number | undefined {
    return cpuSecondsOf(this.pid);
  }
}
