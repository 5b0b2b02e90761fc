/**
 * A picture of ratios: horizontal bars in groups, with a line at 1.0. One SVG that
 * refers to nothing outside of it, in light or dark colours as the reader's system is.
 */

export interface Bar {
  readonly label: string;
  readonly ratio: number;
  /** What stands behind the bar's number: the figure itself. */
  readonly text: string;
  readonly ours: boolean;
}

export interface Group {
  readonly title: string;
  /** What 1.0 is in this group. */
  readonly note: string;
  readonly better: "more" | "less";
  readonly bars: readonly Bar[];
}

export interface Chart {
  readonly title: string;
  readonly better: keyof typeof DIRECTIONS;
  readonly groups: readonly Group[];
}

const DIRECTIONS = {
  more: "longer is better",
  less: "shorter is better",
  mixed: "longer is better for rates, shorter for times",
} as const;

const WIDTH = 800;
const MARGIN = 16;
const LABELS_WIDTH = 270;
const TEXT_WIDTH = 150;
const BARS_LEFT = MARGIN + LABELS_WIDTH + 8;
const BARS_WIDTH = WIDTH - BARS_LEFT - TEXT_WIDTH - MARGIN;
const HEAD_HEIGHT = 58;
const GROUP_HEIGHT = 30;
const BAR_HEIGHT = 22;
/** A longer bar is cut and says so: else one of them would make all others too short to compare. */
const RATIO_MAX = 3;
const RATIO_MIN = 1.25;

const STYLE = `
  .ground { fill: #ffffff; } .ink { fill: #1f2328; } .dim { fill: #59636e; }
  .ours { fill: #0969da; } .peer { fill: #afb8c1; } .one { stroke: #bc4c00; } .one-text { fill: #bc4c00; }
  .cut { stroke: #ffffff; }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
  .title { font-size: 16px; font-weight: 600; } .group { font-weight: 600; } .small { font-size: 12px; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } .ink { fill: #f0f6fc; } .dim { fill: #9198a1; }
    .ours { fill: #4493f8; } .peer { fill: #4b535d; } .one { stroke: #f0883e; } .one-text { fill: #f0883e; }
    .cut { stroke: #0d1117; }
  }
`;

/** The text of an SVG file, 800 px wide and as high as its bars need. */
export function drawBars(chart: Chart): string {
  const longest = Math.max(...chart.groups.flatMap(({ bars }) => bars.map(({ ratio }) => ratio)));
  const scale = BARS_WIDTH / Math.min(Math.max(longest, RATIO_MIN), RATIO_MAX);
  const one = BARS_LEFT + scale;
  const lines: string[] = [];
  let y = HEAD_HEIGHT;
  for (const group of chart.groups) {
    lines.push(
      text(MARGIN, y + 19, "ink group", group.title),
      text(WIDTH - MARGIN, y + 19, "dim small", group.note, "end"),
    );
    const top = y + GROUP_HEIGHT;
    group.bars.forEach((bar, i) => lines.push(...drawBar(bar, top + i * BAR_HEIGHT, scale)));
    y = top + group.bars.length * BAR_HEIGHT;
    // Not across the groups' titles.
    lines.push(`<line class="one" x1="${px(one)}" y1="${top}" x2="${px(one)}" y2="${y}" stroke-width="1.5"/>`);
  }
  const height = y + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(chart.title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>`,
    text(MARGIN, 28, "ink title", chart.title),
    text(MARGIN, 48, "dim small", DIRECTIONS[chart.better]),
    ...lines,
    text(one, 48, "one-text small", "1.0", "middle"),
    "</svg>",
    "",
  ].join("\n");
}

function drawBar({ label, ratio, text: figure, ours }: Bar, y: number, scale: number): string[] {
  const length = Math.min(ratio, RATIO_MAX) * scale;
  const end = BARS_LEFT + length;
  const kind = ours ? "ours" : "peer";
  const cut = ratio > RATIO_MAX
    ? [`<path class="cut" d="M${px(end - 14)} ${y + 18}l6 -14m4 0l-6 14" stroke-width="2" fill="none"/>`]
    : [];
  return [
    text(MARGIN + LABELS_WIDTH, y + 15, ours ? "ink" : "dim", label, "end"),
    `<rect class="${kind}" x="${BARS_LEFT}" y="${y + 4}" width="${px(Math.max(length, 1))}" height="14" rx="2"/>`,
    ...cut,
    text(BARS_LEFT + BARS_WIDTH + 10, y + 15, ours ? "ink" : "dim", `${ratio.toFixed(2)} · ${figure}`),
  ];
}

function text(x: number, y: number, style: string, content: string, anchor = "start"): string {
  return `<text class="${style}" x="${px(x)}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function px(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
