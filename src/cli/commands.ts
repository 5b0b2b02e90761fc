/** The commands by name. Each is loaded when it is used, so that starting one does not cost what the others need. */
import { EXIT, SpillwayError } from "../base/error.ts";
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
    load: async () => (await import("./run.ts")).command,
  },
  check: {
    summary: "validate the configuration and its surroundings, print the routes",
    load: async () => (await import("./check.ts")).command,
  },
  init: {
    summary: "print a commented configuration, a systemd unit or a crontab line",
    load: async () => (await import("./init.ts")).command,
  },
  ls: {
    summary: "list the segments of a journal and what is in them",
    load: async () => (await import("./ls.ts")).command,
  },
  cat: {
    summary: "print the frames of a journal: raw, text, json or hex",
    load: async () => (await import("./cat.ts")).command,
  },
  verify: {
    summary: "check every checksum of a journal",
    load: async () => (await import("./verify.ts")).command,
  },
  compact: {
    summary: "remove, merge and compress what is delivered; for cron",
    load: async () => (await import("./compact.ts")).command,
  },
  demo: {
    summary: "the whole story on loopback, with a proof at its end",
    load: async () => (await import("./demo.ts")).command,
  },
  version: {
    summary: "print version, commit and runtime",
    load: async () => (await import("./version.ts")).command,
  },
  help: {
    summary: "print how to use spillway or one of its commands",
    load: async () => (await import("./help.ts")).command,
  },
};

/** Commands that the contract has and this version does not, with what to use until then. */
const LATER: Readonly<Record<string, string>> = {
  status: "the log of spillway run says what the routes do",
  repair: "spillway run quarantines what is damaged by itself",
  replay: "target.rewind resends what was confirmed last",
  completions: "spillway help lists the commands",
  schema: "spillway init config prints every key with its default",
};

/** The command called `name`; rejects with a SpillwayError (exit 2) if there is none. */
export function findCommand(name: string): Promise<Command> {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name].load();
  if (Object.hasOwn(LATER, name)) {
    throw new SpillwayError(`'${name}' is not in this version`, { hint: LATER[name], exit: EXIT.usage });
  }
  const meant = nearest(name, Object.keys(COMMANDS));
  const hint = meant === undefined ? "spillway help lists the commands" : `did you mean spillway ${meant}?`;
  throw new SpillwayError(`'${name}' is not a command`, { hint, exit: EXIT.usage });
}
