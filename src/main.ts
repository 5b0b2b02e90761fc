/** The program: finds the command, prints what went wrong, and is the only place that exits. */
import { EXIT, isOutputUnwanted } from "./base/error.ts";
import type { Invocation } from "./cli/command.ts";
import { findCommand } from "./cli/args/find_command.ts";
import { COMMANDS } from "./cli/commands.ts";
import { parseFlags } from "./cli/args/flags.ts";
import { commandHelp, overview } from "./cli/commands/help.ts";
import { printError } from "./cli/output/print_error.ts";
import { wantsColour } from "./cli/output/terminal.ts";
import { currentRuntime } from "./runtime/current.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { isThread, serveThread } from "./runtime/thread.ts";

/** How long the last log lines may take to get out when nobody reads them, in ms. */
const FLUSH_MAX_MS = 500;

const VERSION_FLAGS = ["--version", "-V", "-v"];

const NOTHING: Invocation = { values: {}, switches: new Set(), operands: [] };

async function dispatch(runtime: Runtime): Promise<number> {
  const [name, ...args] = runtime.args;
  if (name === undefined) {
    runtime.stderr.write(overview(COMMANDS));
    return EXIT.usage;
  }
  if (name === "--help" || name === "-h") {
    await runtime.stdout.write(overview(COMMANDS));
    return EXIT.ok;
  }
  // Before a command, so that whatever follows is asked of nobody.
  if (VERSION_FLAGS.includes(name)) return await (await findCommand(COMMANDS, "version")).run(NOTHING, runtime);
  const command = await findCommand(COMMANDS, name);
  const invocation = parseFlags(name, command.flags, command.operandsMax, args);
  if (invocation.switches.has("help")) {
    await runtime.stdout.write(commandHelp(command));
    return EXIT.ok;
  }
  try {
    return await command.run(invocation, runtime);
  } catch (thrown) {
    if (isOutputUnwanted(thrown) && !command.judges) return EXIT.ok;
    throw thrown;
  }
}

async function main(): Promise<void> {
  const runtime = await currentRuntime();
  let exit: number;
  try {
    exit = await dispatch(runtime);
  } catch (thrown) {
    const printed = printError(thrown, wantsColour(runtime));
    runtime.stderr.write(printed.text);
    exit = printed.exit;
  }
  await Promise.race([runtime.stderr.flush(), new Promise((resolve) => setTimeout(resolve, FLUSH_MAX_MS))]);
  runtime.exit(exit);
}

if (isThread) serveThread((await import("./journal/directory_only.ts")).readingJob);
else await main();
