/** `spillway doctor` on connections of this machine that are slow in ways of their own. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import { busyProducer, frozenConsumer, healthyPair, naiveReader } from "./cases/slow_sides.ts";
import { doctor, doctorBehind, worst } from "./cases/doctor.ts";
import { spillway } from "./cli/program.ts";
import { freePorts } from "./rig/ports.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

scene("the doctor names the program that is slow, and finds nothing wrong with a good pair", async (scene) => {
  const checks = [
    async () => {
      const { port, receiver } = await naiveReader(scene);
      const finding = await worst("receiver", String(port));
      assertEquals([finding.level, finding.certainty, finding.pid], ["slow", "sure", receiver!.pid]);
      assertMatch(finding.text, /its queue has stood at [\d.]+KiB for .* Its window was closed/);
      assert(finding.figures.window_closed_share > 0, "zero windows");
    },
    async () => {
      const { port, receiver } = await frozenConsumer(scene);
      const finding = await worst("receiver", `127.0.0.1:${port}`);
      assertEquals([finding.level, finding.certainty, finding.pid], ["slow", "sure", receiver!.pid]);
      assertMatch(finding.text, /does not read: .* it is stopped \(state T\)/);
    },
    async () => {
      const { port, sender } = await busyProducer(scene);
      const finding = await worst("sender", String(port));
      assertEquals([finding.level, finding.pid], ["slow", sender!.pid]);
      assertMatch(finding.text, /the producer itself is slow, .*: nothing waits anywhere/);
    },
    async () => {
      const { port, sender } = await healthyPair(scene);
      const finding = await worst("healthy", String(port));
      assertEquals([finding.level, finding.pid], ["note", sender!.pid]);
      assertMatch(finding.text, /nothing is wrong here/);
    },
    async () => {
      const [port] = freePorts(1);
      const { findings } = await doctor(String(port));
      assertEquals(findings.map(({ kind, level }) => [kind, level]), [["absent", "slow"]]);
      assertMatch(findings[0].text, new RegExp(`nobody listens on or is connected to port ${port} here`));
    },
  ];
  await Promise.all(checks.map((check) => check()));
});

scene("the doctor adds what a running spillway says of its routes, by configuration and by port", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}` },
    journal: { dir: `${scene.directory}/journal` },
  }]);
  await relay.listening(source);
  const frames = { kind: "line", size: 512 } as const;
  await scene.producer({ connect: loopback(source), frames, count: 1_000 });
  const [byFile, byPort] = await Promise.all([
    doctor("-c", `${scene.directory}/spillway.toml`),
    doctor(String(source)),
  ]);
  for (const { findings, routes } of [byFile, byPort]) {
    assertEquals(routes.map(({ route }) => route), ["feed"]);
    const route = findings.find(({ kind }) => kind === "route")!;
    assertEquals([route.level, route.pid, route.about], ["slow", relay.pid, "route feed"]);
    assertMatch(route.text, /says: waiting, .*; 1000 frames \(500KiB\) are pending/);
  }
  const absent = byFile.findings.filter(({ kind }) => kind === "absent").map(({ about }) => about);
  assertEquals(absent, [`127.0.0.1:${target} (target of route feed)`]);
  await relay.stop();
});

scene("the doctor without root says whose programs it cannot see", async (scene) => {
  const { port } = await healthyPair(scene);
  const stranger = ["setpriv", "--reuid=65534", "--clear-groups"];
  const finding = await until("an answer without root", async () => {
    const diagnosis = await doctorBehind(stranger, String(port));
    return diagnosis.findings[0].kind === "healthy" && diagnosis;
  });
  assertMatch(
    finding.unseen.join("\n"),
    /the program of \d of the sockets, of uid 0: root sees the processes of other/,
  );
  assertEquals(finding.findings[0].pid, null);
}, ["setpriv"]);

Deno.test("the doctor says what it does not understand", async () => {
  for (
    const [args, said] of [
      [["0"], "found port 0, expected 1 to 65535"],
      [["70000"], "found port 70000, expected 1 to 65535"],
      [["unix:/run/x"], "unix:/run/x is a unix socket, expected a TCP port"],
      [["9001", "-c", "x.toml"], "--config and '9001' are given together"],
      [["9001", "--seconds", "0"], '--seconds: found "0", expected a number from 1 to 3600'],
      [["no.such.host.invalid:9001"], "no.such.host.invalid:9001: the host name does not resolve"],
    ] as const
  ) {
    const { code, stderr } = await spillway(["doctor", ...args]);
    assertEquals(code, 2, stderr);
    assert(stderr.includes(said), stderr);
  }
});
