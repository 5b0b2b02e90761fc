/** `status --watch`: again every second, on a terminal in place, elsewhere one block after the other. */
import process from "node:process";
import { isatty } from "node:tty";
import type { StatusReport } from "../../../admin/status.ts";
import type { Clock } from "../../../base/clock.ts";
import { EXIT, messageOf } from "../../../base/error.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { isUtf8 } from "../../output/terminal.ts";
import type { Collected } from "./collect.ts";
import { screenOf } from "./screen.ts";
import { ASCII_BARS, UNICODE_BARS } from "./sparkline.ts";
import { tableOf } from "./table.ts";

const INTERVAL_MS = 1000;
/** How often the terminal's size is read, in ms. */
const RESIZE_MS = 100;
/** How many values are kept of each route: as many as the widest terminal shows. */
const HISTORY_MAX = 1000;

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";

export interface WatchOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly json: boolean;
  readonly collect: () => Promise<Collected>;
  /** Says on standard error why a route's state cannot be read, and what no route delivers. */
  readonly complain: (looked: Collected) => void;
}

/**
 * Runs until SIGINT or SIGTERM, and returns 0. A second signal does not wait for a
 * terminal that is stopped.
 */
export async function watch(options: WatchOptions): Promise<number> {
  const over = new AbortController();
  const now = new AbortController();
  const stop = () => over.signal.aborted ? now.abort() : over.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) options.runtime.onSignal(signal, stop);
  const showing = isatty(1) && !options.json ? onTerminal(options, over.signal) : inBlocks(options, over.signal);
  await unlessOver(showing, now.signal);
  return EXIT.ok;
}

/** The result of `work`; undefined if `over` is aborted first: a daemon may be slow, and the output may not be read. */
async function unlessOver<T>(work: Promise<T>, over: AbortSignal): Promise<T | undefined> {
  const done = new AbortController();
  const ended = new Promise<undefined>((resolve) => {
    if (over.aborted) resolve(undefined);
    over.addEventListener("abort", () => resolve(undefined), { signal: done.signal });
  });
  return await Promise.race([work, ended]).finally(() => done.abort());
}

async function inBlocks({ runtime, clock, json, collect, complain }: WatchOptions, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const nextMs = clock.monotonicMs() + INTERVAL_MS;
    const looked = await unlessOver(collect(), over);
    if (looked === undefined) return;
    const { report } = looked;
    complain(looked);
    await unlessOver(runtime.stdout.write(json ? `${JSON.stringify(report)}\n` : blockOf(report)), over);
    await clock.sleep(Math.max(0, nextMs - clock.monotonicMs()), over);
  }
}

function blockOf(report: StatusReport): string {
  return `${report.time}\n${tableOf(report).join("\n")}\n\n`;
}

async function onTerminal({ runtime, clock, collect, complain }: WatchOptions, over: AbortSignal): Promise<void> {
  const history = new Map<string, number[]>();
  const look = { colour: !runtime.env("NO_COLOR"), bars: isUtf8(runtime) ? UNICODE_BARS : ASCII_BARS };
  let last: Collected | undefined;
  let size = { columns: 0, rows: 0 };
  const draw = async ({ report, failures }: Collected) => {
    size = terminalSize();
    const lines = screenOf(report, history, { ...size, ...look }, failures.map(messageOf));
    const picture = `\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`;
    await unlessOver(runtime.stdout.write(picture), over);
  };
  await runtime.stdout.write(ENTER);
  try {
    while (!over.aborted) {
      const nextMs = clock.monotonicMs() + INTERVAL_MS;
      last = await unlessOver(collect(), over) ?? last;
      if (last === undefined || over.aborted) break;
      remember(history, last.report);
      await draw(last);
      while (!over.aborted && clock.monotonicMs() < nextMs) {
        await clock.sleep(Math.min(RESIZE_MS, nextMs - clock.monotonicMs()), over);
        const now = terminalSize();
        if (now.columns !== size.columns || now.rows !== size.rows) await draw(last);
      }
    }
  } finally {
    await runtime.stdout.write(LEAVE);
  }
  if (last === undefined) return;
  // The last state stays on the screen.
  if (last.report.routes.length > 0) {
    await runtime.stdout.write(`${tableOf(last.report, terminalWidth()).join("\n")}\n`);
  }
  complain(last);
}

function remember(history: Map<string, number[]>, { routes }: StatusReport): void {
  for (const { journal, pending_bytes } of routes) {
    const values = history.get(journal) ?? [];
    values.push(pending_bytes);
    history.set(journal, values.slice(-HISTORY_MAX));
  }
}

/** What a line of standard output holds; no end where that is no terminal. */
export function terminalWidth(): number {
  return isatty(1) ? terminalSize().columns : Number.POSITIVE_INFINITY;
}

function terminalSize(): { readonly columns: number; readonly rows: number } {
  const { columns, rows } = process.stdout;
  return { columns: columns || 80, rows: rows || 24 };
}
