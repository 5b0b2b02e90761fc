/** A system call of the relay that is going to go wrong, as a test sees it; inject/main.ts makes it happen. */
import type { InjectOptions, ReportLine } from "./inject/main.ts";

export type { CallFault, Fault } from "./inject/main.ts";

const INJECT = new URL("inject/main.ts", import.meta.url).pathname;

/** The command, run under the injector. */
export function injected(options: InjectOptions, command: readonly string[]): string[] {
  return [Deno.execPath(), "run", "-A", "--no-check", INJECT, JSON.stringify(options), ...command];
}

/** A call that was made to go wrong. */
export type Hit = Extract<ReportLine, { readonly fault: number }>;

export class Injection {
  readonly #options: InjectOptions;

  /** Counts, and fails, calls below `options.under` from the program's start until `end`. `directory` is for its files. */
  constructor(directory: string, options: Omit<InjectOptions, "report" | "armed">) {
    const own = Deno.makeTempDirSync({ dir: directory, prefix: "inject-" });
    this.#options = { ...options, report: `${own}/report`, armed: `${own}/armed` };
    Deno.writeTextFileSync(this.#options.report, "");
    Deno.writeTextFileSync(this.#options.armed!, "");
  }

  /** Before a command: runs it so. */
  get inside(): readonly string[] {
    return injected(this.#options, []);
  }

  /** Of the program itself, once it has been started. */
  get pid(): number | undefined {
    return this.#lines().find((line) => "pid" in line)?.pid;
  }

  get hits(): Hit[] {
    return this.#lines().filter((line) => "fault" in line);
  }

  /** Calls are counted, and fail, from now on again. */
  begin(): void {
    Deno.writeTextFileSync(this.#options.armed!, "");
  }

  /** From now on all goes well. */
  end(): void {
    try {
      Deno.removeSync(this.#options.armed!);
    } catch { /* ended before */ }
  }

  #lines(): ReportLine[] {
    const whole = Deno.readTextFileSync(this.#options.report).split("\n").slice(0, -1);
    return whole.map((line) => JSON.parse(line));
  }
}
