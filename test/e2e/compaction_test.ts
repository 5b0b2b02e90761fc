/** The real `spillway compact`: disturbed at its system calls, and beside the daemon; `deno task soak:compact` has all calls. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { journalToCompact, runCompactionFault } from "./cases/compaction_kill.ts";
import type { CallFault } from "./rig/injection.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { assertInOrder, assertPerfect, Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const runtime = chosenRuntime();
const KILL = { do: "kill" } as const;
const TEAR = { do: "tear" } as const;
const ENOSPC = { do: "fail", errno: 28, times: 0 } as const;

/** A few for the gate, and half of them on the runtimes. */
const ALL_FAULTS: readonly CallFault[] = [
  ...[1, 2, 3, 4].map((nth) => ({ kind: "write", nth, fault: TEAR } as const)),
  ...[1, 2].map((nth) => ({ kind: "rename", nth, fault: KILL } as const)),
  { kind: "rename", nth: 1, fault: TEAR },
  ...[1, 2, 3, 4, 5].map((nth) => ({ kind: "unlink", nth, fault: KILL } as const)),
  ...[2, 4, 6].map((nth) => ({ kind: "fsync", nth, fault: KILL } as const)),
  { kind: "fdatasync", nth: 2, fault: KILL },
  { kind: "open", nth: 20, fault: KILL },
  { kind: "write", nth: 1, fault: ENOSPC },
];
const FAULTS = ALL_FAULTS.filter((_, i) => runtime === "binary" || i % 2 === 0);

scene(
  `a compaction is disturbed at ${FAULTS.length} of its calls: nothing is lost, and the next run finishes`,
  async (base) => {
    const journal = await journalToCompact();
    let met = 0;
    for (const fault of FAULTS) {
      const what = `${JSON.stringify(fault)}`;
      const stage = new Scene();
      try {
        if ((await runCompactionFault(stage, runtime, journal, fault)).hits.length > 0) met++;
      } catch (error) {
        console.error(`${what}:\n${stage.tails()}`);
        throw error;
      } finally {
        await stage.close();
      }
    }
    base.note(`${met} calls went wrong`);
    assert(met >= FAULTS.length * 0.8, `only ${met} of ${FAULTS.length} calls were met`);
  },
  ["ptrace"],
);

const LINE: FrameKind = { kind: "line", size: 512 };
const LINES = 100_000;

scene("compactions beside the daemon under load, with cat and replay reading, cost nothing", async (scene) => {
  const [source, target, other] = freePorts(3);
  const journal = `${scene.directory}/journal`;
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  const replayed = scene.consumer({ listen: loopback(other), frames: LINE });
  const replay = () =>
    scene.program("replay", [...relayCommand(runtime), "replay", journal, "--to", `127.0.0.1:${other}`]);
  const relay = scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, rewind: "64KiB" },
    journal: { dir: journal, mode: "always", segment_bytes: "512KiB", retain: "1h" },
  }]);
  await relay.listening(source);
  const producing = scene.producer({ connect: loopback(source), frames: LINE, count: LINES, bytesPerSecond: 8e6 });
  let sent = false;
  producing.finally(() => sent = true);
  let runs = 0;
  while (!sent) {
    const compact = scene.program("compact", [...relayCommand(runtime), "compact", "-v", journal]);
    const cat = scene.program("cat", [...relayCommand(runtime), "cat", journal]);
    const replaying = replay();
    assertEquals(await compact.exited, 0, compact.tail());
    const said = compact.errors.filter((line) => !/^ *\d+%/.test(line));
    assertEquals(said, [], "compact says nothing but, where it takes seconds, how far it is");
    assertEquals(await cat.exited, 0, cat.tail());
    assertEquals(await replaying.exited, 0, replaying.tail());
    runs++;
  }
  assertEquals((await producing).error, undefined, "the producer finished");
  await until("every line is delivered", () => consumer.tally.frames === LINES);
  const beside = scene.program("compact", [...relayCommand(runtime), "compact", journal]);
  assertEquals(await beside.exited, 0, beside.tail());
  // A daemon whose disk is busy does not wait for it to answer: it may know of the compaction a little later.
  await until("status says what is on disk", async () => {
    const status = scene.program("status", [...relayCommand(runtime), "status", "--json", journal]);
    await status.exited;
    const [route] = JSON.parse(status.output.join("\n")).routes;
    assertEquals(route.from, "daemon");
    return route.journal_bytes === bytesOnDisk(journal);
  });
  await relay.stop();
  assertPerfect(consumer.report(LINES), LINES);
  const last = replay();
  assertEquals(await last.exited, 0, last.tail());
  await until("the last replay is read", () => replayed.tally.connections.at(-1)?.frames === LINES);
  assertInOrder(replayed.report(LINES));
  const compact = scene.program("compact", [...relayCommand(runtime), "compact", "--json", journal]);
  assertEquals(await compact.exited, 0, compact.tail());
  const { after } = await compact.json<{ after: { bytes: number } }>();
  const onDisk = bytesOnDisk(journal);
  assertEquals(after.bytes, onDisk, "what the report says is on disk");
  const verify = scene.program("verify", [...relayCommand(runtime), "verify", "--json", journal]);
  assertEquals(await verify.exited, 0, verify.tail());
  const counted = await new Deno.Command("sh", {
    args: ["-c", `"$@" | wc -l`, "sh", ...relayCommand(runtime), "cat", journal],
  }).output();
  assertEquals(new TextDecoder().decode(counted.stdout).trim(), String(LINES));
  scene.note(`${runs} compactions under load, ${onDisk} bytes left of ${LINES * 512}`);
  assert(runs >= 2, `${runs} compactions`);
});

