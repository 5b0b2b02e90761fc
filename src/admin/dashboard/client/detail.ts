/** One route in full: its state in words, charts, books, what was lost, how long delivery takes. */
import { countWords, durationWords, latencyWords, sizeWords } from "../../figure_words.ts";
import { describeState } from "../../state_words.ts";
import type { RouteStatus } from "../../status.ts";
import { Charts } from "./charts.ts";
import { byId, element, setText } from "./element.ts";
import { type Event, eventList } from "./events.ts";
import type { Samples } from "./samples.ts";
import { isHeldUp, lossesOf, type Trouble } from "./trouble.ts";

type Rows = readonly (readonly string[])[];

export class Detail {
  readonly #section = byId("detail");
  readonly #state = element("p", "state");
  readonly #books = element("tbody", "");
  readonly #alarms = element("div", "alarms");
  readonly #facts = element("dl", "facts");
  readonly #events = element("div", "events");
  readonly #charts: Charts;

  constructor(readonly route: string, samples: Samples) {
    const heading = element("h2", "", route);
    heading.id = "detail-heading";
    const plots = element("div", "charts");
    const head = element("thead", "", tableRow("th", ["", "frames", "bytes"]));
    const books = element("table", "books", element("caption", "unseen", "Frames and bytes"), head, this.#books);
    this.#section.replaceChildren(
      element("div", "title", heading, this.#state),
      this.#alarms,
      plots,
      element(
        "div",
        "columns",
        element("section", "", element("h3", "", "Books"), books),
        element("section", "", element("h3", "", "Connections and time"), this.#facts),
      ),
      this.#events,
    );
    this.#section.hidden = false;
    this.#charts = new Charts(plots, samples);
  }

  show(status: RouteStatus, trouble: Trouble, samples: Samples, events: readonly Event[] | undefined): void {
    this.#section.dataset.trouble = String(trouble);
    setText(this.#state, describeState(status));
    replaceIfOther(this.#books, booksOf(status).map((cells) => tableRow("td", cells)));
    replaceIfOther(this.#alarms, alarmLines(status).map((text) => element("p", "bad", text)));
    replaceIfOther(this.#facts, factsOf(status).map(([name, value]) => fact(name, value)));
    const own = events?.filter(({ route }) => route === undefined || route === null || route === this.route);
    replaceIfOther(this.#events, own === undefined ? [] : [element("h3", "", "Last events"), eventList(own)]);
    this.#charts.update(samples);
  }

  close(): void {
    this.#charts.close();
    this.#section.replaceChildren();
    this.#section.hidden = true;
  }
}

/** Received and carried over on one side, where it went on the other. */
function booksOf(status: RouteStatus): Rows {
  const dropped = Object.entries(status.dropped ?? {}).filter(([, { frames, bytes }]) => frames > 0 || bytes > 0);
  const row = (name: string, frames: number | null, bytes: number | null) => [
    name,
    countWords(frames),
    countWords(bytes),
  ];
  return [
    row("carried over", status.carried_frames, status.carried_bytes),
    row("+ received", status.received_frames, status.received_bytes),
    row("= delivered", status.delivered_frames, status.delivered_bytes),
    row("+ pending", status.pending_frames, status.pending_bytes),
    row("+ dropped", status.dropped_frames, status.dropped_bytes),
    ...dropped.map(([reason, { frames, bytes }]) => row(`of it: ${reason}`, frames, bytes)),
  ];
}

function alarmLines(status: RouteStatus): string[] {
  const held = isHeldUp(status)
    ? [`a producer is held up for ${durationWords(status.source_held_up_seconds ?? 0)}`]
    : [];
  const lost = lossesOf(status).map(([reason, { frames, bytes }]) =>
    `dropped (${reason}): ${countWords(frames)} whole frames, ${sizeWords(bytes)}`
  );
  const perhaps = status.may_be_lost_bytes ?? 0;
  if (perhaps > 0) lost.push(`may be lost: ${sizeWords(perhaps)} that consumers had when their connections ended`);
  return [...held, ...lost];
}

function factsOf(status: RouteStatus): [string, string][] {
  const held = status.source_held_up_seconds;
  const known = (value: number | null, words: (value: number) => string) => value === null ? "–" : words(value);
  return [
    [
      "Delivery takes",
      `${latencyWords(status.delivery_seconds_50)}, 99 %: ${latencyWords(status.delivery_seconds_99)}`,
    ],
    ["Oldest pending", known(status.oldest_pending_seconds, durationWords)],
    ["Producers", `${countWords(status.source_connections)} connected on ${status.source ?? "–"}`],
    ["Producer held up", held === null ? "no" : `${durationWords(held)}: ${status.source_held_up_reason ?? ""}`],
    ["Unread in the kernel", known(status.source_recv_queue_bytes, sizeWords)],
    ["Consumer", status.target_peer ?? `none, target ${status.target ?? "–"}`],
    ["Sent, not confirmed", known(status.target_inflight_bytes, sizeWords)],
    ["Consumer's window closed", known(status.target_window_limited_seconds, durationWords)],
    ["Memory", `${known(status.memory_bytes, sizeWords)} of ${known(status.memory_max_bytes, sizeWords)}`],
    ["Journal", `${sizeWords(status.journal_bytes)}, ${countWords(status.journal_segments)} segments`],
    ["At risk in a crash", known(status.at_risk_bytes, sizeWords)],
    ["Set aside", known(status.quarantined_bytes, sizeWords)],
  ];
}

function fact(name: string, value: string): HTMLElement {
  return element("div", "", element("dt", "", name), element("dd", "", value));
}

function tableRow(tag: "td" | "th", [name, ...cells]: readonly string[]): HTMLTableRowElement {
  const heading = element("th", "", name);
  heading.scope = tag === "th" ? "col" : "row";
  return element("tr", "", heading, ...cells.map((text) => element(tag, "number", text)));
}

/** A selection in what stays the same is kept. */
function replaceIfOther(of: HTMLElement, children: readonly HTMLElement[]): void {
  const isSame = of.children.length === children.length &&
    children.every((each, i) => each.isEqualNode(of.children[i]));
  if (!isSame) of.replaceChildren(...children);
}
