/** The clean stop of a whole relay in virtual time: its order, its one deadline, and that nothing is lost. */
import { RESERVE_MS, STOP_MS } from "../../src/base/stop_deadline.ts";
import { decodeCursor } from "../../src/journal/files/format/cursor.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { open, readAll } from "../journal/support/rig.ts";
import { frames, ProducerConnection } from "./peers.ts";
import { DIRECTORY, FRAME_BYTES, Stage } from "./stage.ts";

const COUNT = 2000;

/** A relay that has taken 2,000 frames, of so many bytes each, all of them in flight to a consumer that confirms none. */
async function frozen(keys: readonly string[] = [], frameBytes = FRAME_BYTES) {
  const stage = new Stage();
  const relay = await stage.relay(...keys);
  const producer = await stage.produce();
  producer.feed(frames(0, COUNT, frameBytes));
  await stage.clock.advance(50);
  const [consumer] = stage.consumers;
  assertEquals(consumer.sent, COUNT * frameBytes, "all is in flight");
  return { stage, relay, producer, consumer };
}

/** What the next start finds: pending frames, and that the stop was clean. */
async function nextStart({ files }: Stage) {
  const journal = await open(files, { directory: DIRECTORY });
  const { clean, atRiskBytes, pendingFrames } = journal.recovery;
  const found = { clean, atRiskBytes, pendingFrames, cursor: journal.cursor, end: journal.end };
  const frames = await readAll(journal);
  await journal.close();
  return { ...found, sequences: frames.map(({ text }) => parseInt(text)) };
}

function numbers(from: number, until: number): number[] {
  return Array.from({ length: until - from }, (_, i) => from + i);
}

/** Resolves never: a sync that hangs. */
const never = new Promise<never>(() => {});

Deno.test("with every wait due at once the stop keeps its one deadline, appends first, and loses nothing", async () => {
  const stage = new Stage();
  const relay = await stage.relay('source.reply = "ok"', 'journal.mode = "always"');
  // It never closes, and takes no reply: those that are owed to it cannot be said, nor can that there are no more.
  const deaf = new ProducerConnection();
  deaf.deaf = true;
  (await stage.produce(deaf)).feed(frames(0, COUNT, FRAME_BYTES));
  const silent = await stage.produce();
  await stage.clock.advance(50);
  // A frame whose end never comes.
  silent.feed(frames(COUNT, 1, FRAME_BYTES).subarray(0, 50));
  await stage.clock.advance(50);
  stage.files.pace = (operation) => operation === "sync" ? never : undefined;

  const beginMs = stage.clock.nowMs;
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 0, "exit code");
  const tookMs = stage.clock.nowMs - beginMs;
  assert(tookMs <= STOP_MS, `the stop took ${tookMs} ms of ${STOP_MS}`);
  const at = (message: string) => stage.said(message)[0].atMs - beginMs;
  assertEquals(at("source disconnected"), 1000, "producers have a second");
  assertEquals(
    at("target disconnected"),
    STOP_MS - RESERVE_MS.inFlight,
    "the consumer has what is left, the last sync and the cursor apart",
  );
  assertEquals(stage.said("the last sync does not come to an end").length, 1);
  stage.files.pace = () => undefined;
  const found = await nextStart(stage);
  assertEquals(found.sequences, numbers(0, COUNT));
  assertEquals([found.clean, found.atRiskBytes, found.pendingFrames], [true, 0, COUNT]);
});

Deno.test("what is unconfirmed is appended before the consumer is waited for", async () => {
  const { stage, relay } = await frozen();
  stage.files.log.length = 0;
  relay.stop();
  // Less than any of the waits.
  await stage.clock.advance(1100);
  assertEquals(stage.said("target disconnected").length, 0, "the consumer is still waited for");
  const killed = stage.files.afterCrash();
  const journal = await open(killed, { directory: DIRECTORY });
  assertEquals((await readAll(journal)).map(({ text }) => parseInt(text)), numbers(0, COUNT));
  await journal.close();
  assertEquals(await stage.clock.run(relay.stopped), 0);
});

for (const when of [[0], [20], [0, 0], [20, 20, 20], [990, 0], [1500, 0]]) {
  const told = when.map((ms) => `${ms} ms`).join(" and ");
  Deno.test(`a further signal after ${told} ends the waiting at once, and nothing else`, async () => {
    const { stage, relay } = await frozen();
    const beginMs = stage.clock.nowMs;
    relay.stop();
    for (const ms of when) {
      await stage.clock.advance(ms);
      relay.hurry();
    }
    assertEquals(await stage.clock.run(relay.stopped), 0, "exit code");
    const tookMs = stage.clock.nowMs - beginMs;
    const lastMs = when.reduce((sum, ms) => sum + ms, 0);
    // Producers that are silent for a moment have nothing more on their way.
    assert(tookMs <= lastMs + 50, `${tookMs} ms, the last signal came after ${lastMs} ms`);
    const found = await nextStart(stage);
    assertEquals(found.sequences, numbers(0, COUNT));
    assertEquals([found.clean, found.atRiskBytes], [true, 0]);
  });
}

