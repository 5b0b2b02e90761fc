/** What is told of a connection: windows, what was sent again, how it ended; and the verdict. */
import type { Finding } from "../../../src/doctor/finding.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { captureFile } from "./capture_files.ts";
import { CLIENT, Conversation, SERVER, stalled } from "./conversations.ts";
import { endOf, reportOn, reportOnPackets } from "./reading.ts";

/** Data for `seconds`, 20 segments each, all of them acknowledged. */
function flowing(seconds: number, from = 10): Conversation {
  const conversation = new Conversation().handshake();
  for (let i = 0; i < seconds * 20; i++) {
    conversation.data(from + i * 50, i * 1000, 1000).ack(from + i * 50 + 1, (i + 1) * 1000, 500);
  }
  return conversation;
}

async function findingOn(conversation: Conversation): Promise<Finding> {
  const { findings } = await reportOnPackets(conversation.packets);
  assertEquals(findings.length, 1);
  return findings[0];
}

Deno.test("a reader that stops is named, with its closed windows and the reset that followed", async () => {
  const report = await reportOnPackets(stalled().packets);
  const [finding] = report.findings;
  assertEquals([finding.kind, finding.level, finding.certainty, finding.about], [
    "receiver",
    "slow",
    "sure",
    `${CLIENT} > ${SERVER}`,
  ]);
  assertEquals(
    finding.text,
    "10.0.0.2:9000 stopped reading: its window was closed 3 times, 2.9 s of 10 s, the longest 2.1 s at 12:00:00 UTC; " +
      "10.0.0.1:40312 reset the connection 400 ms after the last one began.",
  );
  const server = endOf(report, SERVER);
  assertEquals(server.zero_windows, {
    count: 3,
    seconds: 2.9,
    longest_seconds: 2.1,
    longest_began: "2026-12-01T12:00:00.100000Z",
    last_began: "2026-12-01T12:00:09.600000Z",
    closed_at_end: true,
  });
  assertEquals(server.zero_window_segments, 4);
  assertEquals([endOf(report, CLIENT).probes, endOf(report, CLIENT).retransmissions], [1, 0]);
  assertEquals(report.connections[0].ended, {
    kind: "reset",
    by: CLIENT,
    time: "2026-12-01T12:00:10.000000Z",
    stall: { of: SERVER, seconds_since_begin: 0.4, seconds_since_end: null },
  });
});

Deno.test("a window over time is scaled as the SYN says, and closed where it was", async () => {
  const { window } = endOf(await reportOnPackets(stalled().packets), SERVER);
  assertEquals([window!.scale, window!.largest, window!.smallest], [7, 500 * 128, 0]);
  const seconds = window!.bucket_seconds;
  // From its first window at 12 ms on: closed from 100 to 2,200 ms.
  const at = (ms: number) => Math.floor((ms - 12) / 1000 / seconds);
  assertEquals([window!.closed_share[at(1000)], window!.mean[at(1000)]], [1, 0]);
  assertEquals([window!.closed_share[at(5000)], window!.mean[at(5000)]], [0, 500 * 128]);
  const closed = window!.closed_share.reduce((sum, share) => sum + share, 0) * seconds;
  assert(Math.abs(closed - 2.9) < seconds, `${closed} s closed`);
});

Deno.test("without both SYNs the scale is unknown, said so, and closed windows count all the same", async () => {
  const middle = stalled().packets.slice(3);
  const report = await reportOnPackets(middle);
  assertEquals(endOf(report, SERVER).window!.scale, null);
  assertEquals(endOf(report, SERVER).window!.largest, 500);
  assertEquals(endOf(report, SERVER).zero_windows.count, 3);
  assertMatch(report.unseen[0], /^how large the windows of 1 connection are/);
  // The answer has the option only if the SYN had it, so it tells its own end's scale.
  const answered = await reportOnPackets(stalled().packets.slice(1));
  assertEquals([endOf(answered, SERVER).window!.scale, endOf(answered, CLIENT).window!.scale], [7, null]);
  assertEquals(answered.connections[0].opened_by, CLIENT);
  // An end that does not offer it turns it off for both.
  const plain = stalled().packets.map((packet) => packet.flags === "S." ? { ...packet, scale: undefined } : packet);
  const unscaled = await reportOnPackets(plain);
  assertEquals([endOf(unscaled, SERVER).window!.scale, endOf(unscaled, CLIENT).window!.scale], [0, 0]);
});

