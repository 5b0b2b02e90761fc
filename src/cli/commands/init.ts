/** `spillway init`: what is needed to set Spillway up, on standard output; no file is written. */
import { resolve } from "node:path";
import { EXIT, SpillwayError, usageError } from "../../base/error.ts";
import { loadConfig } from "../../config/load.ts";
import { nearest } from "../../config/nearest.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, Invocation } from "../command.ts";
import { ALERTS_FILE } from "./init/alerts_file.ts";
import { CONFIG_TEMPLATE } from "./init/config_template.ts";
import { DASHBOARD } from "./init/dashboard.ts";
import { unreachable } from "./init/service_access.ts";
import { systemdUnit } from "./init/systemd_unit.ts";

const KINDS = ["config", "systemd", "cron", "grafana", "alerts"];
const INSTALLED_CONFIG = "/etc/spillway/spillway.toml";

export const command: Command = {
  usage: ["init [config|systemd|cron|grafana|alerts] [-c FILE]"],
  description: `Prints to standard output: config (the default), every key with its default and
what it means; systemd, a hardened unit, whose MemoryMax follows from the
configuration where that is in its place; cron, a crontab line; grafana, a
dashboard to import; alerts, rules for Prometheus. The last two are for the
metrics at [admin] listen.`,
  flags: [{
    name: "config",
    short: "c",
    value: "FILE",
    description: `the configuration that the unit and the crontab line name. Default: ${INSTALLED_CONFIG}`,
  }],
  operandsMax: 1,
  operands: KINDS,
  examples: [
    { command: "spillway init > spillway.toml", description: "a configuration to begin with" },
    { command: "spillway init systemd > /etc/systemd/system/spillway.service", description: "a service" },
    { command: "spillway init cron", description: "for crontab -e" },
    { command: "spillway init grafana > spillway.json", description: "for Grafana: Dashboards, New, Import" },
    {
      command: "spillway init alerts > /etc/prometheus/rules/spillway.yml",
      description: "for rule_files of Prometheus",
    },
  ],
  async run({ operands: [kind = "config"], values }: Invocation, runtime: Runtime): Promise<number> {
    const config = resolve(values.config ?? INSTALLED_CONFIG);
    const routesBytes = kind === "systemd" ? await memoryOf(config, runtime) : undefined;
    await runtime.stdout.write(textOf(kind, runtime.executable, config, routesBytes));
    if (kind === "systemd") await warnOfPlace(runtime, config);
    return EXIT.ok;
  },
};

/** What the routes of the configuration may take together, in bytes; undefined if it is not there, or wrong. */
async function memoryOf(config: string, runtime: Runtime): Promise<number | undefined> {
  try {
    const { routes } = await loadConfig(config, runtime);
    return routes.reduce((sum, { memoryMaxBytes }) => sum + memoryMaxBytes, 0);
  } catch (error) {
    if (error instanceof SpillwayError) return undefined;
    throw error;
  }
}

/** Without these warnings the service would be restarted for ever, with 203/EXEC as its only message. */
async function warnOfPlace({ executable, stderr }: Runtime, config: string): Promise<void> {
  const programs = await unreachable(executable.filter((word) => word.startsWith("/")));
  const files = await unreachable([config]);
  for (const text of [...programs, ...files]) stderr.write(`warning: ${text}\n`);
  if (programs.length > 0) {
    stderr.write(
      "hint: install it in /usr/local/bin, and print the unit with that one: it names the one that prints it\n",
    );
  }
  if (files.length > 0) stderr.write(`hint: put the configuration in /etc/spillway, or name another with -c\n`);
}

function textOf(kind: string, executable: readonly string[], config: string, routesBytes: number | undefined): string {
  switch (kind) {
    case "config":
      return CONFIG_TEMPLATE;
    case "systemd":
      return systemdUnit(executable, config, routesBytes);
    case "cron":
      return crontabLine(executable, config);
    case "grafana":
      return DASHBOARD;
    case "alerts":
      return ALERTS_FILE;
  }
  const meant = nearest(kind, KINDS);
  const hint = meant === undefined ? "spillway help init says what each is" : `did you mean spillway init ${meant}?`;
  throw usageError(`init: found '${kind}', allowed: ${KINDS.join(", ")}`, hint);
}

/** For crontab(5), where a percent sign has to be escaped. */
function crontabLine(executable: readonly string[], config: string): string {
  const words = [...executable, "compact", "-c", config].map(shellWord).join(" ").replaceAll("%", "\\%");
  return `# Spillway: once an hour, remove delivered segments past their retention and compress the others.
# In the crontab of the user that the daemon runs as. It says nothing unless something is wrong.
17 * * * * ${words}
`;
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
