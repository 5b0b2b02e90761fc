/** `spillway status`: what the routes do now, from the running daemon, else from their journals. */
import { systemClock } from "../../base/clock.ts";
import { EXIT, messageOf, SpillwayError, SystemError, usageError } from "../../base/error.ts";
import { loadConfig } from "../../config/load.ts";
import type { RouteOptions } from "../../relay/options.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { type Command, configFlag, type Invocation } from "../command.ts";
import { jsonFlag } from "../args/operands.ts";
import { printError } from "../output/print_error.ts";
import { collect, type Collected, type Subject, subjectsAt } from "./status/collect.ts";
import { LIMIT_FLAGS, limitsOf } from "./status/limits.ts";
import { PLUGIN_EXIT, pluginLine } from "./status/plugin_line.ts";
import { tableOf } from "./status/table.ts";
import { type Finding, judge } from "./status/verdict.ts";
import { terminalWidth, watch } from "./status/watch.ts";
import { wantsColour } from "../output/terminal.ts";
import { findUndelivered, undeliveredText } from "../journals/undelivered.ts";

export const command: Command = {
  usage: [
    "status [-c FILE] [--watch] [--json]",
    "status PATH... [--watch] [--json]",
    "status [-c FILE | PATH...] --check [LIMITS]",
  ],
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
that does not answer).

--check prints one line in the form of monitoring plugins (Nagios, Icinga), and
exits with 0 (OK), 1 (WARNING), 2 (CRITICAL), or 3 (UNKNOWN: the configuration is
wrong, or a journal cannot be read). Critical: no daemon runs or answers, the
journal takes no frames, a limit is passed. A warning: the consumer is away or
reads nothing, the daemon is stopping, no route delivers a journal, or a figure is
above four fifths of its limit. Limits are for each route; what was dropped counts
from the start of the daemon.`,
  flags: [
    configFlag,
    { name: "watch", description: "again every second, until Ctrl-C; on a terminal in place" },
    { ...jsonFlag, description: "for programs: one JSON object with all routes, with --watch one a line" },
    { name: "check", description: "for monitoring: one line and an exit code" },
    ...LIMIT_FLAGS,
  ],
  judges: true,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway status -c spillway.toml", description: "all routes, once" },
    { command: "spillway status --watch spillway-data/feed", description: "one route, live" },
    {
      command: "spillway status --json | jq '.routes[] | select(.pending_bytes > 1e9)'",
      description: "those far behind",
    },
    {
      command: "spillway status --check --max-pending 1GB --max-age 10m --max-dropped 0",
      description: "for an alarm",
    },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    checkForms(invocation);
    if (invocation.switches.has("check")) return await check(invocation, runtime);
    const look = await lookerOf(invocation, runtime);
    const json = invocation.switches.has("json");
    const colour = wantsColour(runtime);
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

/** Throws a SpillwayError (exit 2) for flags that do not go together. */
function checkForms({ values, switches }: Invocation): void {
  const isCheck = switches.has("check");
  const other = ["watch", "json"].find((name) => switches.has(name));
  if (isCheck && other !== undefined) {
    throw usageError(`--check and --${other} are given together`, "--check prints one line, once");
  }
  const limit = LIMIT_FLAGS.find(({ name }) => values[name] !== undefined);
  if (!isCheck && limit !== undefined) {
    throw usageError(`--${limit.name} is given without --check`, "limits are what --check judges by");
  }
}

/** `--check`: whatever keeps it from a judgement is a judgement as well, UNKNOWN. */
async function check(invocation: Invocation, runtime: Runtime): Promise<number> {
  let findings: Finding[];
  let line: string;
  try {
    const limits = limitsOf(invocation);
    const looked = await (await lookerOf(invocation, runtime))();
    findings = judge(looked, limits);
    line = pluginLine(findings, looked.report.routes, limits);
  } catch (error) {
    if (!(error instanceof SpillwayError || error instanceof SystemError)) throw error;
    findings = [{ level: "unknown", text: messageOf(error) }];
    line = pluginLine(findings, []);
  }
  await runtime.stdout.write(`${line}\n`);
  return PLUGIN_EXIT[findings[0].level];
}

/** What looks at all routes that are asked for. Rejects with a SpillwayError if it is not clear which those are. */
async function lookerOf(invocation: Invocation, runtime: Runtime): Promise<() => Promise<Collected>> {
  const { subjects, routes } = await subjectsOf(invocation, runtime);
  return async () => {
    const looked = await collect(subjects, runtime, systemClock);
    const undelivered = routes && await findUndelivered(routes, runtime);
    return { ...looked, report: { ...looked.report, undelivered } };
  };
}

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
