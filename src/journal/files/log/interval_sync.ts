/** `sync = "interval"`: what was appended is synced a while later, one sync at a time, and never for nothing. */
import { messageOf } from "../../../base/error.ts";
import type { AppendLog } from "./append_log.ts";
import type { DirectoryJournalOptions } from "./options.ts";

export class IntervalSync {
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(private readonly options: DirectoryJournalOptions, private readonly log: AppendLog) {
    this.#running = this.#run();
  }

  /** Resolves once no sync is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.log.appended.notify();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, syncIntervalMs, log } = this.options;
    const { signal } = this.#stopping;
    let failure: string | undefined;
    while (!signal.aborted) {
      if (!this.log.dirty) await this.log.appended.wait();
      await clock.sleep(syncIntervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.log.sync();
        failure = undefined;
      } catch (error) {
        const message = messageOf(error);
        if (message !== failure) log.error("cannot sync the journal", { error: message });
        failure = message;
      }
    }
  }
}
