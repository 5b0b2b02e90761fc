/** The recorded pace and the rate, in virtual time: when is what written? */
import { Schedule } from "../../src/replay/pacer.ts";
import { seeded } from "../support/random.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { record, type Recorded, Rig, type RigOptions } from "./rig.ts";
import { TargetConnection } from "./target_connection.ts";

/** A frame for each of these times, in ms. */
function recorded(...times: readonly number[]): Recorded[] {
  return times.map((atMs, i) => ({ text: `frame ${String(i).padStart(4, "0")}\n`, atMs }));
}

/** When each frame was written, in ms from the first; frames are 11 bytes. */
async function sentAt(frames: readonly Recorded[], options: RigOptions, lateMs = 0): Promise<number[]> {
  const rig = new Rig(await record([frames]), options);
  rig.clock.lateMs = lateMs;
  assertEquals((await rig.run()).kind, "sent");
  assertEquals(rig.texts, [frames.map(({ text }) => text).join("")]);
  const { writes } = rig.connections[0];
  return writes.flatMap(({ atMs, bytes }) => new Array<number>(bytes / 11).fill(atMs - writes[0].atMs));
}

Deno.test("at 1x every frame is sent when it came, counted from the first", async () => {
  const times = [5000, 5020, 5020 + 1300, 10_000, 15_000];
  assertEquals(await sentAt(recorded(...times), { pace: { speed: 1, maxGapMs: Infinity } }), [
    0,
    20,
    1320,
    5000,
    10_000,
  ]);
});

Deno.test("at 2x and 0.5x gaps are halved and doubled", async () => {
  const frames = recorded(0, 100, 3000);
  assertEquals(await sentAt(frames, { pace: { speed: 2, maxGapMs: Infinity } }), [0, 50, 1500]);
  assertEquals(await sentAt(frames, { pace: { speed: 0.5, maxGapMs: Infinity } }), [0, 200, 6000]);
});

Deno.test("late timers do not add up: 10 s of recording take 10 s, each frame within 10 ms", async () => {
  const random = seeded(1);
  const times: number[] = [0];
  while (times.at(-1)! < 10_000) times.push(times.at(-1)! + 11 + Math.floor(random() * 60));
  const sent = await sentAt(recorded(...times), { pace: { speed: 1, maxGapMs: Infinity } }, 4);
  times.forEach((atMs, i) => {
    assert(sent[i] >= atMs && sent[i] - atMs < 10, `frame ${i} at ${sent[i]} ms, recorded at ${atMs} ms`);
  });
});

Deno.test("max_gap shortens longer gaps as they were recorded, and a clock that was set back makes none", () => {
  const schedule = new Schedule({ speed: 2, maxGapMs: 5000 });
  const seconds = [10, 12, 3600, 3601, 100, 101];
  assertEquals(seconds.map((s) => schedule.next(s * 1e6)), [0, 1000, 3500, 4000, 4000, 4500]);
});

Deno.test("without a pace nothing waits", async () => {
  assertEquals(await sentAt(recorded(0, 1000, 86_400_000), {}), [0, 0, 0]);
});

Deno.test("after a lost connection the pace continues from the first frame sent again, and nothing is caught up", async () => {
  const frames = recorded(0, 1000, 2000, 3000);
  const rig = new Rig(await record([frames]), {
    pace: { speed: 1, maxGapMs: Infinity },
    connect: (attempt, { clock, connections }) => {
      if (attempt > 1 && clock.nowMs < 10_000) return undefined;
      return new TargetConnection(clock, { lasts: connections.length === 0 ? 22 : Infinity });
    },
    retries: 1000,
  });
  assertEquals((await rig.run()).kind, "sent");
  const [first, second] = rig.connections;
  assertEquals([first.text, second.text], ["frame 0000\nframe 0001\n", "frame 0002\nframe 0003\n"]);
  const [third, fourth] = second.writes;
  assertEquals(fourth.atMs - third.atMs, 1000);
});

Deno.test("a rate holds within 5 % over 10 s, alone and together with a pace that asks for more", async () => {
  const text = `${"x".repeat(999)}\n`;
  const frames: Recorded[] = Array.from({ length: 12_000 }, (_, i) => ({ text, atMs: Math.floor(i / 20) * 10 }));
  const files = await record([batches(frames, 20)]);
  for (const pace of [undefined, { speed: 1, maxGapMs: Infinity }]) {
    const rig = new Rig(files, { rateBytes: 1e6, pace, pieceBytes: 50_000 });
    assertEquals((await rig.run()).kind, "sent");
    const { writes } = rig.connections[0];
    const bytes = writes.filter(({ atMs }) => atMs - writes[0].atMs <= 10_000).reduce(
      (sum, each) => sum + each.bytes,
      0,
    );
    assert(Math.abs(bytes - 10e6) < 10e6 * 0.05, `${bytes} bytes in 10 s`);
  }
});

function batches(frames: readonly Recorded[], size: number): Recorded[][] {
  return Array.from({ length: frames.length / size }, (_, i) => frames.slice(i * size, (i + 1) * size));
}
