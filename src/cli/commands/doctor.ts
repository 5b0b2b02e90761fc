/** `spillway doctor`: which side of a TCP connection is slow, and what to change. */
import { systemClock } from "../../base/clock.ts";
import { EXIT, usageError } from "../../base/error.ts";
import { loadConfig } from "../../config/load.ts";
import { diagnose, isSlow } from "../../doctor/diagnose.ts";
import { record } from "../../doctor/record.ts";
import type { Subject } from "../../doctor/series.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { jsonFlag } from "../args/operands.ts";
import { type Command, configFlag, type Invocation } from "../command.ts";
import { isUtf8 } from "../output/terminal.ts";
import { doctorCapture } from "./doctor/capture_report.ts";
import { jsonReport } from "./doctor/json_report.ts";
import { routeFindings, routesAt, routesOf } from "./doctor/routes.ts";
import { subjectOf, subjectsOfRoutes } from "./doctor/subjects.ts";
import { textReport } from "./doctor/text_report.ts";

const SECONDS = 5;
const SECONDS_MAX = 3600;

export const command: Command = {
  usage: [
    "doctor PORT | HOST:PORT [--seconds N] [--json]",
    "doctor [-c FILE] [--seconds N] [--json]",
    "doctor --pcap FILE [--json]",
  ],
  description: `Watches the TCP connections of a port for some seconds, and says in plain words
which side is slow, how sure that is, and what to change: a receiver that does
not read, a sender that is itself slow, lost data, a slow link, buffers too small
for the path. It works on any port of this machine, with or without a spillway,
and only looks. Without a port it watches both sides of the configuration's
routes. Of a running spillway it adds the route's own figures.

--pcap FILE reads a capture instead (pcap or pcapng, of tcpdump or Wireshark), of
any size: how often and how long each connection's receive window was closed, what
was sent again, who closed or reset it, and how long after a window had closed.

Root also sees the programs of other users. With ss of iproute2 in PATH it also
sees round trips, rates and losses. Exit code 0 if nothing is wrong, 1 if
something is slow or nobody has the port.`,
  flags: [
    configFlag,
    { name: "seconds", value: "N", description: `for how long it watches, 1 to ${SECONDS_MAX}; default ${SECONDS}` },
    { name: "pcap", value: "FILE", description: "a capture; - is standard input" },
    { ...jsonFlag, description: "for programs: one JSON object" },
  ],
  judges: true,
  operandsMax: 1,
  examples: [
    { command: "spillway doctor 9001", description: "every connection of this port" },
    { command: "spillway doctor 192.0.2.7:9001 --seconds 30", description: "those with this end, for longer" },
    { command: "spillway doctor -c spillway.toml", description: "both sides of each route" },
    {
      command: "spillway doctor --pcap capture.pcap",
      description: "what tcpdump -i any -s 128 -w capture.pcap has seen",
    },
    { command: "spillway doctor 9001 --json | jq -r '.findings[0].text'", description: "the worst of it" },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    if (invocation.values.pcap !== undefined) {
      return await doctorCapture(captureOf(invocation), invocation.switches.has("json"), runtime);
    }
    const seconds = secondsOf(invocation);
    const asked = await askedFor(invocation, runtime);
    const series = await record(asked.subjects, seconds, systemClock);
    const pids = new Set(Object.values(series.owners).map(({ pid }) => pid));
    const routes = asked.directories === undefined
      ? await routesOf(pids, asked.subjects, runtime)
      : await routesAt(asked.directories, runtime);
    const findings = [...routeFindings(routes), ...diagnose(series)];
    const report = { series, findings, routes, seconds, unseen: [...asked.unseen, ...series.unseen] };
    await runtime.stdout.write(
      invocation.switches.has("json")
        ? `${JSON.stringify(jsonReport(report, systemClock.wallUs()))}\n`
        : `${textReport(report, isUtf8(runtime)).join("\n")}\n`,
    );
    return isSlow(findings) ? EXIT.failed : EXIT.ok;
  },
};

interface Asked {
  readonly subjects: readonly Subject[];
  /** Of the routes' journals, where the subjects are from a configuration. */
  readonly directories?: readonly string[];
  readonly unseen: readonly string[];
}

async function askedFor({ operands, values }: Invocation, runtime: Runtime): Promise<Asked> {
  if (operands.length === 0) {
    const { routes } = await loadConfig(values.config, runtime);
    const { subjects, unseen } = await subjectsOfRoutes(routes);
    return { subjects, unseen, directories: routes.map(({ journal }) => journal.directory) };
  }
  if (values.config !== undefined) {
    throw usageError(`--config and '${operands[0]}' are given together`, "name a configuration or a port, not both");
  }
  return { subjects: [await subjectOf(operands[0])], unseen: [] };
}

/** The path of the capture; throws a SpillwayError (exit 2) if something else is to be looked at too. */
function captureOf({ operands, values }: Invocation): string {
  const other = operands.length > 0
    ? `'${operands[0]}'`
    : ["config", "seconds"].filter((flag) => values[flag] !== undefined).map((flag) => `--${flag}`)[0];
  if (other === undefined) return values.pcap!;
  throw usageError(`--pcap and ${other} are given together`, "a capture has its own connections and its own time");
}

function secondsOf({ values }: Invocation): number {
  const text = values.seconds ?? String(SECONDS);
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= 1 && seconds <= SECONDS_MAX) return seconds;
  throw usageError(`--seconds: found ${JSON.stringify(text)}, expected a number from 1 to ${SECONDS_MAX}`);
}