Deno.test("a window closed for moments is a note, and nothing held up", async () => {
  const conversation = flowing(10).ack(10_100, 200_000, 0).ack(10_101, 200_000, 500).ack(10_200, 200_000, 0).ack(
    10_202,
    200_000,
    500,
  );
  const finding = await findingOn(conversation);
  assertEquals([finding.kind, finding.level], ["receiver", "note"]);
  assertEquals(
    finding.text,
    "10.0.0.2:9000 closed its window for moments: its window was closed 2 times, 3 ms of 10.2 s, the longest 2 ms at " +
      "12:00:10 UTC; the connection was open when the capture ended.",
  );
});

Deno.test("a window that is closed when the capture ends counts up to there", async () => {
  const conversation = flowing(1).ack(1100, 20_000, 0).data(1500, 19_999, 0);
  const finding = await findingOn(conversation);
  assertMatch(
    finding.text,
    /closed once, 400 ms of 1.5 s, at 12:00:01 UTC; it was still closed when the capture ended\.$/,
  );
});

Deno.test("a healthy connection is told as one, with who closed it", async () => {
  const finding = await findingOn(
    flowing(1).fromClient(1100, { flags: "F.", sequence: 21_001 }).fromServer(1101, { flags: "F.", sequence: 5001 }),
  );
  assertEquals([finding.kind, finding.level, finding.about], ["healthy", "note", `${CLIENT} > ${SERVER}`]);
  assertMatch(
    finding.text,
    /^nothing is wrong here: .*, nothing was sent again; 10.0.0.1:40312 closed the connection\.$/,
  );
});

Deno.test("what is sent again is counted by sequence numbers, each way, across their wrap", async () => {
  for (const base of [0, 2 ** 32 - 1001 - 5000]) {
    const conversation = flowing(1, 10);
    if (base !== 0) {
      conversation.packets.length = 0;
      for (let i = 0; i < 20; i++) conversation.data(10 + i, base + i * 1000, 1000);
    }
    conversation
      .data(2000, base + 3000, 1000) // again
      .data(2001, base + 19_500, 1000) // the half of it again
      .data(2002, base + 20_499, 0) // a keep-alive
      .fromServer(2003, { flags: ".", sequence: 5001, payload: 10 })
      .fromServer(2300, { flags: ".", sequence: 5001, payload: 10 }); // the answer again
    const report = await reportOnPackets(conversation.packets);
    const [client, server] = [endOf(report, CLIENT), endOf(report, SERVER)];
    assertEquals([client.bytes, client.retransmissions, client.retransmitted_bytes, client.probes], [
      20_500,
      2,
      1500,
      1,
    ]);
    assertEquals([server.bytes, server.retransmissions, server.retransmitted_bytes], [10, 1, 10]);
  }
});

Deno.test("a segment that others overtook is no loss, one that comes later was lost, one that never comes was not captured", async () => {
  const conversation = flowing(1)
    .data(2000, 21_000, 1000).data(2001, 20_000, 1000) // overtaken
    .data(2010, 23_000, 1000).data(2200, 22_000, 1000) // lost before the capture, and sent again
    .data(2300, 28_000, 1000) // four segments are not in the capture
    .data(2600, 25_000, 1000); // but for the second of them
  const report = await reportOnPackets(conversation.packets);
  const client = endOf(report, CLIENT);
  assertEquals([client.reordered, client.retransmissions, client.retransmitted_bytes], [1, 2, 0]);
  assertEquals([client.bytes, client.unseen_bytes], [26_000, 3000]);
  assertEquals(report.unseen, ["2.9KiB of data that the capture has passed over"]);
});

Deno.test("probes with the first byte that waits are no retransmissions", async () => {
  const conversation = flowing(1).ack(1100, 20_000, 0)
    .data(1300, 20_000, 1).ack(1301, 20_000, 0).data(1700, 20_000, 1).ack(1701, 20_000, 0)
    .ack(2000, 20_000, 500).data(2001, 20_000, 1000);
  const client = endOf(await reportOnPackets(conversation.packets), CLIENT);
  assertEquals([client.probes, client.retransmissions, client.bytes, client.unseen_bytes], [2, 0, 21_000, 0]);
});

