/**
 * The dashboard: asks the relay each second and shows what it said. It holds
 * nothing but the last answers and the samples of the charts; the opened route
 * stands in the address, so that a link leads to it.
 */
import { durationWords } from "../../figure_words.ts";
import { describeState } from "../../state_words.ts";
import type { RouteStatus, StatusReport } from "../../status.ts";
import { answersOf } from "./answers.ts";
import { Detail } from "./detail.ts";
import { byId, element, setText } from "./element.ts";
import type { Event } from "./events.ts";
import { Overview } from "./overview.ts";
import { poll } from "./poll.ts";
import { sampleOf, Samples } from "./samples.ts";
import { troubleOf, TroubleOrder } from "./trouble.ts";

const SAMPLES = 300;
const FIGURES = 6;
/** Without an answer for this long, in ms, the relay counts as gone. */
const SILENT_MS = 3000;
const LOOK_MS = 500;

const order = new TroubleOrder();
const samples = new Map<string, Samples>();
const overview = new Overview((route) => location.hash = encodeURIComponent(route));
let detail: Detail | undefined;
let last: { readonly report: StatusReport; readonly timeMs: number } | undefined;
let events: readonly Event[] | undefined;
let answeredMs = performance.now();
let isSilent = false;

poll<StatusReport>("/status", (report) => {
  answeredMs = performance.now();
  const timeMs = Date.parse(report.time);
  keepSamples(report, timeMs);
  announceStates(report);
  last = { report, timeMs };
  show();
  tellContact();
});
poll<{ events: readonly Event[] }>("/events", (answer) => {
  events = answer.events;
  show();
});
setInterval(tellContact, LOOK_MS);
addEventListener("hashchange", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  detail?.close(); // charts have their colours from the style sheet when they are made
  detail = undefined;
  show();
});

function show(): void {
  if (last === undefined) return;
  const { report: { routes }, timeMs } = last;
  const byName = new Map(routes.map((status) => [status.route, status]));
  const troubles = routes.map((status) => ({ route: status.route, trouble: troubleOf(status, timeMs) }));
  const trouble = new Map(troubles.map((each) => [each.route, each.trouble]));
  const names = order.sort(troubles, performance.now());
  const opened = openedOf(names);
  showAnswers(routes);
  showProcess(routes[0]);
  overview.show(names.map((name) => ({ status: byName.get(name)!, trouble: trouble.get(name)! })), opened ?? "");
  if (detail !== undefined && detail.route !== opened) {
    detail.close();
    detail = undefined;
  }
  if (opened === undefined) return;
  detail ??= new Detail(opened, samples.get(opened)!);
  detail.show(byName.get(opened)!, trouble.get(opened)!, samples.get(opened)!, events);
}

/** The route in the address; else the one that is open already; else the worst. */
function openedOf(names: readonly string[]): string | undefined {
  const asked = decodeURIComponent(location.hash.slice(1));
  return [asked, detail?.route].find((name) => name !== undefined && names.includes(name)) ?? names[0];
}

function keepSamples({ routes }: StatusReport, timeMs: number): void {
  const before = new Map(last?.report.routes.map((status) => [status.route, status]));
  for (const status of routes) {
    const kept = samples.get(status.route) ?? new Samples(SAMPLES, FIGURES);
    samples.set(status.route, kept);
    const earlier = before.get(status.route);
    kept.push(sampleOf(status, timeMs, earlier && { status: earlier, timeMs: last!.timeMs }));
  }
}

/** A screen reader hears of a state when it becomes another one, not of figures. */
function announceStates({ routes }: StatusReport): void {
  const before = new Map(last?.report.routes.map(({ route, state }) => [route, state]));
  const changed = routes.filter(({ route, state }) => before.has(route) && before.get(route) !== state);
  if (changed.length > 3) announce(`${changed.length} routes have changed their states`);
  else if (changed.length > 0) announce(changed.map((each) => `${each.route}: ${describeState(each)}`).join(". "));
}

function announce(text: string): void {
  byId("announcer").replaceChildren(text);
}

function showAnswers(routes: readonly RouteStatus[]): void {
  const into = byId("answers");
  const made = answersOf(routes).map(({ question, answer, because, mood }) =>
    element("div", mood, element("dt", "", question), element("dd", "answer", answer), element("dd", "quiet", because))
  );
  if (made.some((each, i) => !each.isEqualNode(into.children[i] ?? null))) into.replaceChildren(...made);
}

function showProcess(route: RouteStatus | undefined): void {
  const { version = null, pid = null, uptime_seconds: uptime = null, event_loop_lag_seconds: lag = null } = route ?? {};
  const parts = [
    ...version === null ? [] : [version],
    ...pid === null ? [] : [`pid ${pid}`],
    ...uptime === null ? [] : [`up ${durationWords(uptime)}`],
    ...lag === null ? [] : [`loop lag ${Math.round(lag * 1000)} ms`],
  ];
  setText(byId("process"), parts.join(" · "));
}

function tellContact(): void {
  const silentMs = performance.now() - answeredMs;
  const wasSilent = isSilent;
  isSilent = silentMs >= SILENT_MS;
  document.body.classList.toggle("silent", isSilent);
  const words = `no answer from the relay for ${durationWords(Math.floor(silentMs / 1000))}`;
  if (isSilent || last !== undefined) setText(byId("contact"), isSilent ? words : "live");
  document.title = isSilent ? "? Spillway" : "Spillway";
  if (isSilent && !wasSilent) announce("No answer from the relay. The figures are the last that it gave.");
  if (!isSilent && wasSilent) announce("The relay answers again.");
}
