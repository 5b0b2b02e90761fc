/**
 * One system call of a real compaction goes wrong: killed before it, torn in
 * it, or failing. Afterwards every frame is in the journal once, and the next
 * run leaves what a run that nothing disturbed leaves.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { journalOf, sequences } from "../../journal/support/compacting.ts";
import { type CallFault, type Hit, Injection } from "../rig/injection.ts";
import { relayCommand, type RelayRuntime } from "../rig/relay_command.ts";
import type { Scene } from "../rig/scene.ts";

/** Seven segments of four frames, five of them delivered, which become two. */
const SEGMENTS = 7;
const FRAMES = SEGMENTS * 4;
const CURSOR = 21;
const SEGMENT_BYTES = 8_700;
const KILLED = 137;

export interface CompactionOutcome {
  readonly hits: readonly Hit[];
  /** Of the run that was disturbed. */
  readonly code: number;
}

/** Names and bytes of the journal that is compacted. */
export async function journalToCompact(): Promise<ReadonlyMap<string, Uint8Array>> {
  const files: MemoryFiles = await journalOf(SEGMENTS, CURSOR);
  const found = new Map<string, Uint8Array>();
  for (const path of files.paths()) found.set(path.slice(path.lastIndexOf("/") + 1), files.bytesOf(path));
  const note = `pid 1\nrewind_bytes = 0\nretain_ms = ${1e15}\nretain_bytes = 0\nsegment_bytes = ${SEGMENT_BYTES}\n`;
  return found.set("lock", new TextEncoder().encode(note));
}

/** Rejects if anything is lost, or not finished by the run after. */
export async function runCompactionFault(
  scene: Scene,
  runtime: RelayRuntime,
  journal: ReadonlyMap<string, Uint8Array>,
  fault: CallFault | undefined,
): Promise<CompactionOutcome> {
  const directory = `${scene.directory}/journal`;
  await Deno.mkdir(directory, { mode: 0o700 });
  for (const [name, bytes] of journal) await Deno.writeFile(`${directory}/${name}`, bytes, { mode: 0o600 });
  const injection = new Injection(scene.directory, { under: directory, faults: fault === undefined ? [] : [fault] });
  const command = [...relayCommand(runtime), "compact", directory];
  const disturbed = scene.program("compact", [...injection.inside, ...command]);
  const code = await disturbed.exited;
  const { hits } = injection;
  if (hits.length === 0) assertEquals(code, 0, `exit code of a run that nothing disturbed\n${disturbed.tail()}`);
  else if (fault!.fault.do !== "fail") assertEquals(code, KILLED, "exit code of a run that was killed");
  else assert(code === 0 || code === 1 && disturbed.errors.length > 0, `exit code ${code}\n${disturbed.tail()}`);
  await assertWhole(scene, runtime, directory, "after it");
  const again = scene.program("compact again", command);
  assertEquals(await again.exited, 0, `exit code of the next run\n${again.tail()}`);
  assertEquals(again.errors, [], "it says something");
  await assertWhole(scene, runtime, directory, "after the next run");
  assertEquals(
    [...Deno.readDirSync(directory)].map(({ name }) => name).sort(),
    [...["0", "16"].map(compressed), ...["20", "24"].map(original), "compact.lock", "cursor", "files.lock", "lock"],
  );
  return { hits, code };
}

async function assertWhole(scene: Scene, runtime: RelayRuntime, directory: string, when: string): Promise<void> {
  const verify = scene.program("verify", [...relayCommand(runtime), "verify", directory]);
  assertEquals(await verify.exited, 0, `verify ${when}\n${verify.tail()}`);
  const cat = scene.program("cat", [...relayCommand(runtime), "cat", "--format", "text", directory]);
  assertEquals(await cat.exited, 0, `cat ${when}\n${cat.tail()}`);
  assertEquals(cat.output.map((line) => Number(line.split(" ")[0])), sequences(0, FRAMES), `frames ${when}`);
}

function original(base: string): string {
  return `${base.padStart(20, "0")}.seg`;
}

function compressed(base: string): string {
  return `${original(base)}.zst`;
}
