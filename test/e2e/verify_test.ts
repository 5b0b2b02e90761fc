/** `verify` of a large journal leaves the reading to threads of its own, on every runtime and inside the executable. */
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "../support/assert.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { open, run } from "../journal/support/rig.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const RECORDS = 1000;
const HOLE_BYTES = 160 * 1024 * 1024;
/** More than the threads could have read of anything else. */
const READ_BYTES_MIN = 100 * 1024 * 1024;

scene("the threads of verify read a large journal, and what they find is printed in its order", async (scene) => {
  const directory = `${scene.directory}/journal`;
  await makeDamagedJournal(directory);
  const [program, ...words] = relayCommand(chosenRuntime());
  const child = new Deno.Command(program, {
    args: [...words, "verify", directory],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  // It cannot end, because it says more than a pipe takes.
  await until("threads have read the journal", () => readByThreads(child.pid) > READ_BYTES_MIN);
  const text = await new Response(child.stdout).text();
  assertEquals((await child.status).code, 1);
  const lines = text.trimEnd().split("\n");
  const frames = lines.flatMap((line) => line.match(/^damaged: .*, frame (\d+)$/)?.[1] ?? []);
  assertEquals(frames, Array.from({ length: RECORDS }, (_, i) => `${i}`));
  assertEquals(lines.length, RECORDS + 2, lines.slice(-3).join("\n"));
  assert(/^damaged: 1001 ranges; whole: \d segments, 0 frames/.test(lines.at(-1)!), lines.at(-1));
});

/** A bit flipped in each record; a hole at the end of the second segment makes it large and costs no disk. */
async function makeDamagedJournal(directory: string): Promise<void> {
  const memory = new MemoryFiles();
  const journal = await open(memory, { segmentBytes: 64 * 1024 });
  for (let first = 0; first < RECORDS; first++) await journal.append([run(first, [`${first} ${"x".repeat(120)}\n`])]);
  await journal.close();
  Deno.mkdirSync(directory);
  const names = (await memory.list("/j")).filter((name) => name.endsWith(".seg"));
  for (const [index, name] of names.entries()) {
    const bytes = Buffer.from(memory.bytesOf(`/j/${name}`));
    for (let at = bytes.indexOf(" xxx"); at >= 0; at = bytes.indexOf(" xxx", at)) bytes[at] ^= 1;
    Deno.writeFileSync(`${directory}/${name}`, bytes);
    if (index === 1) Deno.truncateSync(`${directory}/${name}`, bytes.length + HOLE_BYTES);
  }
}

/** Bytes that the threads which run scripts have read, the first one apart; proc_pid_io(5). */
function readByThreads(pid: number): number {
  let bytes = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const task = `/proc/${pid}/task/${name}`;
    const comm = Deno.readTextFileSync(`${task}/comm`).trim();
    const read = Number(Deno.readTextFileSync(`${task}/io`).match(/^rchar: (\d+)$/m)![1]);
    if (/^worker(-\d+)?$/i.test(comm)) bytes += read;
  }
  return bytes;
}
