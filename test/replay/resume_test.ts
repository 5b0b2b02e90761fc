/** Lost connections: sending resumes at the first unconfirmed frame, until attempts without progress end the replay. */
import { createFramer } from "../../src/framing/framing.ts";
import type { ReplyRules } from "../../src/target/reply_rules.ts";
import { SpillwayError, SystemError } from "../../src/base/error.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { lines } from "../journal/support/rig.ts";
import { type Kept, record, type Recorded, recordInMemory, Rig } from "./rig.ts";
import { TargetConnection } from "./target_connection.ts";

const FRAME_BYTES = 11;
const recorded = (first: number, count: number): Recorded[] => lines(first, count).map((text) => ({ text, atMs: 0 }));
/** Three segments; records of several frames, in buffers that hold two of them. */
const SEGMENTS = [[recorded(0, 7), recorded(7, 6)], [recorded(13, 5)], [recorded(18, 7), recorded(25, 5)]];
const TOTAL = 30;

const rules = (changes: Partial<ReplyRules> = {}): ReplyRules => ({
  framer: createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 1024 }),
  timeoutMs: 1000,
  ok: undefined,
  attempts: 3,
  window: 4,
  ...changes,
});

/** Answers each frame as `say` wants it, 5 ms after it came; undefined: not at all. */
async function answer(rig: Rig, running: Promise<unknown>, say: (line: string) => string | undefined): Promise<void> {
  const answered = new Map<TargetConnection, number>();
  let over = false;
  running.then(() => over = true, () => over = true);
  while (!over) {
    await rig.clock.advance(5);
    for (const connection of rig.connections) {
      const frames = connection.text.split("\n").slice(0, -1);
      for (const frame of frames.slice(answered.get(connection) ?? 0)) {
        const text = say(frame);
        if (text !== undefined) connection.answer(`${text}\n`);
      }
      answered.set(connection, frames.length);
    }
  }
}

/** A replay is the same wherever the journal is kept. */
const KEPT: readonly [string, () => Promise<Kept>][] = [
  ["journal in directory", () => record(SEGMENTS)],
  ["journal in memory", () => recordInMemory(SEGMENTS)],
];

