/** The commands by name. Each is loaded when it is used, so that one starts without loading what the others need. */
import type { CommandTable } from "./command.ts";

export const COMMANDS: CommandTable = {
  run: {
    summary: "relay, in the foreground, until SIGTERM or SIGINT",
    load: async () => (await import("./commands/run.ts")).command,
  },
  check: {
    summary: "validate the configuration and its surroundings, print the routes",
    load: async () => (await import("./commands/check.ts")).command,
  },
  init: {
    summary: "print a configuration, a systemd unit, a dashboard, alert rules or a crontab line",
    load: async () => (await import("./commands/init.ts")).command,
  },
  status: {
    summary: "what the routes do now: backlog, rates, time to drain",
    load: async () => (await import("./commands/status.ts")).command,
  },
  doctor: {
    summary: "which side of a TCP connection is slow, and what to change",
    load: async () => (await import("./commands/doctor.ts")).command,
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
    load: async () => (await import("./commands/completions.ts")).completionsCommand(COMMANDS),
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
    load: async () => (await import("./commands/help.ts")).helpCommand(COMMANDS),
  },
};
