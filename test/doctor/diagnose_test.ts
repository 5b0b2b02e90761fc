/**
 * The verdicts, from series that were recorded of real connections
 * (test/e2e/cases/slow_sides.ts), and from series made here for what is hard to
 * bring about.
 */
import { advisedBuffer, bufferAdvice } from "../../src/doctor/advice.ts";
import { diagnose, isSlow } from "../../src/doctor/diagnose.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import type { SocketStatistics } from "../../src/doctor/proc/socket_statistics.ts";
import type { SocketRow } from "../../src/doctor/proc/tcp_table.ts";
import type { Sample, Series } from "../../src/doctor/series.ts";
import { condensed } from "../../src/doctor/timeline.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

/** The first line has what is said once, each other line is a sample. */
function recorded(name: string): Series {
  const text = Deno.readTextFileSync(new URL(`series/${name}.jsonl`, import.meta.url));
  const [head, ...samples] = text.trim().split("\n").map((line) => JSON.parse(line));
  return { ...head, samples };
}

function onlyFinding(series: Series): Finding {
  const findings = diagnose(series);
  assertEquals(findings.length, 1, JSON.stringify(findings));
  return findings[0];
}

/** Without what `ss` says. */
function withoutStatistics(series: Series): Series {
  return { ...series, samples: series.samples.map(({ statistics: _, ...sample }) => sample) };
}

/** As the machine of one of the two ends sees it. */
function seenFrom(series: Series, isThere: (row: { local: string }) => boolean): Series {
  const samples = series.samples.map((sample) => ({
    ...sample,
    sockets: sample.sockets.filter(isThere),
    ...sample.statistics && { statistics: sample.statistics.filter(isThere) },
  }));
  return { ...series, samples };
}

