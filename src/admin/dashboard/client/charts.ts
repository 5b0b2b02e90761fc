/** The charts of the opened route: drawn by uPlot, each with its last and its largest figure in words. */
import uPlot from "uplot";
import { rateWords, sizeWords } from "../../figure_words.ts";
import { element, setText } from "./element.ts";
import { COLUMNS, type Samples } from "./samples.ts";

const HEIGHT = 120;
const SPAN_SECONDS = 300;

interface Line {
  readonly name: string;
  readonly column: number;
  /** A custom property of the style sheet. */
  readonly colour: string;
}

interface Kind {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly words: (value: number) => string;
  /** The least upper end of the scale, so that noise does not look like a mountain. */
  readonly least: number;
}

const KINDS: readonly Kind[] = [
  {
    title: "Rate",
    lines: [
      { name: "in", column: COLUMNS.received, colour: "--line" },
      { name: "out", column: COLUMNS.delivered, colour: "--line-2" },
    ],
    words: rateWords,
    least: 1024,
  },
  { title: "Backlog", lines: [line(COLUMNS.pending)], words: sizeWords, least: 64 * 1024 },
  { title: "Memory", lines: [line(COLUMNS.memory)], words: sizeWords, least: 64 * 1024 },
  { title: "Reading paused", lines: [line(COLUMNS.heldUp)], words: percent, least: 1 },
];

interface Drawn {
  readonly kind: Kind;
  readonly plot: uPlot;
  readonly space: HTMLElement;
  readonly caption: HTMLElement;
}

export class Charts {
  readonly #drawn: readonly Drawn[];
  readonly #resized = new ResizeObserver(() => this.#fit());

  constructor(into: HTMLElement, samples: Samples) {
    this.#drawn = KINDS.map((kind) => draw(kind, into, samples));
    for (const { space } of this.#drawn) this.#resized.observe(space);
    this.update(samples);
  }

  update(samples: Samples): void {
    const now = samples.column(COLUMNS.time).at(-1) ?? 0;
    for (const { kind, plot, space, caption } of this.#drawn) {
      plot.batch(() => {
        plot.setData(dataOf(kind, samples), false);
        plot.setScale("x", { min: now - SPAN_SECONDS, max: now });
        const most = Math.max(kind.least, ...kind.lines.map(({ column }) => samples.most(column)));
        plot.setScale("y", { min: 0, max: most });
      });
      const words = describe(kind, samples);
      setText(caption, words);
      space.setAttribute("aria-label", `${kind.title} over the last 5 minutes: ${words}`);
    }
  }

  close(): void {
    this.#resized.disconnect();
    for (const { plot } of this.#drawn) plot.destroy();
  }

  #fit(): void {
    for (const { plot, space } of this.#drawn) {
      const width = space.clientWidth;
      if (width > 0 && width !== plot.width) plot.setSize({ width, height: HEIGHT });
    }
  }
}

function line(column: number): Line {
  return { name: "", column, colour: "--line" };
}

function draw(kind: Kind, into: HTMLElement, samples: Samples): Drawn {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const caption = element("span", "number");
  const space = element("div", "plot");
  space.setAttribute("role", "img");
  const heading = element("figcaption", "", element("h4", "", kind.title), caption);
  into.append(element("figure", "", heading, space));
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const plot = new uPlot(
    {
      width: Math.max(1, space.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 18, 0, 0],
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: [
        { ...axis, size: 22, values: (_, times) => times.map(clockWords), incrs: [60], space: 40 },
        { ...axis, size: 64, values: (_, values) => values.map((value) => kind.words(value)), splits: halves },
      ],
      series: [
        {},
        ...kind.lines.map((each) => ({ stroke: colour(each.colour), width: 1.5, points: { show: false } })),
      ],
    },
    dataOf(kind, samples),
    space,
  );
  return { kind, plot, space, caption };
}

/** Of a scale: nothing, half, all. */
function halves(_: uPlot, _axis: number, min: number, max: number): number[] {
  return [min, (min + max) / 2, max];
}

function dataOf({ lines }: Kind, samples: Samples): uPlot.AlignedData {
  return [
    samples.column(COLUMNS.time) as number[],
    ...lines.map(({ column }) => samples.column(column) as (number | null)[]),
  ];
}

function describe({ lines, words }: Kind, samples: Samples): string {
  const each = lines.map(({ name, column }) => {
    const now = samples.column(column).at(-1) ?? null;
    return `${name} ${now === null ? "–" : words(now)}`.trim();
  });
  const most = Math.max(...lines.map(({ column }) => samples.most(column)));
  return `${each.join(", ")} (at most ${words(most)})`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function clockWords(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 5);
}
