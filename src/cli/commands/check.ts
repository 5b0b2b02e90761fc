/** `spillway check`: is the configuration valid, and would it run here? */
import process from "node:process";
import { EXIT } from "../../base/error.ts";
import { counted } from "../../base/range_text.ts";
import { loadAndCheck } from "../../config/load.ts";
import { ConfigError } from "../../config/problem.ts";
import { renderConfig } from "../../config/render.ts";
import { warningsOf } from "../../config/warnings.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Listening } from "./check/addresses.ts";
import { inspectControlGroup } from "./check/control_group.ts";
import type { Finding } from "./check/finding.ts";
import { inspectPace } from "./check/probe.ts";
import { inspectResources } from "./check/resources.ts";
import { inspectRings } from "./check/rings.ts";
import { inspectShared } from "./check/shared.ts";
import { inspectEnvironment } from "./check/environment.ts";
import { type Command, configFlag, type Invocation } from "../command.ts";
import { printError } from "../output/print_error.ts";
import { wantsColour } from "../output/terminal.ts";
import { findUndelivered, UNDELIVERED_HINT, undeliveredText } from "../journals/undelivered.ts";

export const command: Command = {
  usage: ["check [-c FILE] [--probe] [--quiet]"],
  description: `Validates the configuration and what it needs of this machine: directories that
can be written, addresses that are free, disk space, names that resolve. Prints
the routes with every value, as a configuration, to standard output; problems,
warnings and notes to standard error. Of a configuration that is wrong, the
routes that are right are looked at all the same. Exit code 2 if it is wrong, 1
if it is right and could not run here.`,
  flags: [
    configFlag,
    {
      name: "probe",
      description: "also write to each journal's disk for 3 s, at most 1 GiB, to see how long it pauses",
    },
    { name: "quiet", short: "q", description: "say nothing but errors and warnings" },
  ],
  judges: true,
  operandsMax: 0,
  examples: [
    { command: "spillway check", description: "./spillway.toml" },
    {
      command: "spillway init | sed s/server-b/localhost/ | spillway check -c -",
      description: "what the defaults are",
    },
  ],
  async run({ values, switches }: Invocation, runtime: Runtime): Promise<number> {
    const isQuiet = switches.has("quiet");
    const { config, problems } = await loadAndCheck(values.config, runtime);
    let errors = 0;
    const say = ({ kind, text, hint }: Finding, where = "") => {
      if (isQuiet && kind === "note") return;
      runtime.stderr.write(`${kind}: ${where}${text}\n`);
      if (hint !== undefined) runtime.stderr.write(`hint: ${hint}\n`);
      if (kind === "error") errors++;
    };
    if (problems.length === 0) {
      if (!isQuiet) await runtime.stdout.write(renderConfig(config));
    } else runtime.stderr.write(printError(new ConfigError(problems), wantsColour(runtime)).text);
    const listening: Listening[] = [];
    for (const route of config.routes) {
      const where = `route ${route.name}: `;
      for (const text of warningsOf(route, process.platform)) say({ kind: "warning", text }, where);
      for (const finding of await inspectEnvironment(route, listening, runtime)) say(finding, where);
    }
    for (const finding of await inspectShared(config.routes, runtime)) say(finding);
    for (const finding of await inspectResources(config.routes, runtime)) say(finding);
    for (const finding of await inspectRings(config.routes, runtime)) say(finding);
    for (const finding of await inspectControlGroup(config.admin)) say(finding);
    const probed = switches.has("probe") ? await inspectPace(config.routes, runtime) : [];
    for (const [name, finding] of probed) say(finding, `route ${name}: `);
    for (const each of await findUndelivered(config.routes, runtime)) {
      say({ kind: "warning", text: undeliveredText(each), hint: UNDELIVERED_HINT });
    }
    if (problems.length > 0) return EXIT.usage;
    if (errors > 0) return EXIT.failed;
    if (!isQuiet) runtime.stderr.write(`ok: ${config.name}: ${counted(config.routes.length, "route")}\n`);
    return EXIT.ok;
  },
};