Deno.test("a path that loses data is found", async () => {
  const conversation = flowing(2);
  for (let i = 0; i < 4; i++) conversation.data(3000 + i, i * 1000, 1000);
  const finding = await findingOn(conversation);
  assertEquals([finding.kind, finding.level, finding.certainty], ["loss", "slow", "likely"]);
  assertMatch(finding.text, /loses data on the way to 10.0.0.2:9000: 9 % of the segments \(4 of 46\) were sent again/);
});

Deno.test("packets captured on two interfaces are no retransmissions", async () => {
  const packets = flowing(1).packets.map((packet, i) => ({ ...packet, identification: i + 1 }));
  const report = await reportOnPackets(packets.flatMap((packet) => [packet, { ...packet, ms: packet.ms + 0.01 }]));
  assertEquals([endOf(report, CLIENT).retransmissions, endOf(report, CLIENT).copies], [0, 22]);
  assertMatch(report.unseen[0], /^the second copy of 43 packets/);
});

Deno.test("a port that refuses and a machine that does not answer are told apart", async () => {
  const syn = { flags: "S", sequence: 1000, window: 64_240, scale: 7 } as const;
  const refused = await findingOn(
    new Conversation().fromClient(0, syn).fromServer(1, { flags: "R.", sequence: 0, window: 0 }),
  );
  assertEquals([refused.kind, refused.level], ["absent", "slow"]);
  assertEquals(refused.text, "10.0.0.2:9000 refused the connection: nobody listens there.");
  const silent = await findingOn(new Conversation().fromClient(0, syn).fromClient(1000, syn).fromClient(3000, syn));
  assertEquals(silent.kind, "absent");
  assertEquals(silent.text, "10.0.0.2:9000 did not answer: 10.0.0.1:40312 sent 3 SYNs in 3 s.");
});

Deno.test("a new SYN between the same ends begins another connection", async () => {
  const first = stalled().packets;
  const second = new Conversation().handshake(11_000).packets.map((packet) => ({
    ...packet,
    sequence: packet.sequence + 77,
  }));
  const report = await reportOnPackets([...first, ...second]);
  assertEquals(report.connections.map(({ began }) => began), [
    "2026-12-01T12:00:00.000000Z",
    "2026-12-01T12:00:11.000000Z",
  ]);
  // The same SYN once more is the same connection.
  const again = await reportOnPackets([
    first[0],
    { ...first[0], ms: 1000 },
    ...first.slice(1).map((packet) => ({ ...packet, ms: packet.ms + 1000 })),
  ]);
  assertEquals([again.connections.length, endOf(again, CLIENT).retransmissions], [1, 1]);
});

Deno.test("the first connections are told apart, and the rest is counted", async () => {
  const packets = Array.from({ length: 20 }, (_, i) => stalled(`10.0.0.1:${1000 + i}`).packets).flat();
  const report = await reportOn(captureFile(packets), { connectionsMax: 12 });
  assertEquals(report.connections.length, 12);
  const beyond = 8 * stalled().packets.length;
  assert(
    report.unseen[0].startsWith(`${beyond} packets of further connections (8 of them begin here): 12 are told apart`),
  );
});

Deno.test("packets whose time goes back do not make a window's time negative", async () => {
  const packets = stalled().packets.map((packet, i) => i === 9 ? { ...packet, ms: 5 } : packet);
  const report = await reportOnPackets(packets);
  assert(endOf(report, SERVER).zero_windows.seconds >= 0);
  assertEquals(report.unseen, ["the order of 1 packet: their time is before that of an earlier one"]);
});

Deno.test("the worst connection comes first", async () => {
  const healthy = new Conversation("10.0.0.9:1", SERVER).handshake().data(10, 0, 100_0);
  const refused = new Conversation("10.0.0.8:1", "10.0.0.8:2").fromClient(0, { flags: "S", sequence: 1 });
  const report = await reportOnPackets([...healthy.packets, ...refused.packets, ...stalled().packets]);
  assertEquals(report.findings.map(({ kind }) => kind), ["receiver", "absent", "healthy"]);
  assertEquals(report.connections[2].ends.some(({ address }) => address === "10.0.0.9:1"), true);
});
