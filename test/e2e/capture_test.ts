/** `spillway doctor --pcap` on what tcpdump has captured of the reader of the story, beside what Wireshark counts in it. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import type { CaptureReport } from "../../src/doctor/capture/capture_report.ts";
import { loopback } from "../peers/address.ts";
import { finish } from "./cli/program.ts";
import { run } from "./rig/namespace.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { type Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

/** With what the reader takes its time for. */
const LINES = 1500;
const WORK_MICROS = 500;

interface Diagnosis {
  readonly code: number;
  readonly report: CaptureReport;
}

async function doctor(path: string): Promise<Diagnosis> {
  const { code, stdout, stderr } = await finish([...relayCommand(chosenRuntime()), "doctor", "--pcap", path, "--json"]);
  assertEquals(stderr, "");
  return { code, report: JSON.parse(stdout) };
}

/** Starts tcpdump; resolves when it captures. `-Z root`: it is to write where root alone may. */
async function capturing(scene: Scene, path: string, port: number, ...options: readonly string[]) {
  const filter = ["tcp", "port", String(port)];
  const command = ["tcpdump", "-Z", "root", "-s", "128", "-U", "-w", path, ...options, ...filter];
  const tcpdump = scene.program("tcpdump", command);
  await until("tcpdump listens", () => tcpdump.errors.some((line) => line.includes("listening on")));
  return tcpdump;
}

/** The naive reader reads so many lines, which takes it a second or two, and leaves; on each interface it is captured. */
async function captureNaiveReader(
  scene: Scene,
  captures: Readonly<Record<string, readonly string[]>>,
): Promise<number> {
  const [port] = freePorts(1);
  const dumps = await Promise.all(
    Object.entries(captures).map(([path, options]) => capturing(scene, path, port, ...options)),
  );
  const reader = scene.peer("naive_consumer", { listen: loopback(port), lines: LINES, workMicros: WORK_MICROS });
  await reader.json();
  const frames = { kind: "line", size: 512 };
  const producer = scene.peer("producer", { connect: loopback(port), frames, count: 1e9 });
  await reader.exited;
  await producer.kill();
  for (const path of Object.keys(captures)) {
    await until("the end is captured", async () => (await doctor(path)).report.connections.some(({ ended }) => ended));
  }
  for (const dump of dumps) assertEquals(await dump.stop(), 0, dump.tail());
  return port;
}

/** Each line is a packet. */
async function zeroWindowsOfTshark(path: string): Promise<number> {
  const { stdout } = await new Deno.Command("tshark", {
    args: ["-r", path, "-Y", "tcp.analysis.zero_window", "-T", "fields", "-e", "frame.number"],
    stdin: "null",
    stderr: "null", // a capture that is cut off makes it complain
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").length;
}

function zeroWindowsIn({ connections }: CaptureReport): number {
  return connections.flatMap(({ ends }) => ends).reduce(
    (sum, { zero_window_segments }) => sum + zero_window_segments,
    0,
  );
}

scene(
  "the doctor finds the reader of the story in captures of every kind, and counts as Wireshark does",
  async (scene) => {
    const file = (name: string) => `${scene.directory}/${name}`;
    const captures = {
      [file("ethernet.pcap")]: ["-i", "lo"],
      [file("nanoseconds.pcap")]: ["-i", "lo", "--time-stamp-precision=nano"],
      [file("cooked2.pcap")]: ["-i", "any"],
      [file("cooked.pcap")]: ["-i", "any", "-y", "LINUX_SLL"],
    };
    const port = await captureNaiveReader(scene, captures);
    for (const path of Object.keys(captures)) {
      const { code, report } = await doctor(path);
      const [finding] = report.findings;
      assertEquals([code, finding.kind, finding.level], [1, "receiver", "slow"], path);
      assertMatch(
        finding.text,
        new RegExp(
          `^127.0.0.1:${port} (stopped reading|reads too slowly): its window was closed .* reset the connection`,
        ),
      );
      assert(finding.figures.zero_windows > 2, finding.text);
      assertEquals(zeroWindowsIn(report), await zeroWindowsOfTshark(path), path);
    }

    const { report: { connections } } = await doctor(file("ethernet.pcap"));
    const variants = {
      "pcapng": ["-F", "pcapng"],
      "nanoseconds": ["-F", "nsecpcap"],
      "raw IP": ["-F", "pcap", "-C", "14", "-L", "-T", "rawip"],
      "raw IP in pcapng": ["-F", "pcapng", "-C", "14", "-L", "-T", "rawip"],
      "headers alone": ["-F", "pcapng", "-s", "80"],
    };
    for (const [name, options] of Object.entries(variants)) {
      await run("editcap", ...options, file("ethernet.pcap"), file("variant"));
      assertEquals((await doctor(file("variant"))).report.connections, connections, name);
    }
  },
  ["tcpdump", "tshark"],
);

scene("the doctor reads a capture from a pipe, one that is cut off, and says what is none", async (scene) => {
  const path = `${scene.directory}/capture.pcap`;
  await captureNaiveReader(scene, { [path]: ["-i", "lo"] });
  const words = relayCommand(chosenRuntime()).map((word) => `'${word}'`).join(" ");
  const bash = (command: string) => finish(["bash", "-c", command], { env: { PATH: Deno.env.get("PATH") ?? "" } });
  const [named, piped] = [await doctor(path), await bash(`cat ${path} | ${words} doctor --pcap - --json`)];
  const { capture, ...report } = JSON.parse(piped.stdout);
  assertEquals([piped.code, capture], [1, "standard input"]);
  assertEquals({ capture: path, ...report }, named.report);

  const bytes = await Deno.readFile(path);
  const cut = `${scene.directory}/cut.pcap`;
  await Deno.writeFile(cut, bytes.subarray(0, -1));
  const { report: part } = await doctor(cut);
  assertEquals(part.packets, named.report.packets - 1);
  assertMatch(part.unseen[0], /^what follows byte \d+ of the capture: it ends within a packet$/);
  assertEquals(zeroWindowsIn(part), await zeroWindowsOfTshark(cut));

  for (
    const [operands, code, said] of [
      [[`${scene.directory}/none`], 1, "no such file"],
      [[scene.directory], 2, "is no file"],
      [["/proc/self/status"], 1, "is no capture: it begins with 0x4e616d65"],
      [[path, "9001"], 2, "--pcap and '9001' are given together"],
      [[path, "--seconds", "3"], 2, "--pcap and --seconds are given together"],
    ] as const
  ) {
    const { code: found, stderr } = await finish([...relayCommand(chosenRuntime()), "doctor", "--pcap", ...operands]);
    assertEquals(found, code, stderr);
    assert(stderr.includes(said), stderr);
  }
}, ["tcpdump", "tshark"]);
