/** Crowds of producers that begin frames and do not finish them, on a clock that passes only when nothing else happens. */
import { EVENTS } from "../../src/base/events.ts";
import type { Log, LogFields } from "../../src/base/log.ts";
import type { Framing } from "../../src/framing/framing.ts";
import { planMemory } from "../../src/relay/memory.ts";
import { DrainReader } from "../../src/source/drain.ts";
import type { DrainEnd } from "../../src/source/drain_end.ts";
import { SmallBuffers } from "../../src/source/small_buffers.ts";
import { STUCK_MS } from "../../src/source/unfinished.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { Intake, lengthPrefixed, line } from "./intake.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const lines = (maxFrame: number): Framing => ({ type: "line", delimiter: Uint8Array.of(10), maxFrame });
const prefixed = (maxFrame: number): Framing => (
  { type: "length-prefix", width: 4, endian: "big", offset: 0, includesHeader: false, maxFrame }
);
/** More than a tick, so that each of these steps sees what the last one did. */
const TICK_MS = 1000;

interface Producer {
  readonly connection: ScriptedConnection;
  readonly reader: DrainReader;
  end: DrainEnd | undefined;
}

/** A route with its memory as planned, and a consumer that takes at once what comes. */
class Route {
  readonly clock = new VirtualClock();
  readonly logged: { level: string; message: string; fields: LogFields | undefined }[] = [];
  readonly intake: Intake;
  readonly #small: SmallBuffers;

  constructor(framing: Framing, memoryBytes: number) {
    const memory = planMemory(memoryBytes, framing.type === "raw" || framing.type === "fixed" ? 1 : framing.maxFrame);
    const log: Log = { say: (event, fields) => void this.logged.push({ ...EVENTS[event], fields }) };
    this.intake = new Intake(framing, memory, { clock: this.clock, log });
    this.#small = new SmallBuffers(memory.pool, 1024);
  }

  connect(): Producer {
    const connection = new ScriptedConnection();
    const producer: Producer = {
      connection,
      reader: new DrainReader(connection, this.intake.context, this.#small.take()!),
      end: undefined,
    };
    producer.reader.run().then((end) => {
      producer.end = end;
      connection.close();
    });
    return producer;
  }

  /** Time passes: each second the route looks whether something is stuck, and `each` may feed more. */
  async pass(ms: number, each: () => void = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      each();
      await this.clock.advance(TICK_MS);
      this.intake.release();
      this.intake.context.unfinished.check(this.clock.nowMs);
      this.intake.pool.nudge();
    }
    await this.clock.advance(0);
    this.intake.release();
  }
}

const trickle = (crowd: readonly Producer[]) => () => {
  for (const { connection, end } of crowd) if (end === undefined) connection.feed(Uint8Array.of(97));
};
const stuck = (crowd: readonly Producer[]) => crowd.filter(({ end }) => end?.reason === "stuck");

interface Crowd {
  readonly name: string;
  readonly framing: Framing;
  readonly memory: number;
  readonly size: number;
  /** What each of them sends and does not finish. */
  readonly begin: Uint8Array;
  /** A whole frame that each sends before that. */
  readonly first?: Uint8Array;
  readonly good: Uint8Array;
}

const CROWDS: readonly Crowd[] = [
  {
    name: "100 lines of 900,000 bytes",
    framing: lines(MIB),
    memory: 16 * MIB,
    size: 100,
    begin: new Uint8Array(900_000).fill(97),
    good: line(500, 98),
  },
  {
    name: "1,000 lines of 20,000 bytes",
    framing: lines(MIB),
    memory: 16 * MIB,
    size: 1000,
    begin: new Uint8Array(20_000).fill(97),
    good: line(500, 98),
  },
  {
    name: "100 lines of 900,000 bytes after a whole one",
    framing: lines(MIB),
    memory: 16 * MIB,
    size: 100,
    first: line(100, 99),
    begin: new Uint8Array(900_000).fill(97),
    good: line(500, 98),
  },
  {
    name: "100 frames of 4 MiB, a quarter of memory",
    framing: prefixed(4 * MIB),
    memory: 16 * MIB,
    size: 100,
    begin: lengthPrefixed(4 * MIB).subarray(0, 3 * MIB),
    good: lengthPrefixed(500),
  },
  {
    name: "500 length prefixes that announce 1 MiB and no more",
    framing: prefixed(MIB),
    memory: 16 * MIB,
    size: 500,
    begin: lengthPrefixed(MIB).subarray(0, 5),
    good: lengthPrefixed(500),
  },
  {
    name: "200 lines of 5,000 bytes in the least memory there may be",
    framing: lines(256 * KIB),
    memory: MIB,
    size: 200,
    begin: new Uint8Array(5000).fill(97),
    good: line(100, 98),
  },
  {
    name: "20 frames of a quarter of the least memory",
    framing: prefixed(256 * KIB),
    memory: MIB,
    size: 20,
    first: lengthPrefixed(100),
    begin: lengthPrefixed(256 * KIB).subarray(0, 200 * KIB),
    good: lengthPrefixed(100),
  },
];

