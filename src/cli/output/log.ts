/**
 * The daemon's log: a line per event on standard error, as text or as JSON.
 *
 * Writing never blocks, never throws and never queues without bound; that is
 * the promise of `runtime.stderr`. Texts of peers are part of log lines, so
 * control characters are escaped.
 */
import type { Clock } from "../../base/clock.ts";
import { EVENTS } from "../../base/events.ts";
import { RecentEvents } from "../../base/recent_events.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import type { LogSettings } from "../../config/config.ts";
import { escapeControls } from "./control_characters.ts";
import { type LogEntry, RepeatCounter } from "./repeats.ts";

export interface LogTarget {
  write(text: string): void;
}

export interface LogOptions {
  readonly target: LogTarget;
  readonly clock: Clock;
  readonly colour: boolean;
  /** Is what is printed read by journald, which takes a level before each line (sd-daemon(3))? */
  readonly isJournal: boolean;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const COLOURS: Readonly<Record<LogLevel, string>> = { debug: "2", info: "32", warn: "33", error: "31" };
const PRIORITIES: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** The log of a whole process. */
export class ProcessLog {
  /** What was printed last, whatever its level. */
  readonly recent = new RecentEvents();
  readonly #repeats: RepeatCounter | undefined;

  constructor(private readonly settings: LogSettings, private readonly options: LogOptions) {
    // At `debug` every event is a line: somebody looks for something.
    if (settings.level !== "debug") this.#repeats = new RepeatCounter(options.clock, (entry) => this.#print(entry));
  }

  /** The log of a route, or of whatever else `subject` names. */
  readonly of = (subject: string): Log => ({
    say: (event, fields = {}) => {
      if (LEVELS.indexOf(EVENTS[event].level) < LEVELS.indexOf(this.settings.level)) return;
      const entry = { event, subject, fields };
      if (this.#repeats === undefined) this.#print(entry);
      else this.#repeats.say(entry);
    },
  });

  /** Prints what has been counted so far. */
  flush(): void {
    this.#repeats?.flush();
  }

  #print(entry: LogEntry): void {
    const { clock, target, colour, isJournal } = this.options;
    const { event, subject, fields, repeats } = entry;
    const { level, message } = EVENTS[event];
    const time = new Date(clock.wallUs() / 1000).toISOString();
    this.recent.note({ time, level, event, route: subject, message, fields: { ...countsOf(repeats), ...fields } });
    const line = lineOf(entry, time, this.settings.format, colour);
    target.write(`${isJournal ? `<${PRIORITIES[level]}>` : ""}${line}\n`);
  }
}

function lineOf(entry: LogEntry, time: string, format: "text" | "json", colour: boolean): string {
  const { event, subject, fields, repeats } = entry;
  const { level, message } = EVENTS[event];
  if (format === "json") {
    // No field can take the place of what every line has.
    const named = Object.fromEntries(Object.entries(fields).filter(([key]) => !RESERVED.has(key)));
    return JSON.stringify({ time, level, route: subject, message, event, ...countsOf(repeats), ...named });
  }
  const rest = escapeControls(fieldsText({ event, ...fields }));
  const what = escapeControls(`${subject}: ${message}`);
  const times = repeats === undefined ? "" : `, ${repeats.times} times more in ${repeats.seconds} s`;
  if (!colour) return `${time} ${level} ${what}${times}${rest}`;
  return `\x1b[2m${time}\x1b[0m \x1b[${COLOURS[level]}m${level}\x1b[0m ${what}${times}\x1b[2m${rest}\x1b[0m`;
}

function countsOf(repeats: LogEntry["repeats"]): LogFields {
  return repeats === undefined ? {} : { times: repeats.times, in_seconds: repeats.seconds };
}

const RESERVED = new Set(["time", "level", "route", "message", "event", "times", "in_seconds"]);

/** ` key=value` of each. */
export function fieldsText(fields: LogFields): string {
  let text = "";
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${key}=${typeof value === "string" ? quoteIfNeeded(value) : value}`;
  }
  return text;
}

/** A value that could be taken for more than one is quoted. */
function quoteIfNeeded(value: string): string {
  return value === "" || /[\s"=]/.test(value) ? JSON.stringify(value) : value;
}
