/** `spillway compact`: removes, merges and compresses what is delivered. For cron: silent unless something is wrong. */
import { isatty } from "node:tty";
import { randomBytes, systemClock } from "../../base/clock.ts";
import { EXIT, SpillwayError, SystemError } from "../../base/error.ts";
import { type CompactionReport, compactJournal } from "../../journal/directory_only.ts";
import { isJournal, summarizeJournal } from "../../journal/open.ts";
import type { FileSystem } from "../../runtime/files.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { type Command, configFlag, type Invocation } from "../command.ts";
import { type Job, jobsOf } from "./compact/jobs.ts";
import { describeCompaction, describeMissed, jsonOfCompaction, type MissedAim } from "./compact/report.ts";
import { jsonFlag } from "../args/operands.ts";
import { checkOwner } from "../journals/owner.ts";
import { printError } from "../output/print_error.ts";
import { Progress } from "../output/progress.ts";
import { wantsColour } from "../output/terminal.ts";

export const command: Command = {
  usage: ["compact [-c FILE] [FLAGS]", "compact PATH... [FLAGS]"],
  description: `Removes delivered segments that are past their retention, merges small ones and
compresses the rest (zstd), beside a running daemon or without one. Touches
nothing that is still to be delivered. Silent unless something is wrong: then
the exit code is 1, or 75 where another compaction is running.

With a configuration, its routes' journals are kept as it says. With PATH, a
journal directory, as the last daemon has noted there; where it has not, nothing
is removed unless --older-than or --max-bytes says so. Run it as the owner of the
journal's directory; anybody else, root too, is refused.`,
  flags: [
    configFlag,
    {
      name: "older-than",
      value: "TIME",
      description: "remove what arrived longer ago than this (7d), instead of journal.retain",
    },
    {
      name: "max-bytes",
      value: "SIZE",
      description: "remove delivered segments, oldest first, until the journal fits (10GiB)",
    },
    { name: "dry-run", description: "only say what would be done" },
    { name: "verbose", short: "v", description: "say what was done" },
    jsonFlag,
  ],
  judges: true,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway compact -c spillway.toml", description: "what cron does" },
    {
      command: "spillway compact -v --max-bytes 10GiB spillway-data/feed",
      description: "make room now, and say how much",
    },
    { command: "spillway compact --dry-run --older-than 7d spillway-data/feed", description: "what would go?" },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const jobs = await jobsOf(invocation, runtime);
    const codes = new Set<number>();
    for (const job of jobs) {
      try {
        if (job.mayBeAbsent && !await isThere(runtime.files, job.directory)) await sayAbsent(job, invocation, runtime);
        else codes.add(await compactOne(job, invocation, runtime));
      } catch (thrown) {
        // A fault of one journal does not stop the compaction of the others.
        if (!(thrown instanceof SpillwayError || thrown instanceof SystemError)) throw thrown;
        const { text, exit } = printError(thrown, wantsColour(runtime));
        runtime.stderr.write(text);
        codes.add(exit);
      }
    }
    return [EXIT.failed, EXIT.usage, EXIT.busy].find((code) => codes.has(code)) ?? EXIT.ok;
  },
};

async function isThere(files: FileSystem, directory: string): Promise<boolean> {
  return await files.stat(directory) !== undefined && await isJournal(files, directory);
}

/** Says so only to a caller that wants output: a path may be mistyped. From cron it is no news. */
async function sayAbsent({ directory }: Job, { switches }: Invocation, { stdout }: Runtime): Promise<void> {
  if (switches.has("json")) await stdout.write(`${JSON.stringify({ journal: directory, absent: true })}\n`);
  else if (switches.has("verbose") || switches.has("dry-run")) {
    await stdout.write(`${directory}: no journal there yet\n`);
  }
}

async function compactOne({ directory, policy }: Job, invocation: Invocation, runtime: Runtime): Promise<number> {
  const { switches } = invocation;
  const dryRun = switches.has("dry-run");
  const fromCron = (owner: string) => `for example from its crontab: crontab -u ${owner} -e`;
  if (!dryRun) await checkOwner(directory, "compacting", runtime, fromCron);
  const isShown = switches.has("verbose") || isatty(2);
  let progress: Progress | undefined;
  const report = await compactJournal({
    holder: `pid ${runtime.pid}, spillway compact`,
    files: runtime.files,
    clock: systemClock,
    randomBytes,
    directory,
    policy,
    dryRun,
    onProgress(done, total) {
      if (isShown) progress ??= new Progress(runtime.stderr, systemClock, "compacted", total);
      progress?.reached(done);
    },
  });
  progress?.finish();
  for (const warning of report.warnings) runtime.stderr.write(`warning: ${warning}\n`);
  const missed = await missedAim(directory, policy.maxBytes, report.bytesAfter, runtime.files);
  await print(directory, report, missed, switches, runtime);
  return report.warnings.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Undefined if the journal fits, or if pending frames are not the reason that it does not. */
async function missedAim(
  directory: string,
  maxBytes: number | undefined,
  bytesAfter: number,
  files: FileSystem,
): Promise<MissedAim | undefined> {
  if (maxBytes === undefined || bytesAfter <= maxBytes) return undefined;
  const { pendingFrames, pendingBytes } = await summarizeJournal(files, directory);
  return pendingFrames === 0 ? undefined : { maxBytes, bytesAfter, pendingFrames, pendingBytes };
}

async function print(
  directory: string,
  report: CompactionReport,
  missed: MissedAim | undefined,
  switches: ReadonlySet<string>,
  runtime: Runtime,
) {
  const dryRun = switches.has("dry-run");
  if (switches.has("json")) {
    await runtime.stdout.write(`${JSON.stringify(jsonOfCompaction(directory, report, missed, dryRun))}\n`);
  } else if (dryRun || switches.has("verbose")) {
    await runtime.stdout.write(describeCompaction(directory, report, missed, dryRun));
  } else if (missed !== undefined) {
    runtime.stderr.write(`note: ${directory}: ${describeMissed(missed)}\n`);
  }
}
