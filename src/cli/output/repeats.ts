/**
 * Counts events that repeat, so that one that comes a thousand times a minute
 * makes two lines: the first, and after a minute how many more there were. Where
 * they go on, the next such line comes after two minutes, and so on, up to an
 * hour. What must not be missed is added up in these lines.
 */
import type { Clock } from "../../base/clock.ts";
import { type EventName, EVENTS } from "../../base/events.ts";
import type { LogFields } from "../../base/log.ts";

/** An event as it is printed. */
export interface LogEntry {
  readonly event: EventName;
  readonly subject: string;
  readonly fields: LogFields;
  /** Where it stands for several: how many, within how many seconds. */
  readonly repeats?: { readonly times: number; readonly seconds: number };
}

/** Events of one kind within this time, in ms, are counted; then, as long as they come, within twice the time before. */
const WINDOW_MS = 60_000;
const WINDOW_MS_MAX = 3_600_000;

/** So many kinds are counted at once at most; further ones are printed as they come. */
const KINDS_MAX = 1000;

interface Counted {
  /** What is printed in the end: the last one, with the sums of all. */
  entry: LogEntry;
  times: number;
  readonly sinceMs: number;
  readonly windowMs: number;
}

export class RepeatCounter {
  readonly #counted = new Map<string, Counted>();
  #ticking = false;

  constructor(
    private readonly clock: Pick<Clock, "monotonicMs" | "sleep">,
    private readonly print: (entry: LogEntry) => void,
  ) {}

  say(entry: LogEntry): void {
    if (EVENTS[entry.event].repeats === "each") return this.print(entry);
    // A reason that changes is news, an address or a figure is not.
    const { reason, why } = entry.fields;
    const key = JSON.stringify([entry.subject, entry.event, reason, why]);
    const counted = this.#counted.get(key);
    if (counted === undefined) {
      this.print(entry);
      if (this.#counted.size >= KINDS_MAX) return;
      this.#counted.set(key, {
        entry: { ...entry, fields: {} },
        times: 0,
        sinceMs: this.clock.monotonicMs(),
        windowMs: WINDOW_MS,
      });
      if (!this.#ticking) void this.#tick();
      return;
    }
    counted.times++;
    counted.entry = { ...entry, fields: added(counted.entry, entry) };
  }

  /** Prints all that was counted, and begins anew. */
  flush(): void {
    for (const key of [...this.#counted.keys()]) this.#end(key);
  }

  /** Runs while something is counted. */
  async #tick(): Promise<void> {
    this.#ticking = true;
    while (this.#counted.size > 0) {
      const dueMs = Math.min(...[...this.#counted.values()].map(({ sinceMs, windowMs }) => sinceMs + windowMs));
      await this.clock.sleep(Math.max(0, dueMs - this.clock.monotonicMs()));
      const nowMs = this.clock.monotonicMs();
      for (const [key, { sinceMs, windowMs }] of this.#counted) if (sinceMs + windowMs <= nowMs) this.#end(key);
    }
    this.#ticking = false;
  }

  /** An event that has come again is counted on; one that has not is news when it comes. */
  #end(key: string): void {
    const { entry, times, sinceMs, windowMs } = this.#counted.get(key)!;
    this.#counted.delete(key);
    if (times === 0) return;
    const nowMs = this.clock.monotonicMs();
    this.print({ ...entry, repeats: { times, seconds: Math.round((nowMs - sinceMs) / 1000) } });
    this.#counted.set(key, {
      entry: { ...entry, fields: {} },
      times: 0,
      sinceMs: nowMs,
      windowMs: Math.min(windowMs * 2, WINDOW_MS_MAX),
    });
  }
}

/** The fields of the newest entry, with those of amounts added to what was counted before. */
function added({ fields: before, event }: LogEntry, { fields }: LogEntry): LogFields {
  const sums: Record<string, number> = {};
  for (const name of EVENTS[event].sums ?? []) {
    const [sum, more] = [before[name], fields[name]];
    if (typeof sum === "number" || typeof more === "number") sums[name] = Number(sum ?? 0) + Number(more ?? 0);
  }
  return { ...fields, ...sums };
}
