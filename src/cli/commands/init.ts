/** `spillway init`: what is needed to set Spillway up, on standard output; no file is written. */
import { resolve } from "node:path";
import { EXIT, usageError } from "../../base/error.ts";
import { nearest } from "../../config/nearest.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, Invocation } from "../command.ts";
import { CONFIG_TEMPLATE } from "./init/config_template.ts";
import { unreachable } from "./init/service_access.ts";
import { systemdUnit } from "./init/systemd_unit.ts";

const KINDS = ["config", "systemd", "cron"];
const INSTALLED_CONFIG = "/etc/spillway/spillway.toml";

export const command: Command = {
  usage: ["init [config|systemd|cron] [-c FILE]"],
  description: `Prints to standard output: config (the default), every key with its default and
what it means; systemd, a hardened unit; cron, a crontab line.`,
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
  ],
  async run({ operands: [kind = "config"], values }: Invocation, runtime: Runtime): Promise<number> {
    const config = resolve(values.config ?? INSTALLED_CONFIG);
    await runtime.stdout.write(textOf(kind, runtime.executable, config));
    if (kind === "systemd") await warnOfPlace(runtime, config);
    return EXIT.ok;
  },
};

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

function textOf(kind: string, executable: readonly string[], config: string): string {
  switch (kind) {
    case "config":
      return CONFIG_TEMPLATE;
    case "systemd":
      return systemdUnit(executable, config);
    case "cron":
      return crontabLine(executable, config);
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
