/** `spillway status`: what the routes do now, from the running daemon, else from their journals. */
import { systemClock } from "../../base/clock.ts";
import { EXIT, usageError } from "../../base/error.ts";
import { loadConfig } from "../../config/load.ts";
import type { RouteOptions } from "../../relay/options.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { type Command, configFlag, type Invocation } from "../command.ts";
import { jsonFlag } from "../args/operands.ts";
import { printError } from "../output/print_error.ts";
import { collect, type Collected, type Subject, subjectsAt } from "./status/collect.ts";
import { tableOf } from "./status/table.ts";
import { terminalWidth, watch } from "./status/watch.ts";
import { wantsColour } from "../output/terminal.ts";
import { findUndelivered, undeliveredText } from "../journals/undelivered.ts";

export const command: Command = {
  usage: ["status [-c FILE] [--watch] [--json]", "status PATH... [--watch] [--json]"],
  description: `What each route does: its state, what is pending, since when the oldest of it has
been waiting, bytes a second in and out, and when it will be drained at that
rate; below that why it is so, for how long producers are held up, what was
dropped and when last, and what may be lost. Asks the running daemon; where there
is none, or none that answers within 2 s, the journal's files tell. Routes are
those of the configuration, or the journals at PATH. Exit code 1 if a route's
state cannot be read.

States: direct (frames pass through memory), draining (the backlog is being
sent), stalled (the consumer reads nothing), waiting (for a consumer), full
(the journal takes no frames), stopping, stopped (no daemon), silent (a daemon
that does not answer).`,
  flags: [
    configFlag,
    { name: "watch", description: "again every second, until Ctrl-C; on a terminal in place" },
    { ...jsonFlag, description: "for programs: one JSON object with all routes, with --watch one a line" },
  ],
  judges: true,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway status -c spillway.toml", description: "all routes, once" },
    { command: "spillway status --watch spillway-data/feed", description: "one route, live" },
    { command: "spillway status --json | jq '.routes[] | select(.pending_bytes > 1e9)'", description: "for an alarm" },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const { subjects, routes } = await subjectsOf(invocation, runtime);
    const json = invocation.switches.has("json");
    const colour = wantsColour(runtime);
    const look = async (): Promise<Collected> => {
      const looked = await collect(subjects, runtime, systemClock);
      const undelivered = routes && await findUndelivered(routes, runtime);
      return { ...looked, report: { ...looked.report, undelivered } };
    };
    const complain = ({ report, failures }: Collected) => {
      for (const failure of failures) runtime.stderr.write(printError(failure, colour).text);
      if (json) return;
      for (const each of report.undelivered ?? []) runtime.stderr.write(`warning: ${undeliveredText(each)}\n`);
    };
    if (invocation.switches.has("watch")) {
      return await watch({ runtime, clock: systemClock, json, collect: look, complain });
    }
    const looked = await look();
    const { report, failures } = looked;
    if (json) await runtime.stdout.write(`${JSON.stringify(report)}\n`);
    // A table without a row would say that there is nothing, and it is that nothing can be read.
    else if (report.routes.length > 0) await runtime.stdout.write(`${tableOf(report, terminalWidth()).join("\n")}\n`);
    complain(looked);
    return failures.length === 0 ? EXIT.ok : EXIT.failed;
  },
};

interface Asked {
  readonly subjects: Subject[];
  /** Of the configuration, where the subjects are from there. */
  readonly routes?: readonly RouteOptions[];
}

async function subjectsOf({ operands, values }: Invocation, runtime: Runtime): Promise<Asked> {
  if (operands.length > 0 && values.config !== undefined) {
    throw usageError(
      `--config and '${operands[0]}' are given together`,
      "name a configuration or journal directories, not both",
    );
  }
  if (operands.length > 0) return { subjects: await subjectsAt(operands, runtime) };
  const { routes } = await loadConfig(values.config, runtime);
  return { routes, subjects: routes.map(({ name, journal }) => ({ route: name, directory: journal.directory })) };
}
