/** One and the same connection in every format, behind every link header, in pieces, and cut short. */
import fc from "fast-check";
import type { CaptureReport } from "../../../src/doctor/capture/capture_report.ts";
import { SpillwayError } from "../../../src/base/error.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { captureFile, captureParts, type Format, FORMATS } from "./capture_files.ts";
import { Conversation, stalled } from "./conversations.ts";
import { concat, LINK_TYPES, type LinkKind } from "./packets.ts";
import { endOf, reportOn, reportOnPackets } from "./reading.ts";

const { packets } = stalled();
const LINKS = Object.keys(LINK_TYPES) as LinkKind[];

/** What a report says of the connections. */
function substance({ packets, began, seconds, findings, connections, slow }: CaptureReport) {
  return { packets, began, seconds, findings, connections, slow };
}

Deno.test("every format, byte order, resolution and link type tells the same", async () => {
  const expected = substance(await reportOnPackets(packets));
  assertEquals([expected.packets, expected.began, expected.seconds], [
    packets.length,
    "2026-12-01T12:00:00.000000Z",
    10,
  ]);
  for (const format of FORMATS.filter((each) => each !== "pcapng simple" && each !== "pcapng 2^-20")) {
    for (const order of ["little", "big"] as const) {
      for (const link of LINKS) {
        const report = await reportOnPackets(packets, { format, order, link });
        assertEquals(substance(report), expected, `${format}, ${order}, ${link}`);
        assertEquals([report.cut, report.unseen], [null, []]);
      }
    }
  }
});

Deno.test("times in fractions that are powers of two are read, and packets without a time are said", async () => {
  const report = await reportOnPackets(packets, { format: "pcapng 2^-20" });
  assertEquals([report.seconds, report.began], [10, "2026-12-01T12:00:00.000000Z"]);
  const timeless = await reportOnPackets(packets, { format: "pcapng simple" });
  assertEquals([timeless.packets, timeless.seconds], [packets.length, 0]);
  assertEquals(timeless.unseen, [`the time of ${packets.length} packets: the capture has none for them`]);
});

Deno.test("IPv6 is read, with extension headers too, and fragments are counted", async () => {
  const ends = ["[2001:db8::1]:40312", "[2001:db8::2]:9000"] as const;
  const extensions = [
    Uint8Array.from([0, 0, 1, 4, 0, 0, 0, 0]), // hop-by-hop
    Uint8Array.from([43, 0, 0, 0, 0, 0, 0, 0]), // routing
    Uint8Array.from([44, 0, 0, 0, 0, 0, 0, 1]), // a fragment that is the whole packet
    Uint8Array.from([60, 1, 1, 12, ...new Uint8Array(12)]), // destination, 16 bytes
  ];
  const conversation = stalled(...ends);
  const plain = await reportOnPackets(conversation.packets);
  assertEquals(plain.findings[0].about, ends.join(" > "));
  const extended = await reportOnPackets(conversation.packets.map((packet) => ({ ...packet, extensions })));
  assertEquals(substance(extended), substance(plain));

  const v6Fragment = Uint8Array.from([44, 0, 0, 1, 0, 0, 0, 1]);
  const v4 = stalled().packets.map((packet) => ({ ...packet, fragment: 0x2000 }));
  const v6 = conversation.packets.map((packet) => ({ ...packet, extensions: [v6Fragment] }));
  for (const fragments of [v4, v6]) {
    const report = await reportOnPackets(fragments);
    assertEquals(report.connections, []);
    assertEquals(report.unseen, [`${packets.length} packets that are IP fragments`]);
    assertEquals([report.slow, report.findings[0].kind], [true, "absent"]);
  }
});

Deno.test("a snap length of the headers alone tells the same, a shorter one says what is missing", async () => {
  const whole = await reportOnPackets(packets);
  assertEquals(substance(await reportOnPackets(packets, { snapLength: 14 + 20 + 28 })), substance(whole));
  const noOptions = await reportOnPackets(packets, { snapLength: 14 + 20 + 20 });
  assertEquals(endOf(noOptions, "10.0.0.2:9000").window?.scale, null);
  assert(noOptions.unseen.some((each) => each.includes("the window scale is in the SYN")), noOptions.unseen.join());
  for (const snapLength of [13, 14, 30, 53]) {
    const report = await reportOnPackets(packets, { snapLength });
    assertEquals([report.packets, report.connections.length], [packets.length, 0], `snap length ${snapLength}`);
    assert(report.unseen[0].startsWith(`${packets.length} packets of which too little was captured`), report.unseen[0]);
  }
});

