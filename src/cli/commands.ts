/** The commands by name. Each is loaded when it is used, so that starting one does not cost what the others need. */
import { usageError } from "../base/error.ts";
import { nearest } from "../config/nearest.ts";
import type { Command } from "./command.ts";

export interface CommandEntry {
  /** For the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: "relay, in the foreground, until SIGTERM or SIGINT",
    load: async () => (await import("./commands/run.ts")).command,
  },
  check: {
    summary: "validate the configuration and its surroundings, print the routes",
    load: async () => (await import("./commands/check.ts")).command,
  },
  init: {
    summary: "print a commented configuration, a systemd unit or a crontab line",
    load: async () => (await import("./commands/init.ts")).command,
  },
  status: {
    summary: "what the routes do now: backlog, rates, time to drain",
    load: async () => (await import("./commands/status.ts")).command,
  },
  ls: {
    summary: "list the segments of a journal and what is in them",
    load: async () => (await import("./commands/ls.ts")).command,
  },
  cat: {
    summary: "print the frames of a journal: raw, text, json or hex",
    load: async () => (await import("./commands/cat.ts")).command,
  },
  verify: {
    summary: "check every checksum of a journal",
    load: async () => (await import("./commands/verify.ts")).command,
  },
  compact: {
    summary: "remove, merge and compress what is delivered; for cron",
    load: async () => (await import("./commands/compact.ts")).command,
  },
  repair: {
    summary: "put damaged ranges of a journal aside, so that the rest is clean",
    load: async () => (await import("./commands/repair.ts")).command,
  },
  skip: {
    summary: "give up pending frames of a journal on purpose",
    load: async () => (await import("./commands/skip.ts")).command,
  },
  replay: {
    summary: "send frames of a journal to a target, at full speed or as recorded",
    load: async () => (await import("./commands/replay.ts")).command,
  },
  completions: {
    summary: "print what bash, zsh or fish need to complete its commands",
    load: async () => (await import("./commands/completions.ts")).command,
  },
  schema: {
    summary: "print the JSON Schema of the configuration",
    load: async () => (await import("./commands/schema.ts")).command,
  },
  demo: {
    summary: "the whole story on loopback, with a proof at its end",
    load: async () => (await import("./commands/demo.ts")).command,
  },
  version: {
    summary: "print version, commit and runtime",
    load: async () => (await import("./commands/version.ts")).command,
  },
  help: {
    summary: "print how to use spillway or one of its commands",
    load: async () => (await import("./commands/help.ts")).command,
  },
};

/** The command called `name`; rejects with a SpillwayError (exit 2) if there is none. */
export function findCommand(name: string): Promise<Command> {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name].load();
  const meant = nearest(name, Object.keys(COMMANDS));
  const hint = meant === undefined ? "spillway help lists the commands" : `did you mean spillway ${meant}?`;
  throw usageError(`'${name}' is not a command`, hint);
}
