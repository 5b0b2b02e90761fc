/** A backlog to drain, made once by Spillway itself and used again and again. */
import { freePorts, listeningOn } from "../../test/e2e/rig/ports.ts";
import { journalBytes, segmentNames } from "../../test/e2e/rig/journal_files.ts";
import { Program } from "../../test/e2e/rig/program.ts";
import type { RelayRuntime } from "../../test/e2e/rig/relay_command.ts";
import { until } from "../../test/e2e/rig/wait.ts";
import { startSpillway } from "./contender.ts";

const LOAD = new URL("load.ts", import.meta.url).pathname;

/** Fills `directory`/journal with `bytes` of undelivered lines, and stops cleanly. Returns the journal's path. */
export async function prepareJournal(runtime: RelayRuntime, directory: string, bytes: number): Promise<string> {
  const [source, target] = freePorts(2);
  const spillway = startSpillway(runtime, { source, target }, directory);
  const journal = `${directory}/journal`;
  let load: Program | undefined;
  try {
    await listeningOn(source);
    load = new Program("load", [Deno.execPath(), "run", "-A", LOAD, "127.0.0.1", `${source}`, `${bytes}`]);
    await until("the backlog is in the journal", () => journalBytes(journal) >= bytes, { timeoutMs: 600_000 });
    if (await spillway.stop() !== 0) throw new Error(`spillway did not stop cleanly\n${spillway.tail()}`);
  } finally {
    await spillway.kill();
    await load?.kill();
  }
  return journal;
}

/**
 * A second journal with the same backlog. Sealed segments never change, so they
 * are hard links, which are in the page cache already; the files that the daemon
 * writes to (newest segment, cursor) are copied.
 */
export function cloneJournal(from: string, to: string): void {
  Deno.mkdirSync(to, { mode: 0o700 });
  for (const name of segmentNames(from).slice(0, -1)) Deno.linkSync(`${from}/${name}`, `${to}/${name}`);
  const newest = segmentNames(from).at(-1)!;
  for (const name of [newest, "cursor"]) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
}

/** A file of as many bytes of the same lines, for socat. Returns its path. */
export function prepareFile(directory: string, bytes: number): string {
  const path = `${directory}/lines`;
  const block = new Uint8Array(1 << 20).map((_, i) => i % 512 === 511 ? 10 : 97 + i % 26);
  const file = Deno.openSync(path, { create: true, write: true });
  for (let written = 0; written < bytes;) {
    written += file.writeSync(block.subarray(0, Math.min(block.length, bytes - written)));
  }
  file.close();
  return path;
}