Deno.test("what has arrived at the first signal is read and journaled, though the second follows at once", async () => {
  const { stage, relay, producer } = await frozen();
  for (let i = 1; i < 20; i++) producer.feed(frames(i * COUNT, COUNT, FRAME_BYTES));
  relay.stop();
  relay.hurry();
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assertEquals((await nextStart(stage)).sequences, numbers(0, 20 * COUNT));
});

Deno.test("a producer that never stops sending is read for a second, hurry or not", async () => {
  const { stage, relay, producer } = await frozen();
  const beginMs = stage.clock.nowMs;
  relay.stop();
  relay.hurry();
  const sending = (async () => {
    for (let next = COUNT; !producer.closed; next += 10) {
      producer.feed(frames(next, 10, FRAME_BYTES));
      await stage.clock.sleep(5);
    }
  })();
  assertEquals(await stage.clock.run(relay.stopped), 0);
  await stage.clock.run(sending);
  const readMs = stage.said("source disconnected")[0].atMs - beginMs;
  assert(readMs >= 1000 && readMs <= 1020, `${readMs} ms`);
  const [{ fields: books }] = stage.said("route stopped");
  assertEquals((await nextStart(stage)).pendingFrames, books.received_frames);
});

Deno.test("what the consumer confirms while it is waited for counts, in the books and in the cursor", async () => {
  const { stage, relay, consumer } = await frozen();
  relay.stop();
  await stage.clock.advance(1200);
  consumer.acknowledged = 1500 * FRAME_BYTES;
  assertEquals(await stage.clock.run(relay.stopped), 0);
  const [books] = stage.said("route stopped");
  const { received_frames, delivered_frames, pending_frames, dropped_frames } = books.fields;
  assertEquals([received_frames, delivered_frames, pending_frames, dropped_frames], [COUNT, 1500, 500, 0]);
  const { cursor, end, clean, pendingFrames } = await nextStart(stage);
  assertEquals([cursor, end, clean, pendingFrames], [1500, COUNT, true, 500]);
});

Deno.test("a consumer that keeps up is not waited for, nor are producers that close", async () => {
  const { stage, relay, producer, consumer } = await frozen();
  consumer.acknowledged = consumer.sent;
  await stage.clock.advance(50);
  const beginMs = stage.clock.nowMs;
  producer.end();
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assert(stage.clock.nowMs - beginMs <= 20, `${stage.clock.nowMs - beginMs} ms`);
  assertEquals((await nextStart(stage)).pendingFrames, 0);
});

Deno.test("a dial that nobody answers does not hold up the stop", async () => {
  const stage = new Stage();
  stage.consumerThere = false;
  const relay = await stage.relay('target.connect_timeout = "1m"');
  const producer = await stage.produce();
  producer.feed(frames(0, 10, FRAME_BYTES));
  producer.end();
  await stage.clock.advance(100);
  const beginMs = stage.clock.nowMs;
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assert(stage.clock.nowMs - beginMs <= 20, `${stage.clock.nowMs - beginMs} ms`);
  assertEquals((await nextStart(stage)).pendingFrames, 10);
});

Deno.test("the last append goes beyond max_bytes and below min_free", async () => {
  const keys = ['journal.max_bytes = "2MiB"', 'journal.segment_bytes = "1MiB"', 'journal.min_free = "64MiB"'];
  const { stage, relay } = await frozen(keys, 1500);
  stage.files.free = 8 * 1024 * 1024;
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assertEquals((await nextStart(stage)).sequences, numbers(0, COUNT));
});

const noSegments = (code: string) => (operation: string, path: string) =>
  operation === "write" && path.includes(".seg") ? { code } : undefined;

Deno.test("what could not be appended and is confirmed while the consumer is waited for is not lost", async () => {
  const { stage, relay, consumer } = await frozen();
  stage.files.plan = noSegments("ENOSPC");
  relay.stop();
  await stage.clock.advance(1500);
  consumer.acknowledged = consumer.sent;
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assertEquals(stage.said("frames are lost").length, 0);
  const { clean, pendingFrames, cursor } = await nextStart(stage);
  assertEquals([clean, pendingFrames, cursor], [true, 0, COUNT]);
});

