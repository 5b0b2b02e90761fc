/** `spillway check`: is the configuration valid, and would it run here? */
import process from "node:process";
import { EXIT } from "../base/error.ts";
import { loadConfig } from "../config/load.ts";
import { renderConfig } from "../config/render.ts";
import { warningsOf } from "../config/warnings.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Command, configFlag, type Invocation } from "./command.ts";
import { inspectSurroundings } from "./surroundings.ts";

export const command: Command = {
  usage: ["check [-c FILE]"],
  says: `Validates the configuration and what it needs of this machine: directories that
can be written, addresses that are free, disk space, names that resolve. Prints
the routes with every value, as a configuration, to standard output; problems,
warnings and notes to standard error. Exit code 2 if the configuration is wrong,
1 if it is right and could not run here.`,
  flags: [configFlag],
  operandsMax: 0,
  examples: [
    { command: "spillway check", says: "./spillway.toml" },
    { command: "spillway init | spillway check -c -", says: "what the defaults are" },
  ],
  async run({ values }: Invocation, runtime: Runtime): Promise<number> {
    const config = await loadConfig(values.config, runtime);
    await runtime.stdout.write(renderConfig(config));
    let errors = 0;
    const say = (kind: string, text: string) => runtime.stderr.write(`${kind}: ${text}\n`);
    for (const route of config.routes) {
      for (const warning of warningsOf(route, process.platform)) say("warning", `route ${route.name}: ${warning}`);
      for (const { kind, text, hint } of await inspectSurroundings(route, runtime)) {
        say(kind, `route ${route.name}: ${text}`);
        if (hint !== undefined) say("hint", hint);
        if (kind === "error") errors++;
      }
    }
    if (errors === 0) {
      say("ok", `${config.name}: ${config.routes.length} route${config.routes.length === 1 ? "" : "s"}`);
    }
    return errors === 0 ? EXIT.ok : EXIT.failed;
  },
};