const VERDICTS: readonly (readonly [string, Finding["kind"], Finding["level"], Finding["certainty"], RegExp])[] = [
  ["naive_reader", "receiver", "slow", "sure", /receiving program pid \d+ deno reads too slowly.*busy with something/],
  ["frozen_consumer", "receiver", "slow", "sure", /pid \d+ deno does not read.*is stopped \(state T\)/],
  ["busy_producer", "sender", "slow", "likely", /producer itself is slow, pid \d+ deno: nothing waits anywhere/],
  ["healthy_pair", "healthy", "note", "sure", /nothing is wrong here.*pid \d+ deno sets the pace/],
  ["slow_link", "link", "slow", "likely", /the link to .* is the limit: .* though the receiver's window was open/],
  ["lossy_link", "loss", "slow", "likely", /loses data on the way to .*: \d %/],
  [
    "small_buffers",
    "receive-buffer",
    "slow",
    "likely",
    /window is too small for this path: .* in a round trip of 10\d/,
  ],
];

for (const [name, kind, level, certainty, text] of VERDICTS) {
  Deno.test(`the recorded ${name.replace("_", " ")} is found: ${kind}`, () => {
    const finding = onlyFinding(recorded(name));
    assertEquals([finding.kind, finding.level, finding.certainty], [kind, level, certainty], finding.text);
    assertMatch(finding.text, text);
    assertEquals(isSlow([finding]), level === "slow");
  });
}

Deno.test("a receiver that does not read is found without ss too", () => {
  for (const name of ["naive_reader", "frozen_consumer"]) {
    assertEquals(onlyFinding(withoutStatistics(recorded(name))).kind, "receiver");
  }
});

Deno.test("a slow reader is found from either machine alone, named where it runs", () => {
  const series = recorded("naive_reader");
  const [{ port }] = series.subjects;
  const isReceiver = ({ local }: { local: string }) => local.endsWith(`:${port}`);
  const there = onlyFinding(seenFrom(series, isReceiver));
  assertEquals([there.kind, there.certainty, there.program], ["receiver", "likely", "deno"]);
  const away = diagnose(seenFrom(series, (row) => !isReceiver(row)))[0];
  assertEquals([away.kind, away.certainty, away.program], ["receiver", "likely", null]);
  assertMatch(away.text, /the receiver at 127\.0\.0\.1:\d+ does not read, or too slowly: its window was closed/);
  assertEquals(away.advice, [`run spillway doctor ${port} on that machine: it names the program there`]);
});

Deno.test("an unknown program is named by its address", () => {
  const { owners: _, ...series } = recorded("naive_reader");
  const finding = onlyFinding({ ...series, owners: {} });
  assertMatch(finding.text, /receiving program at 127\.0\.0\.1:\d+ reads too slowly/);
  assertEquals(finding.pid, null);
});

Deno.test("too small buffers are answered with the sysctl line, from the bandwidth-delay product", () => {
  const { advice } = onlyFinding(recorded("small_buffers"));
  assertMatch(advice[1], /^sysctl -w net\.ipv4\.tcp_rmem="4096 131072 33554432"$/);
  // 1 Gbit/s over 100 ms is 12.5 MB, twice that for the kernel's share, and up to a power of two.
  assertEquals(advisedBuffer(100, 65_536), 2 ** 25);
  assertEquals(advisedBuffer(10, 65_536), 2 ** 22);
  assert(advisedBuffer(1, 4e6) >= 16e6, "more than the window that is too small");
  assertMatch(bufferAdvice("tcp_rmem", 100, 6_291_456, 65_536)[0], /allow 32MiB here, where it is 6291456 \(6MiB\)/);
  assertMatch(bufferAdvice("tcp_wmem", 100, 2 ** 26, 65_536)[0], /is enough: the program sets .*SO_SNDBUF/);
});

Deno.test("a port that nobody has is said to be nobody's", () => {
  const finding = onlyFinding(made(() => []));
  assertEquals([finding.kind, finding.level], ["absent", "slow"]);
  assertMatch(finding.text, /nobody listens on or is connected to port 80 here/);
});

Deno.test("a listener without a connection, and a silent connection, are fine", () => {
  const listening = onlyFinding(made(() => [{ ...ROW, local: "0.0.0.0:80", remote: "0.0.0.0:0", state: 10 }]));
  assertMatch(listening.text, /somebody listens, nobody is connected/);
  const silent = onlyFinding(made(() => [SENDER, RECEIVER]));
  assertMatch(silent.text, /neither side sent a byte/);
  assertEquals([listening.level, silent.level], ["note", "note"]);
});

Deno.test("connections that wait to be accepted are the listening program's fault", () => {
  const listener = { ...ROW, local: "0.0.0.0:80", remote: "0.0.0.0:0", state: 10, receiveQueue: 2 };
  const finding = onlyFinding(made(() => [listener]));
  assertEquals([finding.kind, finding.level, finding.pid], ["accept", "slow", 7]);
  assertMatch(finding.text, /pid 7 reader does not accept: 2 connections wait/);
});

Deno.test("a window that closes now and then over an empty queue means bursts", () => {
  const finding = onlyFinding(made((i) => {
    const isBurst = i % 5 === 1;
    const sender = { ...SENDER, timer: isBurst ? 4 : 0, sendQueue: isBurst ? 900_000 : 0 };
    return [sender, { ...RECEIVER, receiveQueue: isBurst ? 120_000 : 0 }];
  }));
  assertEquals([finding.kind, finding.level], ["burst", "slow"]);
  assertMatch(finding.text, /it closed 4 times, for 0\.4 s of 1\.9 s/);
});

Deno.test("a spillway that does not read is not advised to put a spillway in between", () => {
  const naive = recorded("naive_reader");
  const text = JSON.stringify(naive).replaceAll('"name":"deno"', '"name":"spillway"');
  const { kind, advice } = onlyFinding(JSON.parse(text));
  assertEquals([kind, advice], ["receiver", ["spillway status says what it waits for: room on its disk, or memory"]]);
});

Deno.test("a queue that stands while the window is open is a note: nobody is held up yet", () => {
  const finding = onlyFinding(made((i) => [SENDER, { ...RECEIVER, receiveQueue: 40_000 + i % 3 }]));
  assertEquals([finding.kind, finding.level], ["receiver", "note"]);
  assertMatch(finding.text, /The sender is not held up yet/);
});

Deno.test("a program that sends nothing because it is stopped is the slow side", () => {
  const series = made((i) => [{ ...SENDER, sendQueue: i === 0 ? 10 : 0 }, RECEIVER], "T");
  const finding = onlyFinding(series);
  assertEquals([finding.kind, finding.certainty], ["sender", "sure"]);
  assertEquals(finding.advice, ["kill -CONT 8 lets it go on; a debugger or Ctrl-Z may have stopped it"]);
});

Deno.test("a sender that waits for room in its own buffer is advised a larger one", () => {
  const statistics = (i: number): SocketStatistics[] => [{
    local: SENDER.local,
    remote: SENDER.remote,
    rttMs: 80,
    minRttMs: 80,
    peerWindow: 4e6,
    bytesAcked: 1_000 * i,
    bytesSent: 1_000 * i,
    busyMs: 100 * i,
    bufferLimitedMs: 90 * i,
  }];
  const series = made(() => [{ ...SENDER, sendQueue: 30_000 }], "S", statistics);
  const finding = onlyFinding(series);
  assertEquals([finding.kind, finding.level], ["send-buffer", "slow"]);
  assertMatch(finding.advice[1], /net\.ipv4\.tcp_wmem="4096 16384 33554432"/);
});

Deno.test("what is slow comes before what is fine", () => {
  const far = { ...SENDER, local: "10.0.0.1:600", remote: "10.0.0.9:80", timer: 4, sendQueue: 9 };
  const kinds = diagnose(made((i) => [{ ...SENDER, sendQueue: i % 2 }, RECEIVER, far])).map(({ kind }) => kind);
  assertEquals(kinds, ["receiver", "healthy"]);
});

Deno.test("a timeline that is too long shows the largest of the values that share a place", () => {
  assertEquals(condensed([1, 9, 0, 0, 3, 2], 3), [9, 0, 3]);
  assertEquals(condensed([1, 2], 3), [1, 2]);
});

const ROW: SocketRow = {
  local: "",
  remote: "",
  state: 1,
  sendQueue: 0,
  receiveQueue: 0,
  timer: 0,
  unanswered: 0,
  uid: 0,
  inode: 70,
};
const SENDER: SocketRow = { ...ROW, local: "10.0.0.1:500", remote: "10.0.0.2:80", inode: 80 };
const RECEIVER: SocketRow = { ...ROW, local: "10.0.0.2:80", remote: "10.0.0.1:500" };

/** Two seconds of port 80: inode 70 is the reader's, 80 the writer's, who is in this state. */
function made(
  sockets: (sample: number) => SocketRow[],
  state = "S",
  statistics?: (sample: number) => SocketStatistics[],
): Series {
  const samples: Sample[] = Array.from({ length: 20 }, (_, i) => ({
    ms: i * 100,
    sockets: sockets(i),
    processes: { 7: { name: "reader", state: "S", cpuMs: i }, 8: { name: "writer", state, cpuMs: i } },
    statistics: statistics?.(i),
  }));
  return {
    subjects: [{ name: "port 80", port: 80, hosts: [] }],
    samples,
    owners: { 70: { pid: 7, name: "reader" }, 80: { pid: 8, name: "writer" } },
    counters: {},
    unseen: [],
  };
}