Deno.test("what could not be appended is tried once more when the consumer has been waited for", async () => {
  const { stage, relay } = await frozen();
  stage.files.plan = noSegments("EIO");
  relay.stop();
  await stage.clock.advance(1500);
  stage.files.plan = () => undefined;
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assertEquals((await nextStart(stage)).sequences, numbers(0, COUNT));
});

Deno.test("what can never be appended is lost, with its range, its bytes at the next start, and exit code 1", async () => {
  const { stage, relay, consumer } = await frozen();
  stage.files.plan = noSegments("ENOSPC");
  relay.stop();
  await stage.clock.advance(1500);
  consumer.acknowledged = 700 * FRAME_BYTES + 30;
  assertEquals(await stage.clock.run(relay.stopped), 1);
  const { first, until, bytes } = stage.said("frames are lost")[0].fields;
  assertEquals([first, until, bytes], [700, COUNT, (COUNT - 700) * FRAME_BYTES]);
  const [{ fields: books }] = stage.said("route stopped");
  assertEquals([books.delivered_frames, books.dropped_frames, books.pending_frames], [700, COUNT - 700, 0]);
  stage.files.plan = () => undefined;
  const { clean, atRiskBytes } = await nextStart(stage);
  assertEquals([clean, atRiskBytes], [false, (COUNT - 700) * FRAME_BYTES]);
});

Deno.test("a disk that takes nothing any more is given up in time, and the range is named", async () => {
  const { stage, relay } = await frozen();
  stage.files.pace = (operation, path) => operation === "write" && path.includes(".seg") ? never : undefined;
  const beginMs = stage.clock.nowMs;
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 1);
  assert(stage.clock.nowMs - beginMs <= STOP_MS, `${stage.clock.nowMs - beginMs} ms`);
  const { first, until, reason } = stage.said("frames are lost")[0].fields;
  assertEquals([first, until, reason], [0, COUNT, "the disk does not answer"]);
});

Deno.test("a disk that does not take the cursor ends the stop in time with 1, and nothing is written to it later", async () => {
  const { stage, relay } = await frozen();
  let answer = () => {};
  const answered = new Promise<void>((resolve) => answer = resolve);
  stage.files.pace = (operation, path) => operation === "write" && path.endsWith("cursor") ? answered : undefined;
  const beginMs = stage.clock.nowMs;
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 1);
  assert(stage.clock.nowMs - beginMs <= STOP_MS, `${stage.clock.nowMs - beginMs} ms`);
  assertEquals(stage.said("could not be closed cleanly")[0].fields.error, "the disk does not take the cursor");
  stage.files.log.length = 0;
  answer();
  await stage.clock.advance(10_000);
  assertEquals(stage.files.log.filter((line) => line === `write ${DIRECTORY}/cursor`).length, 1, "the one under way");
  const { clean, sequences } = await nextStart(stage);
  assertEquals([clean, sequences], [false, numbers(0, COUNT)]);
});

Deno.test("a disk that is slow and goes on taking frames is waited for beyond the deadline", async () => {
  const { stage, relay } = await frozen(['memory.max_bytes = "64MiB"'], 6000);
  stage.files.pace = (operation, path) =>
    operation === "write" && path.includes(".seg") ? stage.clock.sleep(900) : undefined;
  const beginMs = stage.clock.nowMs;
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assert(stage.clock.nowMs - beginMs > STOP_MS, `${stage.clock.nowMs - beginMs} ms: nothing was slow`);
  stage.files.pace = () => undefined;
  assertEquals((await nextStart(stage)).sequences, numbers(0, COUNT));
});

Deno.test("while the stop waits, the cursor file says what memory alone holds: nothing", async () => {
  const { stage, relay } = await frozen();
  relay.stop();
  await stage.clock.run(relay.stopped);
  const found = decodeCursor(stage.files.bytesOf(`${DIRECTORY}/cursor`));
  assertEquals(found.kind === "valid" && found.state, {
    cursor: 0,
    atRiskBytes: 0,
    clean: true,
    unreadFrames: 0,
    resendFrames: 0,
  });
});

Deno.test("a consumer that has closed its side just before the stop is not sent our end before it is known what that meant", async () => {
  const stage = new Stage();
  const relay = await stage.relay();
  (await stage.produce()).feed(frames(0, COUNT, FRAME_BYTES));
  await stage.clock.advance(50);
  const [consumer] = stage.consumers;
  consumer.acknowledged = consumer.sent;
  await stage.clock.advance(10);
  consumer.end();
  await stage.clock.advance(0);
  relay.stop();
  assertEquals(await stage.clock.run(relay.stopped), 0);
  assertEquals([consumer.closed, consumer.writeClosed], [true, false]);
});
