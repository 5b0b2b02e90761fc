/**
 * Progress of long work on standard error: a bar with rate and remaining time on
 * a terminal, a plain line every 10 s elsewhere.
 */
import process from "node:process";
import { isatty } from "node:tty";
import type { Clock } from "../../base/clock.ts";
import { formatDuration, formatSize } from "../../base/quantity.ts";
import { counted } from "../../base/range_text.ts";
import type { Stderr } from "../../runtime/output.ts";

const BAR_CELLS = 30;
/** Where there is no room for a bar of this length, the figures alone are shown. */
const BAR_CELLS_MIN = 8;
const BAR_MS = 100;
const LINE_MS = 10_000;
/** Moves to the beginning of the line and erases it. */
const CLEAR = "\r\x1b[K";

export class Progress {
  readonly #startMs: number;
  readonly #terminal = isatty(2);
  #shownMs: number;
  #done = 0;
  #frames: number | undefined;
  #drawn = false;

  /** `verb` is what happens to the `totalBytes` bytes: `checked`. */
  constructor(
    private readonly stderr: Stderr,
    private readonly clock: Clock,
    private readonly verb: string,
    private readonly totalBytes: number,
  ) {
    this.#startMs = this.#shownMs = clock.monotonicMs();
  }

  /** `bytes` in all are done, and `frames` if those are to be shown; draws if it is time. */
  reached(bytes: number, frames?: number): void {
    this.#done = bytes;
    this.#frames = frames;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#shownMs < (this.#terminal ? BAR_MS : LINE_MS)) return;
    this.#shownMs = nowMs;
    if (this.#terminal) {
      this.stderr.write(`${CLEAR}${barLine(this.#share, this.#figures(nowMs), columnsOf(process.stderr))}`);
    } else this.stderr.write(`${this.#figures(nowMs)}\n`);
    this.#drawn = true;
  }

  /** A line of its own above the bar. */
  say(line: string): void {
    this.stderr.write(`${this.#clear()}${line}\n`);
  }

  /** Takes the bar away. */
  finish(): void {
    const clear = this.#clear();
    if (clear !== "") this.stderr.write(clear);
  }

  #clear(): string {
    const clear = this.#terminal && this.#drawn ? CLEAR : "";
    this.#drawn = false;
    return clear;
  }

  get #share(): number {
    return this.totalBytes === 0 ? 1 : Math.min(1, this.#done / this.totalBytes);
  }

  #figures(nowMs: number): string {
    const rate = this.#done / Math.max(1, nowMs - this.#startMs) * 1000;
    const left = rate > 0 ? formatDuration(Math.max(0, this.totalBytes - this.#done) / rate * 1000) : "?";
    const frames = this.#frames === undefined ? "" : `${counted(this.#frames, "frame")}, `;
    const of = `${frames}${formatSize(this.#done)} of ${formatSize(this.totalBytes)} ${this.verb}`;
    return `${Math.floor(this.#share * 100)}%  ${of}, ${formatSize(rate)}/s, ${left} left`;
  }
}

/** What fits a line of the terminal: one that wraps is not erased, and the next one scrolls it up. */
export function barLine(share: number, figures: string, columns: number): string {
  // Some terminals wrap at their last column, and Ctrl-C writes ^C behind what is there.
  const width = columns - 3;
  const length = Math.min(BAR_CELLS, width - figures.length - "[] ".length);
  if (length < BAR_CELLS_MIN) return figures.slice(0, width);
  const cells = Math.round(length * share);
  return `[${"#".repeat(cells)}${".".repeat(length - cells)}] ${figures}`;
}

/** 80 where the terminal does not tell. */
function columnsOf({ columns }: { readonly columns?: number }): number {
  return columns || 80;
}
