/** Starts subject.ts under a runtime and talks with it over its pipes. */
import { type RuntimeCommand, runtimeCommands, withBundle } from "../support/runtimes.ts";

export class Subject {
  readonly process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor({ command: [program, ...words] }: RuntimeCommand, script: string, args: readonly string[]) {
    this.process = new Deno.Command(program, {
      args: [...words, script, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { SUBJECT: "set by the test", USER: "somebody else" },
    }).spawn();
    this.#lines = this.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line of standard output without its end; undefined at the end of the stream. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const { value } = await this.#lines.read();
      if (value === undefined) return undefined;
      this.#text += value;
    }
  }

  /** Closes the reading end of its standard output. */
  async deafen(): Promise<void> {
    await this.#lines.cancel();
  }

  /** Gives it this standard input. */
  async input(text: string): Promise<void> {
    const writer = this.process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  }

  /** Everything it has written to standard error, once it has ended. */
  async complaints(): Promise<string> {
    return await new Response(this.process.stderr).text();
  }

  /** `kill -9`, unless it has ended. */
  async kill(): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch { // it has ended
    }
    await this.process.status;
  }
}

export type Start = (runtime: RuntimeCommand, ...args: string[]) => Subject;

/** A test with a step per runtime; subjects that still run at its end are killed. */
export function onEachRuntime(
  name: string,
  action: (runtime: RuntimeCommand, start: Start, directory: string) => Promise<void>,
): void {
  Deno.test({
    name,
    // esbuild's process ends a moment after it was told to, and so do the subjects' pipes.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: (t) =>
      withBundle(new URL("subject.ts", import.meta.url), async (script, directory) => {
        for (const runtime of await runtimeCommands()) {
          const started: Subject[] = [];
          await t.step(`on ${runtime.name}`, async () => {
            try {
              await action(runtime, (on, ...args) => {
                const subject = new Subject(on, script, args);
                started.push(subject);
                return subject;
              }, directory);
            } finally {
              for (const subject of started) await subject.kill();
            }
          });
        }
      }),
  });
}
