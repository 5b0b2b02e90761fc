/** Damage and gaps within a replay. */
import { assertEquals } from "../support/assert.ts";
import { lines } from "../journal/support/rig.ts";
import { record, Rig } from "./rig.ts";
import { TargetConnection } from "./target_connection.ts";

const segment = (base: number) => `/j/${String(base).padStart(20, "0")}.seg`;
const RECORD_BYTES = 64 + 11;

Deno.test("damaged and missing frames are skipped and reported once, however often the connection is lost", async () => {
  const each = (first: number, count: number) => lines(first, count).map((text) => ({ text, atMs: 0 }));
  const files = await record([each(0, 6), each(6, 4), each(10, 4)]);
  const damaged = files.bytesOf(segment(0));
  damaged[512 + 2 * RECORD_BYTES + 64] ^= 1; // the payload of frame 2
  damaged[512 + 4 * RECORD_BYTES + 20] ^= 1; // the header of frame 4
  await files.unlink(segment(6));
  const rig = new Rig(files, {
    connect: (_, { clock }) => new TargetConnection(clock, { lasts: 11 }),
    bufferBytes: 30,
  });
  assertEquals((await rig.run()).kind, "sent");
  assertEquals(rig.texts.join(""), [0, 1, 3, 5, 10, 11, 12, 13].flatMap((first) => lines(first, 1)).join(""));
  const told = rig.gaps.map((gap) =>
    gap.kind === "damage" ? `damage ${gap.offset} ${gap.lost?.from}` : `${gap.kind} ${gap.from}-${gap.until}`
  );
  assertEquals(told, [
    `damage ${512 + 2 * RECORD_BYTES} 2`,
    `damage ${512 + 4 * RECORD_BYTES} undefined`,
    "missing 4-5",
    "missing 6-10",
  ]);
  assertEquals(rig.feed.progress.frames, 8);
});

Deno.test("a frame larger than a buffer and a piece is sent whole", async () => {
  const files = await record([[{ text: `${"x".repeat(5000)}\n`, atMs: 0 }, { text: "y\n", atMs: 0 }]]);
  const rig = new Rig(files, { bufferBytes: 100, pieceBytes: 50 });
  assertEquals((await rig.run()).kind, "sent");
  assertEquals(rig.texts, [`${"x".repeat(5000)}\ny\n`]);
});
