/** A program that a test started: what it says, how it ends, and that it does end. */
import { until } from "./wait.ts";

export interface ProgramOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Keep its standard input open until it ends; else it has none. */
  readonly holdStdin?: boolean;
  /** Which process is to get signals, where the command only starts the program; undefined: it has not yet. */
  readonly signalled?: () => number | undefined;
}

const KEPT_LINES = 2_000;

export class Program {
  /** Lines of standard error and of standard output, the newest 2,000 of each. */
  readonly errors: string[] = [];
  readonly output: string[] = [];
  readonly pid: number;
  /** The exit code; 128 + the signal's number if a signal ended it, as in a shell. */
  readonly exited: Promise<number>;
  exitCode?: number;
  readonly #child: Deno.ChildProcess;

  constructor(
    readonly name: string,
    readonly command: readonly string[],
    private readonly options: ProgramOptions = {},
  ) {
    this.#child = new Deno.Command(command[0], {
      args: command.slice(1),
      env: options.env,
      cwd: options.cwd,
      stdin: options.holdStdin ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.exited = this.#end();
  }

  signal(name: Deno.Signal): void {
    try {
      const other = this.options.signalled?.();
      if (other !== undefined) Deno.kill(other, name);
      else this.#child.kill(name);
    } catch { /* it is gone */ }
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return await this.exited;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  /** The first line of standard output that is there or comes, as JSON, after `skip` lines. */
  async json<T>(skip = 0, timeoutMs = 120_000): Promise<T> {
    const line = await until(`${this.name} prints line ${skip + 1}`, () => {
      if (this.output.length > skip) return this.output[skip];
      if (this.exitCode !== undefined) throw new Error(`${this.name} ended with ${this.exitCode}\n${this.tail()}`);
      return undefined;
    }, { timeoutMs });
    return JSON.parse(line);
  }

  /** Its last words, for a test that failed. */
  tail(lines = 30): string {
    return [
      `--- ${this.name} (pid ${this.pid}): ${this.exitCode === undefined ? "running" : `exit ${this.exitCode}`}`,
      ...this.output.slice(-5).map((line) => `out: ${line.slice(0, 500)}`),
      ...this.errors.slice(-lines),
    ].join("\n");
  }

  async #end(): Promise<number> {
    const [status] = await Promise.all([
      this.#child.status,
      collect(this.#child.stderr, this.errors),
      collect(this.#child.stdout, this.output),
    ]);
    this.exitCode = status.code;
    return status.code;
  }
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, lines: string[]): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
    if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES);
  }
  if (rest !== "") lines.push(rest);
}
