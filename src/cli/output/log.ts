/**
 * The daemon's log: a line per event on standard error, as text or as JSON.
 *
 * Writing never blocks, never throws and never queues without bound; that is
 * the promise of `runtime.stderr`. Texts of peers are part of log lines, so
 * control characters are escaped.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import type { LogSettings } from "../../config/config.ts";
import { escapeControls } from "./control_characters.ts";

export interface LogTarget {
  write(text: string): void;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const COLOURS: Readonly<Record<LogLevel, string>> = { debug: "2", info: "32", warn: "33", error: "31" };

/** Makes the log of a route (or of whatever else `subject` names). */
export function createLogs(
  settings: LogSettings,
  options: { readonly target: LogTarget; readonly clock: Clock; readonly colour: boolean },
): (subject: string) => Log {
  const lowest = LEVELS.indexOf(settings.level);
  const format = settings.format === "json" ? jsonLine : options.colour ? colouredLine : textLine;
  return (subject) => {
    const at = (level: LogLevel) => {
      if (LEVELS.indexOf(level) < lowest) return () => {};
      return (message: string, fields?: LogFields) => {
        const time = new Date(options.clock.wallUs() / 1000).toISOString();
        options.target.write(format({ time, level, subject, message, fields: fields ?? {} }) + "\n");
      };
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  };
}

interface Entry {
  readonly time: string;
  readonly level: LogLevel;
  readonly subject: string;
  readonly message: string;
  readonly fields: LogFields;
}

function textLine({ time, level, subject, message, fields }: Entry): string {
  return escapeControls(`${time} ${level} ${subject}: ${message}${fieldsText(fields)}`);
}

function colouredLine({ time, level, subject, message, fields }: Entry): string {
  const rest = escapeControls(`${subject}: ${message}`);
  return `\x1b[2m${time}\x1b[0m \x1b[${COLOURS[level]}m${level}\x1b[0m ${rest}\x1b[2m${
    escapeControls(fieldsText(fields))
  }\x1b[0m`;
}

function jsonLine({ time, level, subject, message, fields }: Entry): string {
  // No field can take the place of what every line has.
  const named = Object.fromEntries(Object.entries(fields).filter(([key]) => !RESERVED.has(key)));
  return JSON.stringify({ time, level, route: subject, message, ...named });
}

const RESERVED = new Set(["time", "level", "route", "message"]);

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