for (const { name, framing, memory, size, first, begin, good } of CROWDS) {
  Deno.test(`beside ${name} a good producer's frames get through at once, and the crowd goes`, async () => {
    const route = new Route(framing, memory);
    const crowd = Array.from({ length: size }, () => route.connect());
    for (const { connection } of crowd) {
      if (first !== undefined) connection.feed(first);
      await route.clock.advance(0);
      route.intake.release();
      connection.feed(begin);
    }
    await route.pass(2000, trickle(crowd));
    route.intake.delivered.length = 0;

    const producer = route.connect();
    for (let i = 0; i < 500; i++) {
      producer.connection.feed(good);
      await route.clock.advance(0);
      route.intake.release();
    }
    await route.clock.advance(50);
    route.intake.release();
    const arrived = route.intake.delivered.reduce((sum, bytes) => sum + bytes.length, 0);
    assertEquals(arrived, 500 * good.length, "bytes of the good producer that arrived within 50 ms");
    assert(route.intake.pool.usedBytes <= memory, `${route.intake.pool.usedBytes} bytes used`);

    await route.pass(STUCK_MS, trickle(crowd));
    const waiting = crowd.filter(({ reader, end }) => end === undefined && reader.waitsForMemory);
    if (waiting.length > 0) assert(stuck(crowd).length > 0, `${waiting.length} wait, and nobody was closed`);
    await route.pass(600_000, trickle(crowd));
    assert(!crowd.some(({ reader, end }) => end === undefined && reader.waitsForMemory), "somebody waits for ever");
    assertEquals(producer.end, undefined, "the good producer is still connected");

    for (const { connection } of [...crowd, producer]) connection.close();
    await route.clock.advance(100);
    assertEquals(route.intake.close(), 0);
  });
}

Deno.test("a byte now and then is no progress: who has completed no frame for 10 s while others wait is closed", async () => {
  const route = new Route(lines(MIB), 16 * MIB);
  const crowd = Array.from({ length: 30 }, () => route.connect());
  for (const { connection } of crowd) connection.feed(new Uint8Array(900_000).fill(97));
  await route.pass(STUCK_MS - 2000, trickle(crowd));
  assertEquals(stuck(crowd).length, 0, "closed before 10 s");
  const waited = crowd.filter(({ reader }) => reader.waitsForMemory);
  assert(waited.length > 0 && waited.length < 30, `${waited.length} wait`);
  await route.pass(4000, trickle(crowd));
  assertEquals(stuck(crowd).length, 30 - waited.length, "all that held memory and were read");
  for (const { end } of stuck(crowd)) {
    const { bytesHeld, stalledMs, waiting } = end!.stuck!;
    assert(bytesHeld >= 900_000 && stalledMs >= STUCK_MS && waiting === waited.length, JSON.stringify(end!.stuck));
    assert(end!.leftover.bytes >= 900_000, "what it had sent is to be counted");
  }
  const began = route.logged.filter(({ message }) => message.startsWith("unfinished frames hold all the memory"));
  assertEquals(began.length, 1, "lines that say that connections wait");
  assertEquals(began[0].fields!.waiting, waited.length);
});

Deno.test("a slow producer of large frames is never closed while nobody waits", async () => {
  const route = new Route(lines(MIB), 16 * MIB);
  const slow = route.connect();
  slow.connection.feed(new Uint8Array(900_000).fill(97));
  await route.pass(3_600_000, () => slow.connection.feed(Uint8Array.of(98)));
  assertEquals(slow.end, undefined);
  slow.connection.feed(Uint8Array.of(10));
  await route.pass(TICK_MS);
  assertEquals(route.intake.delivered.map((bytes) => bytes.length), [900_000 + 3600 + 1]);
  assertEquals(route.logged, []);
});

Deno.test("a connection that waits for memory is not taken for stuck", async () => {
  const route = new Route(lines(MIB), 16 * MIB);
  const crowd = Array.from({ length: 12 }, () => route.connect());
  for (const { connection } of crowd) connection.feed(new Uint8Array(900_000).fill(97));
  await route.pass(5000, trickle(crowd));
  const waiting = crowd.filter(({ reader }) => reader.waitsForMemory);
  assert(waiting.length > 0, "none waits");
  // Those that hold memory finish one frame after the other: they are no crowd, only many.
  const served = crowd.filter((each) => !waiting.includes(each));
  await route.pass(60_000, () => {
    for (const { connection } of served) connection.feed(Uint8Array.of(10), new Uint8Array(600_000).fill(97));
    for (const { connection } of waiting) if (connection.unread > 0) connection.feed(Uint8Array.of(10));
  });
  assertEquals(stuck(crowd).length, 0);
  assert(
    !waiting.some(({ reader }) => reader.waitsForMemory),
    "one waited for a minute beside others that went on",
  );
});

Deno.test("a producer that completes its frames has memory for large ones beside a crowd that completed none", async () => {
  const route = new Route(lines(MIB), 16 * MIB);
  const hasCompletedFrame = route.connect();
  hasCompletedFrame.connection.feed(line(100, 98));
  await route.clock.advance(0);
  const crowd = Array.from({ length: 100 }, () => route.connect());
  for (const { connection } of crowd) connection.feed(new Uint8Array(900_000).fill(97));
  await route.pass(2000, trickle(crowd));
  route.intake.delivered.length = 0;
  for (let i = 0; i < 10; i++) {
    hasCompletedFrame.connection.feed(line(300_000, 98));
    await route.clock.advance(20);
    route.intake.release();
  }
  assertEquals(route.intake.delivered.reduce((sum, bytes) => sum + bytes.length, 0), 3_000_000);
});

Deno.test("a reader that is dismissed or loses its connection stops waiting for memory", async () => {
  const route = new Route(lines(MIB), 16 * MIB);
  const crowd = Array.from({ length: 30 }, () => route.connect());
  for (const { connection } of crowd) connection.feed(new Uint8Array(900_000).fill(97));
  await route.pass(TICK_MS);
  const [one, other] = crowd.filter(({ reader }) => reader.waitsForMemory);
  one.reader.dismiss();
  other.reader.close();
  await route.clock.advance(10);
  assertEquals([one.end?.reason, other.end?.reason], ["dismissed", "lost"]);
});
