/** The demo's relay: this program in a process of its own, as an operator would start it. */
import { type ChildProcess, spawn } from "node:child_process";
import { messageOf, SpillwayError } from "../../../base/error.ts";
import type { Runtime } from "../../../runtime/runtime.ts";

function cannotStart(program: string, error: Error): SpillwayError {
  return new SpillwayError(`cannot start ${program} as the relay of the demo: ${messageOf(error)}`, {
    hint: "was the program moved or replaced while it runs? start it by the path where it is",
    cause: error,
  });
}

export class RelayProcess {
  /** Resolves with the exit code; null if a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #stderr = "";

  constructor(runtime: Runtime, config: string) {
    const [program, ...args] = runtime.executable;
    this.#child = spawn(program!, [...args, "run", "-c", "-"], { stdio: ["pipe", "ignore", "pipe"] });
    this.exited = new Promise((resolve, reject) => {
      this.#child.on("exit", (code) => resolve(code));
      this.#child.on("error", (error) => reject(cannotStart(program!, error)));
    });
    this.exited.catch(() => {});
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => this.#stderr += text);
    this.#child.stdin!.end(config);
  }

  /** Its log so far. */
  get log(): string {
    return this.#stderr;
  }

  /** The port that it listens on, from its log; rejects if it ends before. */
  async listening(): Promise<number> {
    for (;;) {
      const port = this.#stderr.match(/listens on 127\.0\.0\.1:(\d+)/)?.[1];
      if (port !== undefined) return Number(port);
      const moment = new Promise<undefined>((resolve) => setTimeout(resolve, 10));
      if (await Promise.race([moment, this.exited]) !== undefined) {
        throw new SpillwayError("the relay of the demo did not start", { hint: this.#stderr.trim() });
      }
    }
  }

  stop(): void {
    this.#child.kill("SIGTERM");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