for (const [name, journal] of KEPT) {
  for (let acknowledged = 0; acknowledged <= TOTAL * FRAME_BYTES; acknowledged += 4) {
    Deno.test(`${name}: ${acknowledged} of ${TOTAL * FRAME_BYTES} bytes acknowledged: the next connection begins at the first frame without`, async () => {
      const rig = new Rig(await journal(), {
        bufferBytes: 150,
        connect: (attempt, { clock }) =>
          new TargetConnection(clock, attempt === 1 ? { acknowledges: acknowledged, lasts: TOTAL * FRAME_BYTES } : {}),
      });
      await rig.prepare();
      const running = rig.replay.run();
      running.catch(() => {});
      await rig.clock.advance(50);
      rig.connections[0].cut();
      const outcome = await rig.clock.run(running);
      const confirmed = Math.floor(acknowledged / FRAME_BYTES);
      const again = lines(confirmed, TOTAL - confirmed).join("");
      assertEquals(rig.texts, [lines(0, TOTAL).join(""), ...again === "" ? [] : [again]]);
      assertEquals(outcome.kind, "sent");
      assertEquals(rig.feed.progress.sentTwice, TOTAL - confirmed, "all of it was written");
      assertEquals([rig.feed.confirmed, rig.feed.progress.frames], [TOTAL, TOTAL]);
      assertEquals(rig.feed.progress.bytes, TOTAL * FRAME_BYTES);
      assertEquals(rig.pool.usedBytes, 0, "every buffer was given back");
    });
  }

  Deno.test(`${name}: wherever a connection breaks, nothing is missing and repeats begin at a frame`, async () => {
    for (let lasts = FRAME_BYTES; lasts < 60; lasts++) {
      const rig = new Rig(await journal(), {
        bufferBytes: 100,
        pieceBytes: 25,
        connect: (_, { clock }) => new TargetConnection(clock, { lasts }),
        retries: 3,
      });
      assertEquals((await rig.run()).kind, "sent");
      // Whatever is cut off at the end of a connection is what the next one begins with.
      const whole = rig.texts.map((text) => text.slice(0, text.length - text.length % FRAME_BYTES)).join("");
      assertEquals(whole, lines(0, TOTAL).join(""), `${lasts} bytes a connection`);
    }
  });

  Deno.test(`${name}: the selection and its limit hold over all connections together`, async () => {
    const rig = new Rig(await journal(), {
      selection: { from: 3, until: 28, limit: 20 },
      connect: (_, { clock }) => new TargetConnection(clock, { lasts: 40 }),
    });
    assertEquals((await rig.run()).kind, "sent");
    const whole = rig.texts.map((text) => text.slice(0, text.length - text.length % FRAME_BYTES)).join("");
    assertEquals(whole, lines(3, 20).join(""));
  });

  Deno.test(`${name}: a number of attempts without progress ends the replay, and progress resets the count`, async () => {
    const rig = new Rig(await journal(), {
      retries: 3,
      // Every third attempt gets two frames through; after the third of those nobody is there.
      connect: (attempt, { clock }) =>
        attempt % 3 === 0 && attempt < 10 ? new TargetConnection(clock, { lasts: 2 * FRAME_BYTES }) : undefined,
    });
    const outcome = await rig.run();
    assertEquals([outcome.kind, outcome.reason], ["gave up", "nobody there"]);
    assertEquals(rig.feed.confirmed, 6);
    assertEquals(rig.attempts, 9 + 3);
    assertEquals(rig.log.lines.length, 4, "an outage is one line");
  });

  Deno.test(`${name}: a consumer may close with its last reply, also if the window was full until then`, async () => {
    const rig = new Rig(await journal(), {
      confirm: rules({ window: TOTAL }),
      connect: (attempt, { clock }) => attempt === 1 ? new TargetConnection(clock) : undefined,
      retries: 0,
    });
    await rig.prepare();
    const running = rig.replay.run();
    await rig.clock.advance(10);
    rig.connections[0].answer("ok\n".repeat(TOTAL));
    rig.connections[0].cut();
    assertEquals((await rig.clock.run(running)).kind, "sent");
  });

  Deno.test(`${name}: without retries the first failure is the end`, async () => {
    const refused = new Rig(await journal(), { retries: 0, connect: () => undefined });
    assertEquals((await refused.run()).kind, "gave up");
    assertEquals(refused.attempts, 1);
    const lost = new Rig(await journal(), {
      retries: 0,
      connect: (_, { clock }) => new TargetConnection(clock, { lasts: 25 }),
    });
    assertEquals((await lost.run()).kind, "gave up");
    assertEquals([lost.attempts, lost.feed.confirmed], [1, 2]);
  });

  Deno.test(`${name}: of the frames that were lost with a connection only those that were written count as sent twice`, async () => {
    const rig = new Rig(await journal(), {
      pieceBytes: 33,
      connect: (attempt, { clock }) =>
        new TargetConnection(clock, attempt === 1 ? { lasts: 40, acknowledges: 12 } : {}),
    });
    // 40 bytes are three frames and a part of the fourth, of which the first is acknowledged.
    assertEquals((await rig.run()).kind, "sent");
    assertEquals(rig.feed.progress.sentTwice, 2);
  });

  Deno.test(`${name}: a stop ends the replay at once, and it is known exactly how far it has come`, async () => {
    const rig = new Rig(await journal(), {
      connect: (_, { clock }) => new TargetConnection(clock, { acknowledges: 60 }),
    });
    await rig.prepare();
    const running = rig.replay.run();
    await rig.clock.advance(500);
    rig.replay.stop();
    assertEquals((await rig.clock.run(running)).kind, "stopped");
    assertEquals(rig.feed.confirmed, 5);
    assertEquals(rig.connections[0].closed, true);
  });

  Deno.test(`${name}: a stop while it waits for the rate writes nothing more`, async () => {
    const rig = new Rig(await journal(), { rateBytes: 50, pieceBytes: 33 });
    await rig.prepare();
    const running = rig.replay.run();
    await rig.clock.advance(1000);
    rig.replay.stop();
    const before = rig.connections[0].text;
    assertEquals((await rig.clock.run(running)).kind, "stopped");
    assertEquals(rig.connections[0].text, before);
    assertEquals(rig.feed.confirmed, Math.floor(before.length / FRAME_BYTES));
  });

  Deno.test(`${name}: a stop while no target answers ends the replay, too`, async () => {
    const rig = new Rig(await journal(), { connect: () => undefined, retries: 1e6 });
    await rig.prepare();
    const running = rig.replay.run();
    await rig.clock.advance(1000);
    rig.replay.stop();
    assertEquals((await rig.clock.run(running)).kind, "stopped");
  });

  Deno.test(`${name}: a stop does not wait for an attempt that is under way`, async () => {
    const rig = new Rig(await journal(), { attempt: () => new Promise(() => {}) });
    await rig.prepare();
    const running = rig.replay.run();
    await rig.clock.advance(1000);
    rig.replay.stop();
    assertEquals((await rig.clock.run(running)).kind, "stopped");
  });

  Deno.test(`${name}: at the end the consumer gets a FIN and a second to close its side`, async () => {
    const rig = new Rig(await journal());
    await rig.run();
    assertEquals([rig.connections[0].finished, rig.connections[0].closed], [true, true]);
  });

  Deno.test(`${name}: a consumer that still sends is waited for after the end, one that is silent or never ends is not`, async () => {
    for (const [talksMs, closedMs] of [[0, 1000], [5000, 6000], [60_000, 30_000]]) {
      const rig = new Rig(await journal(), { connect: (_, { clock }) => new TargetConnection(clock, { stays: true }) });
      await rig.prepare();
      const running = rig.replay.run();
      running.then(() => {});
      await rig.clock.advance(1);
      const [connection] = rig.connections;
      let closedAt = 0;
      for (let ms = 0; closedAt === 0 && ms < 70_000; ms += 500) {
        if (connection.closed) closedAt = ms;
        else if (ms <= talksMs) connection.answer("got it\n");
        await rig.clock.advance(500);
      }
      assert(Math.abs(closedAt - closedMs) <= 500, `talks for ${talksMs} ms, closed after ${closedAt} ms`);
      assertEquals((await rig.clock.run(running)).kind, "sent");
    }
  });

  Deno.test(`${name}: with replies a frame is confirmed by its reply, and no more frames are in flight than the window holds`, async () => {
    const rig = new Rig(await journal(), { confirm: rules() });
    await rig.prepare();
    const running = rig.replay.run();
    let most = 0;
    await answer(rig, running, () => {
      most = Math.max(most, rig.feed.framesInFlight);
      return "ok";
    });
    assertEquals((await running).kind, "sent");
    assertEquals(rig.texts, [lines(0, TOTAL).join("")]);
    assertEquals(most, 4);
  });

  Deno.test(`${name}: a reply that does not come is a lost connection, and the frame is sent again`, async () => {
    const rig = new Rig(await journal(), { confirm: rules() });
    await rig.prepare();
    const running = rig.replay.run();
    let asked = 0;
    await answer(rig, running, () => asked++ < 10 || rig.connections.length > 1 ? "ok" : undefined);
    assertEquals((await running).kind, "sent");
    assertEquals(rig.texts, [lines(0, 14).join(""), lines(10, 20).join("")]);
  });

  Deno.test(`${name}: a frame that is refused three times ends the replay with an error that names it`, async () => {
    const rig = new Rig(await journal(), { confirm: rules({ ok: /^ok/ }) });
    await rig.prepare();
    const running = rig.replay.run();
    running.catch(() => {});
    let refusals = 0;
    await answer(rig, running, (line) => line === "frame 0011" ? `no ${++refusals}` : "ok");
    const error = await assertRejects(() => running, SpillwayError);
    assertEquals([error.message, refusals], ["the consumer refused frame 11 3 times", 3]);
    assertEquals(rig.feed.confirmed, 11);
  });

  Deno.test(`${name}: with a rewind that many bytes are sent again to a consumer that dies with everything acknowledged and unread`, async () => {
    const rig = new Rig(await journal(), {
      rewind: 5 * FRAME_BYTES,
      connect: (attempt, { clock }) => new TargetConnection(clock, attempt === 1 ? { unread: true, stays: true } : {}),
    });
    await rig.prepare();
    const running = rig.replay.run();
    running.catch(() => {});
    await rig.clock.advance(50);
    rig.connections[0].cut();
    const outcome = await rig.clock.run(running);
    assertEquals(rig.texts, [lines(0, TOTAL).join(""), lines(TOTAL - 5, 5).join("")]);
    assertEquals([outcome.kind, outcome.mayBeLostBytes], ["sent", (TOTAL - 5) * FRAME_BYTES]);
  });

  for (const rewind of [0, 5 * FRAME_BYTES, "auto"] as const) {
    Deno.test(`${name}: rewind ${rewind}: what a consumer that stays has not read may be lost, and is not sent again`, async () => {
      const rig = new Rig(await journal(), {
        rewind,
        connect: (_, { clock }) => new TargetConnection(clock, { unread: true, stays: true }),
      });
      const outcome = await rig.run();
      assertEquals([outcome.kind, outcome.mayBeLostBytes, rig.attempts], ["sent", TOTAL * FRAME_BYTES, 1]);
    });
  }
}

Deno.test("a disk that cannot be read ends the replay: it is no lost connection", async () => {
  const files = await record(SEGMENTS);
  const rig = new Rig(files);
  await rig.prepare();
  files.plan = (operation) => operation === "read" ? { code: "EACCES" } : undefined;
  await assertRejects(() => rig.clock.run(rig.replay.run()), SystemError, "EACCES");
  assertEquals(rig.attempts, 1);
});