Deno.test("a capture that ends at any byte tells what its whole packets tell, and that it is cut off", async () => {
  const few = packets.slice(0, 5);
  for (const format of ["pcap", "pcapng"] as const) {
    const parts = captureParts(few, { format });
    const whole = concat(...parts);
    const prefixes = await Promise.all(parts.map((_, i) => reportOn(concat(...parts.slice(0, i + 1)))));
    let begun = 0; // the parts that are whole
    for (let length = 0; length <= whole.length; length++) {
      while (begun < parts.length && concat(...parts.slice(0, begun + 1)).length <= length) begun++;
      const report = await reportOn(whole.subarray(0, length));
      if (begun === 0) assertEquals(report.packets, 0);
      else assertEquals(substance(report), substance(prefixes[begun - 1]), `${format}, ${length} bytes`);
      const isAtPacket = begun > 0 && concat(...parts.slice(0, begun)).length === length;
      // The header of a pcapng file has several blocks, and may end between them.
      if (begun > 0) assertEquals(report.cut === null, isAtPacket, `${format}, ${length} bytes`);
      if (!isAtPacket && begun > 0) assert(report.unseen[0].startsWith("what follows byte "), report.unseen[0]);
    }
  }
});

Deno.test("pieces of any size tell the same as the whole", async () => {
  for (const format of FORMATS) {
    const bytes = captureFile(packets, { format });
    const expected = await reportOn(bytes);
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, async (pieces) => assertEquals(await reportOn(bytes, {}, pieces), expected)),
      { numRuns: 20 },
    );
  }
});

Deno.test("a block of no interest may be larger than what is read at a time", async () => {
  const [header, ...records] = captureParts(packets, { format: "pcapng" });
  const length = 5 << 20;
  const large = new Uint8Array(length);
  const view = new DataView(large.buffer);
  for (const [at, value] of [[0, 0x0bad], [4, length], [length - 4, length]]) view.setUint32(at, value, true);
  const report = await reportOn(concat(header, records[0], large, ...records.slice(1)));
  assertEquals(substance(report), substance(await reportOnPackets(packets)));
  assertEquals(report.cut, null);
});

Deno.test("damage ends the reading there, and what was before is told", async () => {
  const damages: readonly (readonly [Format, number, number, RegExp])[] = [
    ["pcap", 8, 262_145, /found a packet of 262145 bytes, expected 262144 at most/],
    ["pcapng", 4, 30, /found a block of 30 bytes, expected a multiple of 4/],
    ["pcapng", 4, 0x7ffffff0, /found a block of 2147483632 bytes, expected \d+ at most/],
    ["pcapng", 8, 3, /found a packet of interface 3, which no block has described/],
    ["pcapng", 20, 4000, /found a packet of 4000 bytes in a block of \d+/],
    ["pcapng", 4, 32, /found a block of 32 bytes whose end says \d+/],
  ];
  for (const [format, offset, value, reason] of damages) {
    const parts = captureParts(packets, { format });
    const before = concat(...parts.slice(0, 6));
    const damaged = parts[6].slice();
    new DataView(damaged.buffer).setUint32(offset, value, true);
    const report = await reportOn(concat(before, damaged, ...parts.slice(7)));
    assertEquals(report.packets, 5, String(reason));
    assertEquals(report.cut?.at, before.length);
    assert(reason.test(report.cut!.reason), report.cut!.reason);
  }
});

Deno.test("what is no capture is refused, with what to do about it", async () => {
  const refusals = [
    [[0x1f, 0x8b, 8, 0], "zcat FILE | spillway doctor --pcap -"],
    [[0x28, 0xb5, 0x2f, 0xfd], "zstdcat FILE | spillway doctor --pcap -"],
    [[0x7b, 0x22, 0x61, 0x22], "record one with: tcpdump"],
  ] as const;
  for (const [bytes, hint] of refusals) {
    const error = await assertRejects(() => reportOn(Uint8Array.from(bytes)), SpillwayError, "test is no capture");
    assert(error.hint?.includes(hint), error.hint);
  }
});

Deno.test("packets of a link type that is not read are counted, and it is named", async () => {
  const bytes = captureFile(packets);
  new DataView(bytes.buffer).setUint32(20, 105, true);
  const report = await reportOn(bytes);
  assertEquals(report.unseen, [`${packets.length} packets of a kind that is not read: link type 105`]);
});

Deno.test("mutated captures are read to an end, and whatever they tell can be printed", async () => {
  const originals = FORMATS.map((format) =>
    captureFile([...packets, ...new Conversation().handshake().packets], { format })
  );
  const mutation = fc.record({
    which: fc.nat(originals.length - 1),
    changes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 12,
    }),
    length: fc.double({ min: 0.1, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(mutation, async ({ which, changes, length }) => {
      const bytes = originals[which].slice(0, Math.ceil(originals[which].length * length));
      for (const [where, value] of changes) bytes[Math.floor(where * (bytes.length - 1))] = value;
      const report = await reportOn(bytes).catch((error) => {
        assert(error instanceof SpillwayError, String(error.stack));
        return undefined;
      });
      if (report === undefined) return;
      assert(report.packets <= bytes.length / 16 && report.connections.length <= report.packets);
      for (const { ends } of report.connections) {
        for (const { window } of ends) {
          assert((window?.mean.length ?? 0) <= 64 && (window?.mean ?? []).every(Number.isFinite));
        }
      }
      JSON.stringify(report);
    }),
    { numRuns: 1500 },
  );
});
