/**
 * Tests of the command line that can be read as documentation.
 *
 * A script is a text file of commands and what they print:
 *
 *     // A comment.
 *     $ spillway versoin
 *     ! error: 'versoin' is not a command
 *     ! hint: did you mean spillway version?
 *     = 2
 *
 * `$` begins a command, run by bash in a directory of its own. Lines after it
 * are its standard output, those that begin with `!` its standard error, in any
 * order between the two; `=` is its exit code, 0 where it is left out. `[..]` stands for any text
 * within a line, `[DIR]` for the directory, a line `...` for any number of
 * lines. What follows a line `-- NAME --` is a file of that name, made first.
 */

export interface Step {
  readonly line: number;
  readonly command: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exit: number;
}

export interface Script {
  readonly steps: readonly Step[];
  readonly files: ReadonlyMap<string, string>;
}

export function parseScript(text: string): Script {
  const [commands, ...parts] = text.split(/^-- (.+) --\n/m);
  const files = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) files.set(parts[i], parts[i + 1]);
  const steps: { line: number; command: string; stdout: string[]; stderr: string[]; exit: number }[] = [];
  commands.trimEnd().split("\n").forEach((line, index) => {
    const step = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ line: index + 1, command: line.slice(2), stdout: [], stderr: [], exit: 0 });
    else if (line.startsWith("// ") || step === undefined) return;
    else if (/^= \d+$/.test(line)) step.exit = Number(line.slice(2));
    else if (line === "!" || line.startsWith("! ")) step.stderr.push(line.slice(2));
    else step.stdout.push(line);
  });
  // An empty line before the next command is there for the reader.
  for (const step of steps) while (step.stdout.at(-1) === "") step.stdout.pop();
  return { steps, files };
}

/** Runs the script with `program` as what `spillway` starts. Returns what differs from it, one text per command. */
export async function runScript(script: Script, program: readonly string[]): Promise<string[]> {
  const directory = await Deno.makeTempDir({ prefix: "spillway-cli-" });
  try {
    const home = await layOut(directory, script.files, program);
    const differences: string[] = [];
    for (const step of script.steps) {
      const difference = await runStep(step, home, `${directory}/bin`);
      if (difference !== undefined) differences.push(difference);
    }
    return differences;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function layOut(
  directory: string,
  files: ReadonlyMap<string, string>,
  program: readonly string[],
): Promise<string> {
  const home = `${directory}/home`;
  await Deno.mkdir(home);
  await Deno.mkdir(`${directory}/bin`);
  const words = program.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  await Deno.writeTextFile(`${directory}/bin/spillway`, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  for (const [name, text] of files) await Deno.writeTextFile(`${home}/${name}`, text);
  return home;
}

async function runStep(step: Step, home: string, bin: string): Promise<string | undefined> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", step.command],
    cwd: home,
    clearEnv: true,
    env: { PATH: `${bin}:/usr/local/bin:/usr/bin:/bin` },
    stdin: "null",
  }).output();
  const lines = (bytes: Uint8Array) => {
    const text = new TextDecoder().decode(bytes).replaceAll(home, "[DIR]").replace(/\n$/, "");
    return text === "" ? [] : text.split("\n");
  };
  const differences = [
    ...compare("standard output", lines(stdout), step.stdout),
    ...compare("standard error", lines(stderr), step.stderr),
    ...(code === step.exit ? [] : [`exit code: found ${code}, expected ${step.exit}`]),
  ];
  return differences.length === 0 ? undefined : `line ${step.line}: ${step.command}\n${differences.join("\n")}`;
}

function compare(name: string, found: readonly string[], expected: readonly string[]): string[] {
  if (matches(found, expected)) return [];
  const block = (lines: readonly string[]) =>
    lines.map((line) => `    ${line.trimEnd()}\n`).join("") || "    (nothing)\n";
  return [`${name}: found\n${block(found)}  expected\n${block(expected)}`];
}

/** Does `found` match the lines of `pattern`, where `...` stands for any number of them? */
export function matches(found: readonly string[], pattern: readonly string[]): boolean {
  if (pattern.length === 0) return found.length === 0;
  const [first, ...rest] = pattern;
  if (first === "...") return found.some((_, i) => matches(found.slice(i), rest)) || matches([], rest);
  return found.length > 0 && lineMatches(found[0], first) && matches(found.slice(1), rest);
}

function lineMatches(line: string, pattern: string): boolean {
  const source = pattern.trimEnd().split("[..]").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  return new RegExp(`^${source}$`, "s").test(line.trimEnd());
}
