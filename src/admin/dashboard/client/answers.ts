/** The three answers at the top: is a producer held up, how far behind is the consumer, is anything lost. */
import { countWords, durationWords, rateWords, sizeWords } from "../../figure_words.ts";
import type { RouteStatus } from "../../status.ts";
import { isHeldUp, lossesOf, lostBytes } from "./trouble.ts";

export interface Answer {
  readonly question: string;
  readonly answer: string;
  /** The figures behind it. */
  readonly because: string;
  /** `bad`: act now; `odd`: worth a look; `fine`. */
  readonly mood: "bad" | "odd" | "fine";
}

/** Of all routes together. */
export function answersOf(routes: readonly RouteStatus[]): Answer[] {
  return [producers(routes), consumers(routes), losses(routes)];
}

function producers(routes: readonly RouteStatus[]): Answer {
  const held = routes.filter(isHeldUp);
  const longest = Math.max(0, ...held.map((route) => route.source_held_up_seconds ?? 0));
  const rate = sum(routes, (route) => route.received_bytes_per_second);
  const connected = sum(routes, (route) => route.source_connections);
  return {
    question: "Producers held up?",
    answer: held.length === 0 ? "No" : `Yes, for ${durationWords(longest)}`,
    because: held.length === 0
      ? `${countWords(connected)} connected, ${rateWords(rate)} in`
      : `${named(held)}: ${held[0].source_held_up_reason ?? "memory is full"}`,
    mood: held.length === 0 ? "fine" : "bad",
  };
}

function consumers(routes: readonly RouteStatus[]): Answer {
  const pending = sum(routes, (route) => route.pending_bytes);
  const oldest = Math.max(0, ...routes.map((route) => route.oldest_pending_seconds ?? 0));
  const away = routes.filter((route) => !route.target_up);
  const isBehind = oldest >= 1;
  return {
    question: "Consumers behind?",
    answer: isBehind ? `${sizeWords(pending)}, ${durationWords(oldest)}` : "No",
    because: away.length > 0
      ? `no consumer: ${named(away)}`
      : `${rateWords(sum(routes, (route) => route.delivered_bytes_per_second))} out`,
    mood: isBehind || away.length > 0 ? "odd" : "fine",
  };
}

function losses(routes: readonly RouteStatus[]): Answer {
  const lost = sum(routes, lostBytes);
  const frames = sum(routes, (route) => lossesOf(route).reduce((all, [, count]) => all + count.frames, 0));
  const perhaps = sum(routes, (route) => route.may_be_lost_bytes);
  const concerned = routes.filter((route) => lostBytes(route) > 0 || (route.may_be_lost_bytes ?? 0) > 0);
  const facts = [
    ...lost > 0 ? [`${countWords(frames)} whole frames dropped`] : [],
    ...perhaps > 0 ? [`${sizeWords(perhaps)} may be lost`] : [],
  ];
  return {
    question: "Anything lost?",
    answer: lost > 0 ? sizeWords(lost) : perhaps > 0 ? "Perhaps" : "No",
    because: facts.length === 0 ? "since the relay started" : `${named(concerned)}: ${facts.join(", ")}`,
    mood: lost > 0 || perhaps > 0 ? "bad" : "fine",
  };
}

function named(routes: readonly RouteStatus[]): string {
  return routes.length === 1 ? routes[0].route : `${routes[0].route} and ${routes.length - 1} more`;
}

function sum(routes: readonly RouteStatus[], of: (route: RouteStatus) => number | null): number {
  return routes.reduce((total, route) => total + (of(route) ?? 0), 0);
}
