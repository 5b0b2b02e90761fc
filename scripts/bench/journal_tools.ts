/**
 * The commands on a large journal: how much longer `ls`, `status` and the daemon's
 * start take on it than on an empty one, how fast `verify` reads compared with `cat`
 * of coreutils, and how fast `replay` sends compared with socat. Everything is warm; runs
 * alternate; medians.
 */
import { freePorts } from "../../test/e2e/rig/ports.ts";
import { journalBytes, segmentNames } from "../../test/e2e/rig/journal_files.ts";
import { Program } from "../../test/e2e/rig/program.ts";
import { relayCommand, type RelayRuntime } from "../../test/e2e/rig/relay_command.ts";
import { until } from "../../test/e2e/rig/wait.ts";
import { startSpillway } from "./contender.ts";
import { median } from "./figures.ts";
import { cloneJournal, prepareJournal } from "./prepared_journal.ts";
import { aligned, whole } from "./table.ts";

const SINK = new URL("files_sink.ts", import.meta.url).pathname;

const MB = 1e6;

export interface ToolFigures {
  readonly journalBytes: number;
  /** Median seconds on the large journal, and on an empty one. */
  readonly seconds: Readonly<Record<"ls" | "status" | "start", { readonly large: number; readonly empty: number }>>;
  /** Median MB/s of Spillway's command, and of the program that it is compared with. */
  readonly rates: Readonly<Record<"verify" | "replay", { readonly ours: number; readonly other: number }>>;
}

export interface ToolSetting {
  readonly runtime: RelayRuntime;
  readonly workplace: string;
  readonly backlogBytes: number;
  readonly runs: number;
  readonly socatBufferBytes: number;
  readonly say: (text: string) => void;
}

export async function measureTools(setting: ToolSetting): Promise<ToolFigures> {
  const { runtime, workplace, say } = setting;
  const [largeHome, emptyHome] = [`${workplace}/large`, `${workplace}/none`];
  for (const home of [largeHome, emptyHome]) Deno.mkdirSync(home);
  const large = await prepareJournal(runtime, largeHome, setting.backlogBytes);
  // One line, because opening a segment is part of what is measured.
  const empty = await prepareJournal(runtime, emptyHome, 512);
  say(`journal of ${whole(journalBytes(large) / MB)} MB is there`);
  await run(["sh", "-c", `cat ${large}/*.seg > /dev/null`]);
  const both = async (what: string, act: (journal: string) => Promise<number>) => {
    const [onLarge, onEmpty] = await alternate(setting, what, "s", () => act(large), () => act(empty));
    return { large: onLarge, empty: onEmpty };
  };
  const spillway = relayCommand(runtime);
  const seconds = {
    ls: await both("ls", (journal) => run([...spillway, "ls", journal])),
    status: await both("status", (journal) => run([...spillway, "status", journal])),
    start: await both("start", (journal) => start(setting, journal)),
  };
  const bytes = journalBytes(large);
  const files = segmentNames(large).map((name) => `${large}/${name}`);
  const [verify, cat] = await alternate(
    setting,
    "verify, cat",
    "MB/s",
    async () => bytes / MB / await run([...spillway, "verify", large]),
    async () => bytes / MB / await run(["cat", ...files]),
  );
  const [replay, socat] = await alternate(
    setting,
    "replay, socat",
    "MB/s",
    () => sent(setting.backlogBytes, (port) => run([...spillway, "replay", large, "--to", `127.0.0.1:${port}`])),
    () => sent(bytes, (port) => sendEach(files, port, setting.socatBufferBytes)),
  );
  return {
    journalBytes: bytes,
    seconds,
    rates: { verify: { ours: verify, other: cat }, replay: { ours: replay, other: socat } },
  };
}

export function toolsTable({ seconds, rates }: ToolFigures): string {
  const ms = (value: number) => `${whole(value * 1000)} ms`;
  return [
    aligned([
      ["", "large", "empty", "more"],
      ...Object.entries(seconds).map(([name, { large, empty }]) => [name, ms(large), ms(empty), ms(large - empty)]),
    ]),
    "",
    aligned([
      ["", "MB/s", "beside", "MB/s", "ratio"],
      ...Object.entries(rates).map(([name, { ours, other }]) => [
        name,
        whole(ours),
        name === "verify" ? "cat" : "socat",
        whole(other),
        (ours / other).toFixed(2),
      ]),
    ]),
  ].join("\n");
}

/** Medians of two measurements taken in turn, the first round not counted. */
async function alternate(
  { runs, say }: ToolSetting,
  what: string,
  unit: string,
  first: () => Promise<number>,
  second: () => Promise<number>,
): Promise<[number, number]> {
  const found: [number[], number[]] = [[], []];
  for (let round = 0; round <= runs; round++) {
    const pair: [number, number] = [await first(), await second()];
    say(`${what}, round ${round}: ${pair.map((value) => value.toPrecision(3)).join(" and ")} ${unit}`);
    if (round > 0) pair.forEach((value, i) => found[i].push(value));
  }
  return [median(found[0]), median(found[1])];
}

/** Runs a command and discards its output. Returns the seconds it took; rejects if it fails. */
async function run(command: readonly string[]): Promise<number> {
  const began = performance.now();
  const { success, stderr } = await new Deno.Command(command[0], {
    args: command.slice(1),
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`${command.slice(0, 3).join(" ")} failed\n${new TextDecoder().decode(stderr).slice(-2000)}`);
  }
  return (performance.now() - began) / 1000;
}

/** From the daemon's start until its route is ready, on a copy of the journal; its target does not listen. */
async function start({ runtime, workplace }: ToolSetting, journal: string): Promise<number> {
  const home = Deno.makeTempDirSync({ dir: workplace });
  cloneJournal(journal, `${home}/journal`);
  const [source, target] = freePorts(2);
  const began = performance.now();
  const daemon = startSpillway(runtime, { source, target }, home);
  try {
    await until("the route is ready", () => daemon.errors.some((line) => line.includes("route ready")), { everyMs: 1 });
    return (performance.now() - began) / 1000;
  } finally {
    await daemon.stop();
    Deno.removeSync(home, { recursive: true });
  }
}

/** MB/s at which `bytes` arrived at a sink. */
async function sent(bytes: number, send: (port: number) => Promise<unknown>): Promise<number> {
  const [port] = freePorts(1);
  const sink = new Program("sink", [Deno.execPath(), "run", "-A", SINK, `${port}`, `${bytes}`]);
  try {
    await sink.json();
    await send(port);
    const { busyMs } = await sink.json<{ busyMs: number }>(1);
    return bytes / MB / (busyMs / 1000);
  } finally {
    await sink.kill();
  }
}

async function sendEach(files: readonly string[], port: number, bufferBytes: number): Promise<void> {
  for (const file of files) await run(["socat", "-u", "-b", `${bufferBytes}`, `OPEN:${file}`, `TCP:127.0.0.1:${port}`]);
}
