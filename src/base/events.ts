/**
 * Every event that the daemon logs: its name, which programs may rely on, its
 * level and its words. A line of the log can be of no other event.
 */
import { JOURNAL_EVENTS } from "./events/journal.ts";
import type { EventKind } from "./events/kind.ts";
import { PROCESS_EVENTS } from "./events/process.ts";
import { SOURCE_EVENTS } from "./events/source.ts";
import { TARGET_EVENTS } from "./events/target.ts";

const ALL = { ...PROCESS_EVENTS, ...SOURCE_EVENTS, ...TARGET_EVENTS, ...JOURNAL_EVENTS };

export type EventName = keyof typeof ALL;

export const EVENTS: Readonly<Record<EventName, EventKind>> = ALL;