function bytesOnDisk(journal: string): number {
  return [...Deno.readDirSync(journal)].filter(({ name }) => name.includes(".seg"))
    .reduce((sum, { name }) => sum + Deno.statSync(`${journal}/${name}`).size, 0);
}

scene("a journal of another user's is left alone: the daemon could not read what is made of it", async (scene) => {
  const directory = `${scene.directory}/journal`;
  await Deno.mkdir(directory, { mode: 0o700 });
  for (const [name, bytes] of await journalToCompact()) {
    await Deno.writeFile(`${directory}/${name}`, bytes, { mode: 0o600 });
    Deno.chownSync(`${directory}/${name}`, 65534, 65534);
  }
  Deno.chownSync(directory, 65534, 65534);
  const before = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  for (const [name, doing] of [["compact", "compacting"], ["repair", "repairing"]]) {
    const program = scene.program(name, [...relayCommand(runtime), name, directory]);
    assertEquals(await program.exited, 1, program.tail());
    assertMatch(program.errors[0], new RegExp(`^error: journal .*: belongs to \\S+, found root ${doing} it$`));
    assertMatch(program.errors[1], /^hint: run it as/);
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), before);
  }
}, ["root"]);

scene("without a cursor, on compressed segments, the newest record knows what was delivered", async (scene) => {
  const [source, target] = freePorts(2);
  const journal = `${scene.directory}/journal`;
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  const routes = [{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}` },
    journal: { dir: journal, mode: "always", segment_bytes: "512KiB", retain: "1h" },
  }];
  const send = (first: number, count: number) =>
    scene.producer({ connect: loopback(source), frames: LINE, first, count });
  const before = await scene.spillway(routes, { name: "before" }).listening(source);
  await send(0, 9_000);
  await until("all of it is confirmed", async () => {
    const status = scene.program("status", [...relayCommand(runtime), "status", "--json", journal]);
    await status.exited;
    const [route] = JSON.parse(status.output.join("\n")).routes;
    return consumer.tally.frames === 9_000 && route.pending_frames === 0;
  });
  await send(9_000, 1_000);
  await until("the rest is delivered", () => consumer.tally.frames === 10_000);
  await before.stop();
  const compact = scene.program("compact", [...relayCommand(runtime), "compact", journal]);
  assertEquals(await compact.exited, 0, compact.tail());
  const names = [...Deno.readDirSync(journal)].map(({ name }) => name);
  assert(names.filter((name) => name.endsWith(".seg.zst")).length >= 2, names.join(" "));
  Deno.removeSync(`${journal}/cursor`);

  const after = await scene.spillway(routes, { name: "after" }).listening(source);
  await send(10_000, 10_000);
  await until("what came after is delivered", () => consumer.tally.end() === 20_000);
  await after.stop();
  const report = consumer.report(20_000);
  assertInOrder(report);
  assertEquals(report.missing, []);
  // Each record has the cursor as it was when it was written.
  const again = report.connections[1].first;
  assert(again >= 9_000, `delivered again from frame ${again} on`);
});
