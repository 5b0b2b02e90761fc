/**
 * A file system of 32 MB that fills up, and has space again in the middle: each
 * policy does what it says. `deno task soak:disk` has every policy with a
 * consumer that is absent and one that is slow, stopped by `min_free` and by ENOSPC.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { Consumer } from "../peers/consumer.ts";
import type { FrameKind } from "../peers/frames.ts";
import type { ProducerReport } from "../peers/producer.ts";
import { assertOrdered, countOf } from "./cases/verdict.ts";
import { mountDisk } from "./rig/disk.ts";
import { freePorts } from "./rig/ports.ts";
import { type Scene, scene } from "./rig/scene.ts";
import type { LogLine, Spillway } from "./rig/spillway.ts";
import { until } from "./rig/wait.ts";

const LINES: FrameKind = { kind: "line", size: 512 };
const COUNT = 80_000;
/** Frames of a second producer, which comes when there is room again. */
const LATER_COUNT = 1_000;
/** Somebody else's file, which leaves less room than the frames need. */
const BALLAST_BYTES = 12 * 2 ** 20;
/** Of a consumer that is slow. */
const SLOWLY = 1e6;
/** Space is looked for four times a second; a busy machine may add to that. */
const RESUME_MS_MAX = 3_000;

/** What fills up, and who takes nothing out of it. */
interface Setting {
  readonly consumer: "absent" | "slow";
  /** "0B": until the kernel says ENOSPC. */
  readonly minFree: string;
}

interface Policy {
  readonly whenFull: string;
  readonly mode: string;
  /** What the log says when the policy begins to apply. */
  readonly applies: RegExp;
  /** And, where it waits for room, when that is over. */
  readonly over?: RegExp;
  /** Judges the end; `books` is what the relay said at its stop. */
  judge(outcome: Outcome): void;
}

interface Outcome {
  readonly setting: Setting;
  readonly consumer: Consumer;
  readonly sent: ProducerReport;
  readonly books: LogLine;
}

const TAKES_AGAIN = /"the journal takes frames again"/;
const NO_ROOM = /"the journal has no room, frames wait in memory"/;

const POLICIES: readonly Policy[] = [
  ...["overflow", "always"].map((mode): Policy => ({
    whenFull: "block",
    mode,
    applies: NO_ROOM,
    over: TAKES_AGAIN,
    judge({ consumer, sent, books }) {
      assertEquals([sent.error, sent.frames], [undefined, COUNT], "the producer sent everything");
      assertEquals(consumer.tally.missing(COUNT), []);
      assertEquals([books.received_frames, books.dropped_frames], [COUNT, 0]);
    },
  })),
  {
    whenFull: "drop-oldest",
    mode: "overflow",
    applies: /"no room in the journal, its oldest segment is dropped"/,
    judge({ setting, consumer, sent, books }) {
      assertEquals([sent.error, sent.frames], [undefined, COUNT], "the producer sent everything");
      const missing = consumer.tally.missing(COUNT);
      if (setting.consumer === "absent") {
        assertEquals(missing.map(({ from }) => from), [0], "the oldest frames, and no others, are missing");
      }
      assert(missing.length > 0 && consumer.tally.has(COUNT - 1), "the newest frames are there");
      assertEquals(books.dropped_frames, countOf(missing));
    },
  },
  {
    whenFull: "drop-newest",
    mode: "overflow",
    applies: /"no room in journal and memory, new frames are dropped"/,
    over: TAKES_AGAIN,
    judge({ consumer, sent, books }) {
      assertEquals([sent.error, sent.frames], [undefined, COUNT], "the producer sent everything");
      const missing = countOf(consumer.tally.missing(COUNT));
      assert(missing > 0 && consumer.tally.has(0), "what came first is there, what came when it was full is not");
      assertEquals(books.dropped_frames, missing);
      assertEquals(books.received_frames, COUNT);
    },
  },
  {
    whenFull: "disconnect",
    mode: "overflow",
    applies: /"no room in journal and memory, producers are disconnected"/,
    over: /"producers are admitted again"/,
    judge({ consumer, sent, books }) {
      assert(sent.error !== undefined, "the producer was closed");
      const received = Number(books.received_frames) - LATER_COUNT;
      assertEquals(consumer.tally.missing(received), [], "what was read before arrives");
      assertEquals([books.delivered_frames, books.dropped_frames], [received + LATER_COUNT, 0]);
    },
  },
];

