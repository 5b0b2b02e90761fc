/** The sending part of `spillway replay`: runs the engine, shows its progress, and reports how it ended. */
import { systemClock } from "../../../base/clock.ts";
import { EXIT, isOutputUnwanted, SpillwayError } from "../../../base/error.ts";
import { EVENTS } from "../../../base/events.ts";
import type { Log } from "../../../base/log.ts";
import { counted, frameRange } from "../../../base/range_text.ts";
import type { Range } from "../../../journal/archive.ts";
import type { ArchiveFeed } from "../../../replay/archive_feed.ts";
import type { ArchiveGap } from "../../../replay/batch_reader.ts";
import type { ProgressFile } from "../../../replay/progress_file.ts";
import type { Replay, ReplayOutcome } from "../../../replay/replay.ts";
import { escapeControls } from "../../output/control_characters.ts";
import { fieldsText } from "../../output/log.ts";
import { describeLoss } from "../../output/loss_text.ts";
import { Progress } from "../../output/progress.ts";
import { createFeed, createReplay, type Job, progressFileOf } from "./engine.ts";
import { goOnHint, type Skipped, summaryText } from "./texts.ts";

const TICK_MS = 100;

/** Sends what the plan says; returns the exit code. */
export async function sendAll(job: Job): Promise<number> {
  if (job.plan.frames === 0) {
    job.runtime.stderr.write("nothing to send: no frame is selected\n");
    // A replay that was killed at its end is now recorded as finished; one without frames is not recorded at all.
    if (job.before.frames > 0) await progressFileOf(job)?.close();
    return EXIT.ok;
  }
  return await new Sending(job).run();
}

class Sending {
  readonly #progress: Progress;
  readonly #file: ProgressFile | undefined;
  readonly #feed: ArchiveFeed;
  readonly #replay: Replay;
  readonly #skipped: Skipped = { damaged: 0, missing: 0, frames: 0 };
  /** Nothing was skipped that was not announced. */
  #whole = true;
  /** Frames that the daemon has delivered and removed, not reported yet. */
  #removed: Range | undefined;
  #signals = 0;
  /** Everything is sent and confirmed, and nothing may be unread. */
  #isDone = false;

  constructor(private readonly job: Job) {
    const { runtime, plan } = job;
    this.#progress = new Progress(runtime.stderr, systemClock, "sent", plan.bytes);
    this.#file = progressFileOf(job);
    this.#feed = createFeed(job, (gap) => this.#noteGap(gap));
    this.#replay = createReplay(job, this.#feed, this.#log());
  }

  async run(): Promise<number> {
    const { runtime } = this.job;
    await this.#file?.open();
    const over = new AbortController();
    const interrupted = new Promise<number>((now) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) runtime.onSignal(signal, () => this.#interrupt(now));
    });
    const ticking = this.#tick(over.signal);
    const sent = this.#replay.run().then((outcome) => {
      this.#isDone = outcome.kind === "sent" && outcome.mayBeLostBytes === 0;
      return outcome;
    }).finally(async () => {
      over.abort();
      await ticking;
      this.#tellRemoved();
      this.#progress.finish();
      this.#note();
      await this.#file?.close();
    });
    const ended = sent.then((outcome) => this.#end(outcome), (error) => this.#cutShort(error));
    return await Promise.race([ended, interrupted]);
  }

  /** A closed standard output is no failure, unless a progress file is to record the rest. */
  #cutShort(error: unknown): number {
    if (!isOutputUnwanted(error)) throw error;
    const { progressFile } = this.job.settings;
    if (progressFile === undefined) return this.#whole ? EXIT.ok : EXIT.failed;
    const { next } = this.#feed.progress.checkpoint;
    throw new SpillwayError(`standard output is read no more: stopped before frame ${next}`, {
      hint: goOnHint(next, progressFile, undefined),
    });
  }

  /** The first signal stops it, the second does not wait for that. */
  #interrupt(now: (exit: number) => void): void {
    if (++this.#signals === 1) this.#replay.stop();
    else now(EXIT.interrupted);
  }

  #end(outcome: ReplayOutcome): number {
    const { runtime, settings: { target, progressFile }, selection: { limit }, plan } = this.job;
    const { checkpoint, frames, bytes, sentTwice, sentBefore } = this.#feed.progress;
    const { elapsedMs, mayBeLostBytes } = outcome;
    const verb = outcome.kind === "stopped" ? "interrupted" : outcome.kind;
    runtime.stderr.write(
      summaryText(verb, { frames, bytes, elapsedMs, target, sentTwice, mayBeLostBytes, skipped: this.#skipped }),
    );
    if (outcome.kind === "sent") return this.#whole && mayBeLostBytes === 0 ? EXIT.ok : EXIT.failed;
    const { next } = checkpoint;
    const hint = goOnHint(next, progressFile, limit === undefined ? undefined : limit - checkpoint.frames);
    if (outcome.kind === "stopped") {
      runtime.stderr.write(`stopped before frame ${next}: ${hint}\n`);
      return EXIT.interrupted;
    }
    const retries = this.job.settings.retries;
    const attempts = retries === 0 ? "" : ` (${counted(retries, "more attempt")} without progress)`;
    throw new SpillwayError(`${outcome.reason}${attempts}: stopped before frame ${next}`, {
      hint: checkpoint.frames === 0 && sentBefore === plan.first
        ? "nothing has arrived: is the target running, and the address right?"
        : hint,
    });
  }

  async #tick(signal: AbortSignal): Promise<void> {
    let noted = -1;
    while (!signal.aborted) {
      const { checkpoint, bytes, frames } = this.#feed.progress;
      this.#progress.reached(bytes, frames);
      if (checkpoint.next !== noted) this.#note();
      noted = checkpoint.next;
      await systemClock.sleep(TICK_MS, signal);
    }
  }

  /** For the progress file. */
  #note(): void {
    const { before } = this.job;
    const { next, frames, bytes, lastUs } = this.#feed.progress.checkpoint;
    this.#file?.note({
      next,
      frames: before.frames + frames,
      bytes: before.bytes + bytes,
      last_time_us: lastUs ?? before.last_time_us,
      done: this.#isDone,
    });
  }

  #noteGap(gap: ArchiveGap): void {
    if (gap.kind === "removed") return this.#noteRemoved(gap);
    const skipped = this.#skipped;
    if (gap.kind === "damage") {
      skipped.damaged++;
      if (gap.lost !== undefined) skipped.frames += gap.lost.until - gap.lost.from;
    } else {
      skipped.missing++;
      skipped.frames += gap.until - gap.from;
      if (this.job.plan.missing.some(({ until }) => until === gap.until)) return;
    }
    this.#whole = false;
    this.#progress.say(`warning: ${describeLoss(gap)}`);
  }

  /** A long journal goes file by file: side by side they are one range, and one line. */
  #noteRemoved({ from, until }: Range): void {
    if (this.#removed?.until === from) this.#removed = { from: this.#removed.from, until };
    else {
      this.#tellRemoved();
      this.#removed = { from, until };
    }
  }

  #tellRemoved(): void {
    if (this.#removed === undefined) return;
    const { from, until } = this.#removed;
    this.#progress.say(`note: ${frameRange(from, until)}: delivered and removed by the daemon meanwhile`);
    this.#removed = undefined;
  }

  #log(): Log {
    return {
      say: (event, fields = {}) => {
        const { level, message } = EVENTS[event];
        if (level === "debug") return;
        this.#progress.say(escapeControls(`${level === "info" ? "note" : "warning"}: ${message}${fieldsText(fields)}`));
      },
    };
  }
}
