/**
 * The three copies that are measured: pass-through, spill and drain, each with
 * Spillway and with socat doing the same between the same generator and sink.
 *
 * CPU time and memory are read while the measured process is still alive, so
 * the generator holds its connection open until they have been.
 */
import { cpuSecondsOf, memoryOf } from "../../test/e2e/rig/process_figures.ts";
import { freePorts, listeningOn } from "../../test/e2e/rig/ports.ts";
import { Program } from "../../test/e2e/rig/program.ts";
import type { RelayRuntime } from "../../test/e2e/rig/relay_command.ts";
import { until } from "../../test/e2e/rig/wait.ts";
import { journalBytes } from "../../test/e2e/rig/journal_files.ts";
import { type Contender, type Ports, startSocat, startSpillway } from "./contender.ts";
import type { Run } from "./figures.ts";
import { cloneJournal } from "./prepared_journal.ts";

const HERE = new URL(".", import.meta.url).pathname;

export interface Setting {
  readonly runtime: RelayRuntime;
  /** An empty directory of this run's own. */
  readonly directory: string;
  readonly bytes: number;
  readonly socatBufferBytes: number;
}

/** Generator → contender → sink; from the generator's first write to the sink's last byte. */
export async function passThrough(contender: Contender, setting: Setting): Promise<Run> {
  const ports = pair();
  const sink = await startSink(ports.target, setting.bytes);
  const measured = contender === "spillway"
    ? startSpillway(setting.runtime, ports, setting.directory)
    : startSocat(`TCP-LISTEN:${ports.source},reuseaddr`, `TCP:127.0.0.1:${ports.target}`, setting.socatBufferBytes);
  return await run(measured, [sink], async () => {
    await listeningOn(ports.source);
    const load = startLoad(ports.source, setting.bytes);
    const done = await sink.json<{ lastMs: number }>(1);
    const began = await load.json<{ beganMs: number }>();
    return { seconds: (done.lastMs - began.beganMs) / 1000, programs: [load] };
  }, setting.bytes);
}

/** Generator → contender → disk, the consumer absent; until every byte is in the files. */
export async function spill(contender: Contender, setting: Setting): Promise<Run> {
  const ports = pair();
  const file = `${setting.directory}/copy`;
  const measured = contender === "spillway"
    ? startSpillway(setting.runtime, ports, setting.directory)
    : startSocat(`TCP-LISTEN:${ports.source},reuseaddr`, `OPEN:${file},creat,excl,wronly`, setting.socatBufferBytes);
  const onDisk = () => contender === "spillway" ? journalBytes(`${setting.directory}/journal`) : fileBytes(file);
  return await run(measured, [], async () => {
    await listeningOn(ports.source);
    warmFreeMemory(setting);
    const load = startLoad(ports.source, setting.bytes);
    const patience = { timeoutMs: 300_000, everyMs: 5 };
    await until("everything is on disk", () => onDisk() >= setting.bytes, patience);
    const now = performance.timeOrigin + performance.now();
    const began = await load.json<{ beganMs: number }>();
    return { seconds: (now - began.beganMs) / 1000, programs: [load] };
  }, setting.bytes);
}

/** `prepared` (a journal, or a file of the same bytes) → contender → sink; from the sink's first byte to its last. */
export async function drain(contender: Contender, setting: Setting, prepared: string): Promise<Run> {
  const ports = pair();
  const sink = await startSink(ports.target, setting.bytes);
  if (contender === "spillway") cloneJournal(prepared, `${setting.directory}/journal`);
  const measured = contender === "spillway"
    ? startSpillway(setting.runtime, ports, setting.directory)
    // ignoreeof keeps it alive at the end of the file, so that it can be inspected
    : startSocat(`FILE:${prepared},ignoreeof`, `TCP:127.0.0.1:${ports.target}`, setting.socatBufferBytes);
  return await run(measured, [sink], async () => {
    const done = await sink.json<{ firstMs: number; lastMs: number }>(1);
    return { seconds: (done.lastMs - done.firstMs) / 1000, programs: [] };
  }, setting.bytes);
}

/** Copies `bytes` through and says how much memory was resident at most. */
export async function soak(setting: Setting): Promise<Run> {
  return await passThrough("spillway", setting);
}

/** Reads the figures of the measured process when `act` is done, and ends all processes. */
async function run(
  measured: Program,
  others: readonly Program[],
  act: () => Promise<{ seconds: number; programs: readonly Program[] }>,
  bytes: number,
): Promise<Run> {
  const started = [measured, ...others];
  try {
    const { seconds, programs } = await act();
    started.push(...programs);
    const [cpuSeconds, memory] = [cpuSecondsOf(measured.pid), memoryOf(measured.pid)];
    if (cpuSeconds === undefined || memory === undefined) throw new Error(`${measured.name} is gone too early`);
    return { bytes, seconds, cpuSeconds, peakBytes: memory.peakBytes };
  } catch (error) {
    console.error(started.map((program) => program.tail()).join("\n"));
    throw error;
  } finally {
    for (const program of started) await program.kill();
  }
}

function pair(): Ports {
  const [source, target] = freePorts(2);
  return { source, target };
}

async function startSink(port: number, bytes: number): Promise<Program> {
  const sink = new Program("sink", [Deno.execPath(), "run", "-A", `${HERE}sink.ts`, `${port}`, `${bytes}`]);
  await sink.json();
  return sink;
}

function startLoad(port: number, bytes: number): Program {
  const command = [Deno.execPath(), "run", "-A", `${HERE}load.ts`, "127.0.0.1", `${port}`, `${bytes}`];
  return new Program("load", command, { holdStdin: true });
}

/**
 * Fills the page cache with a file of the size to come and removes it again. A
 * virtual machine gives memory that was free for seconds back to its host, and
 * to get it back costs more than the copy that is measured (seen here: dd of
 * 1 GB at 0.4 GB/s after 4 s of rest, at 4.6 GB/s right after another one).
 */
function warmFreeMemory(setting: Setting): void {
  const path = `${setting.directory}/warm`;
  const block = new Uint8Array(2 ** 20);
  using file = Deno.openSync(path, { create: true, write: true });
  for (let written = 0; written < setting.bytes * 1.2; written += block.length) file.writeSync(block);
  Deno.removeSync(path);
}

function fileBytes(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0; // not created yet
  }
}