const SETTINGS: readonly Setting[] = [
  { consumer: "absent", minFree: "1MiB" },
  { consumer: "slow", minFree: "0B" },
  { consumer: "absent", minFree: "0B" },
  { consumer: "slow", minFree: "1MiB" },
];

/** Where two things matter for a policy, the gate has both of them once. */
const ALL = Deno.env.get("SPILLWAY_DISK_FULL") === "1";

for (const policy of POLICIES) {
  const settings = ALL ? SETTINGS : SETTINGS.slice(0, policy.mode === "always" ? 1 : 2);
  for (const setting of settings) {
    const how =
      `${policy.whenFull} (${policy.mode}), min_free = ${setting.minFree}, the consumer is ${setting.consumer}`;
    scene(`a disk that is full, and has space again: when_full = ${how}`, (scene) => play(scene, policy, setting), [
      "tmpfs",
    ]);
  }
}

async function play(scene: Scene, policy: Policy, setting: Setting): Promise<void> {
  const disk = await mountDisk(scene, BALLAST_BYTES);
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_min: "20ms", retry_max: "100ms" },
    memory: { max_bytes: "4MiB" },
    journal: { dir: `${disk}/journal`, mode: policy.mode, min_free: setting.minFree, when_full: policy.whenFull },
  }]).listening(source);
  const consume = (bytesPerSecond?: number) =>
    scene.consumer({ listen: loopback(target), frames: LINES, bytesPerSecond });
  const slow = setting.consumer === "slow" ? consume(SLOWLY) : undefined;
  const sending = scene.producer({ connect: loopback(source), frames: LINES, count: COUNT, bytesPerSecond: 20e6 });
  await relay.saying(policy.applies, 20_000);
  if (policy.over !== undefined) await freeSpace(scene, disk, relay, policy.over);
  // With drop-oldest there is nothing to wait for: it goes on, on as little room as there is.
  else await sending;
  slow?.pace(0);
  const consumer = slow ?? consume();
  const sent = await sending;
  if (sent.error === undefined) {
    await until("the last frame", () => consumer.tally.end() === COUNT || consumer.damage);
  } else {
    const later = { connect: loopback(source), frames: LINES, count: LATER_COUNT, producer: 1 };
    assertEquals((await scene.producer(later)).error, undefined, "a producer that comes later");
    // In order: behind its last frame nothing of the first producer is to come.
    await until("the later producer's frames", () => consumer.tally.end(1) === LATER_COUNT || consumer.damage);
  }
  assertEquals((await relay.stop()).code, 0);
  const [books] = relay.logged(/"route stopped"/).map((line): LogLine => JSON.parse(line));
  assertOrdered(consumer);
  assertEquals(consumer.tally.frames, books.delivered_frames, "delivered, by the consumer's tally and by the books");
  assertEquals(consumer.tally.repeats, 0, "repeats");
  policy.judge({ setting, consumer, sent, books });
  scene.note(`received ${books.received_frames}, delivered ${books.delivered_frames}, dropped ${books.dropped_frames}`);
}

/** The ballast goes; the relay finds out by itself, and has said only once that there was no room. */
async function freeSpace(scene: Scene, disk: string, relay: Spillway, over: RegExp): Promise<void> {
  assertEquals(relay.logged(NO_ROOM).length, 1, "the state is logged once");
  const since = performance.now();
  await Deno.remove(`${disk}/ballast`);
  await relay.saying(over);
  const waited = performance.now() - since;
  scene.note(`resumed ${Math.round(waited)} ms after space came back`);
  assert(waited < RESUME_MS_MAX, `resumed after ${Math.round(waited)} ms`);
}
