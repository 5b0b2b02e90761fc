/** The last events of the log, the newest first. */
import { element } from "./element.ts";

/** One event as `/events` has it; its route is missing or null where it concerns the whole process. */
export interface Event {
  readonly time: string;
  readonly level: string;
  readonly event?: string | null;
  readonly route?: string | null;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>> | null;
}

const SHOWN = 20;

/** `events` with the newest last. */
export function eventList(events: readonly Event[]): HTMLElement {
  if (events.length === 0) return element("p", "quiet", "none yet");
  return element("ol", "", ...events.slice(-SHOWN).reverse().map(line));
}

function line({ time, level, message, fields }: Event): HTMLElement {
  const stamp = element("time", "", new Date(time).toTimeString().slice(0, 8));
  stamp.dateTime = time;
  const details = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${String(value)}`).join(" ");
  const names = level === "error" ? "bad" : level === "warn" ? "odd" : "";
  return element("li", names, stamp, ` ${level} ${message} `, element("span", "quiet", details));
}
