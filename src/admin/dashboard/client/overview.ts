/** The list of all routes, the worst first, with a filter. A row keeps its elements while it lives: no flicker, no lost focus. */
import { rateWords, sizeWords } from "../../figure_words.ts";
import { describeState } from "../../state_words.ts";
import type { RouteStatus } from "../../status.ts";
import { byId, element, setText } from "./element.ts";
import { lostBytes, type Trouble } from "./trouble.ts";

interface Row {
  readonly row: HTMLTableRowElement;
  readonly name: HTMLButtonElement;
  readonly cells: readonly HTMLElement[];
}

export interface Listed {
  readonly status: RouteStatus;
  readonly trouble: Trouble;
}

export class Overview {
  readonly #rows = new Map<string, Row>();
  readonly #body = byId("rows");
  readonly #filter = byId("filter") as HTMLInputElement;
  #last: { routes: readonly Listed[]; opened: string } = { routes: [], opened: "" };

  /** `open` is called with the name of a route that was chosen. */
  constructor(private readonly open: (route: string) => void) {
    this.#filter.addEventListener("input", () => this.show(this.#last.routes, this.#last.opened));
  }

  /** `routes` in their order; a list of one is not shown. */
  show(routes: readonly Listed[], opened: string): void {
    this.#last = { routes, opened };
    byId("overview").hidden = routes.length < 2;
    const wanted = this.#filter.value.trim().toLowerCase();
    const shown = routes.filter(({ status }) =>
      `${status.route} ${describeState(status)}`.toLowerCase().includes(wanted)
    );
    setText(byId("shown"), shown.length === routes.length ? `${routes.length}` : `${shown.length} of ${routes.length}`);
    const rows = shown.map((listed) => this.#update(listed, opened));
    this.#forget(new Set(shown.map(({ status }) => status.route)));
    this.#arrange(rows);
  }

  #update({ status, trouble }: Listed, opened: string): HTMLTableRowElement {
    const { row, name, cells } = this.#rows.get(status.route) ?? this.#add(status.route);
    const lost = lostBytes(status) + (status.may_be_lost_bytes ?? 0);
    const texts = [
      describeState(status),
      rateWords(status.received_bytes_per_second),
      rateWords(status.delivered_bytes_per_second),
      status.pending_bytes === 0 ? "–" : sizeWords(status.pending_bytes),
      lost === 0 ? "–" : sizeWords(lost),
    ];
    texts.forEach((text, i) => setText(cells[i], text));
    cells[4].classList.toggle("bad", lost > 0);
    row.dataset.trouble = String(trouble);
    const isOpened = status.route === opened;
    row.classList.toggle("opened", isOpened);
    name.setAttribute("aria-pressed", String(isOpened));
    return row;
  }

  #add(route: string): Row {
    const name = element("button", "", route);
    name.type = "button";
    const heading = element("th", "", name);
    heading.scope = "row";
    const cells = ["state", "number", "number", "number", "number"].map((names) => element("td", names));
    const row = element("tr", "", heading, ...cells);
    row.addEventListener("click", () => this.open(route));
    const made = { row, name, cells };
    this.#rows.set(route, made);
    return made;
  }

  #forget(shown: ReadonlySet<string>): void {
    for (const [route, { row }] of this.#rows) {
      if (shown.has(route)) continue;
      row.remove();
      this.#rows.delete(route);
    }
  }

  /** Moves only if the order is another one, and gives the focus back, which a moved element loses. */
  #arrange(rows: readonly HTMLTableRowElement[]): void {
    if (rows.length === this.#body.children.length && rows.every((row, i) => row === this.#body.children[i])) return;
    const focused = document.activeElement;
    this.#body.replaceChildren(...rows);
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus({ preventScroll: true });
  }
}
