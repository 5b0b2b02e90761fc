/** `spillway replay`: sends frames of a journal to a target. */
import { EXIT, SpillwayError } from "../../base/error.ts";
import { counted, frameRange } from "../../base/range_text.ts";
import type { Archive, ReadPlan, Selection } from "../../journal/archive.ts";
import { openArchive } from "../../journal/open.ts";
import { Schedule } from "../../replay/pacer.ts";
import { lockProgress, readProgress, type ReplayIdentity, type SavedReplay } from "../../replay/progress_file.ts";
import { checkSame, selectionLeft } from "../../replay/resume.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, Invocation } from "../command.ts";
import { warnOfMixture } from "../journals/warn_mixed_journals.ts";
import { operandsOf } from "../args/operands.ts";
import type { Job } from "./replay/engine.ts";
import { sendAll } from "./replay/send.ts";
import { REPLAY_FLAGS, type ReplaySettings, replaySettings } from "./replay/settings.ts";
import { missingText, planText } from "./replay/texts.ts";
import { SELECTION_FLAGS, selectionOf } from "../args/selection.ts";
import { checkStdout } from "../output/standard_output.ts";

export const command: Command = {
  usage: ["replay PATH... --to ADDR [FLAGS]"],
  description: `Sends frames of journal directories or segment files to a target, in sequence
order, each once. A daemon may be running; nothing is locked and nothing changed.
A segment file may have any name; - is one on standard input. A lost target is
connected to again, and gets the first frame next that it may not have read.
Missing frames are announced before anything is sent; damaged ones are skipped
and named. The exit code is 1 then, and where the target may not have read all.`,
  flags: REPLAY_FLAGS,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    {
      command: "spillway replay spillway-data/feed --to 127.0.0.1:9001 --since 2h --progress-file feed.replay",
      description: "after an outage: the last two hours again; killed, the same command goes on",
    },
    {
      command: "spillway replay spillway-data/feed --to 127.0.0.1:9001 --speed 0.5x --max-gap 5s",
      description: "to a test at half the recorded pace",
    },
    {
      command: "spillway replay --dry-run spillway-data/feed --rate 10MB/s",
      description: "how much is it, how long will it take?",
    },
    {
      command: "spillway replay 'spillway-data/feed/*.seg' --to - | grep ORDER-4711",
      description: "segment files, to a pipe",
    },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const settings = replaySettings(invocation);
    const asked = selectionOf(invocation, Date.now());
    if (settings.to === "stdout" && !settings.dryRun) checkStdout(runtime);
    const archive = await openArchive(runtime, operandsOf("replay", invocation));
    warnOfMixture(archive, "sent", runtime);
    const { target, progressFile, dryRun } = settings;
    const identity = { target, flags: selectionFlags(invocation) };
    const lock = progressFile === undefined || dryRun ? undefined : await lockProgress(runtime.files, progressFile);
    try {
      return await replay(runtime, settings, identity, archive, asked);
    } finally {
      lock?.close();
    }
  },
};

async function replay(
  runtime: Runtime,
  settings: ReplaySettings,
  identity: ReplayIdentity,
  archive: Archive,
  asked: Selection,
): Promise<number> {
  const saved = await savedProgress(runtime, settings, identity, archive);
  if (saved?.done) {
    const { frames, next } = saved;
    runtime.stderr.write(
      `nothing to send: ${settings.progressFile} says that this replay is finished, ${counted(frames, "frame")} up to ${
        next - 1
      }; remove it to begin anew\n`,
    );
    return EXIT.ok;
  }
  const selection = saved === undefined ? asked : selectionLeft(saved);
  const { plan, pacedMs } = await planOf(archive, settings, selection);
  if (settings.dryRun) await runtime.stdout.write(planText(plan, settings, pacedMs));
  tellRemoved(archive, selection, runtime);
  announceMissing(plan, settings, runtime);
  if (settings.dryRun) return EXIT.ok;
  const before = saved ?? { frames: 0, bytes: 0, next: plan.first ?? asked.from ?? 0, last_time_us: null };
  const head = {
    spillway_replay: 1,
    ...identity,
    directories: archive.journals,
    selection: saved?.selection ?? asked,
  } as const;
  const job: Job = { runtime, settings, archive, selection, plan, before, head };
  return await sendAll(job);
}

/** The content of the progress file. Rejects with a SpillwayError if it belongs to another replay. */
async function savedProgress(
  { files }: Runtime,
  { progressFile, to }: ReplaySettings,
  identity: ReplayIdentity,
  archive: Archive,
): Promise<SavedReplay | undefined> {
  if (progressFile === undefined) return undefined;
  const saved = await readProgress(files, progressFile);
  if (saved === undefined) return undefined;
  // A dry run may leave the target out; then the target of the file counts.
  const target = to === undefined ? saved.target : identity.target;
  await checkSame(progressFile, saved, { ...identity, target, archive });
  return saved;
}

async function planOf(
  archive: Archive,
  { dryRun, pace }: ReplaySettings,
  selection: Selection,
): Promise<{ readonly plan: ReadPlan; readonly pacedMs: number }> {
  // Only a dry run reads every record, which tells how long the recorded pace takes; a real start must be quick.
  const schedule = dryRun && pace !== undefined ? new Schedule(pace) : undefined;
  let pacedMs = 0;
  const eachRecord = schedule === undefined ? undefined : (timeUs: number) => void (pacedMs = schedule.next(timeUs));
  const plan = await archive.plan(selection, eachRecord);
  return { plan, pacedMs };
}

function tellRemoved(archive: Archive, selection: Selection, { stderr }: Runtime): void {
  const removed = archive.removed(selection);
  if (removed === undefined) return;
  stderr.write(`note: ${frameRange(removed.from, removed.until)}: delivered, and removed from the journal since\n`);
}

/** Throws unless `--allow-gaps` was given. */
function announceMissing(plan: ReadPlan, { allowGaps }: ReplaySettings, { stderr }: Runtime): void {
  const { missing } = plan;
  if (missing.length === 0) return;
  stderr.write(missingText(plan));
  if (allowGaps) return;
  const frames = missing.reduce((sum, { from, until }) => sum + until - from, 0);
  throw new SpillwayError(
    `${counted(frames, "frame")} missing in ${counted(missing.length, "range")}: nothing was sent`,
    {
      hint: "name the segment files that have them too, or add --allow-gaps to go on without them",
    },
  );
}

function selectionFlags({ values, switches }: Invocation): ReplayIdentity["flags"] {
  const given: Record<string, string | true> = {};
  for (const { name } of SELECTION_FLAGS) {
    const value = values[name];
    if (value !== undefined) given[name] = value;
    else if (switches.has(name)) given[name] = true;
  }
  return given;
}
