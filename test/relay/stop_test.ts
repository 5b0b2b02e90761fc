/** The clean stop of a whole relay on a virtual clock: its order, its one deadline, and that nothing is lost. */
import { RESERVE_MS, STOP_MS, STOP_WAIT_MS } from "../../src/base/stop_deadline.ts";
import { decodeCursor } from "../../src/journal/files/format/cursor.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { open, readAll } from "../journal/support/rig.ts";
import { frames, ProducerConnection } from "./peers.ts";
import { DIRECTORY, FRAME_BYTES, VirtualRelay } from "./virtual_relay.ts";

const COUNT = 2000;

/** A relay that has received 2,000 frames of `frameBytes` bytes, all in flight to a consumer that confirms none. */
async function frozen(keys: readonly string[] = [], frameBytes = FRAME_BYTES) {
  const rig = new VirtualRelay();
  const relay = await rig.relay(...keys);
  const producer = await rig.produce();
  producer.feed(frames(0, COUNT, frameBytes));
  await rig.clock.advance(50);
  const [consumer] = rig.consumers;
  assertEquals(consumer.sent, COUNT * frameBytes, "all is in flight");
  return { rig, relay, producer, consumer };
}

/** What the next start finds: pending frames, and that the stop was clean. */
async function nextStart({ files }: VirtualRelay) {
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

/** Never resolves: an operation that hangs. */
const never = new Promise<never>(() => {});

Deno.test("with every wait at its limit the stop keeps its one deadline, appends first, and loses nothing", async () => {
  const rig = new VirtualRelay();
  const relay = await rig.relay('source.reply = "ok"', 'journal.mode = "always"');
  // It never closes, and takes no reply: those that are owed to it cannot be said, nor can that there are no more.
  const deaf = new ProducerConnection();
  deaf.deaf = true;
  (await rig.produce(deaf)).feed(frames(0, COUNT, FRAME_BYTES));
  const silent = await rig.produce();
  await rig.clock.advance(50);
  // A frame whose end never comes.
  silent.feed(frames(COUNT, 1, FRAME_BYTES).subarray(0, 50));
  await rig.clock.advance(50);
  rig.files.pace = (operation) => operation === "sync" ? never : undefined;

  const beginMs = rig.clock.nowMs;
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 0, "exit code");
  const tookMs = rig.clock.nowMs - beginMs;
  assert(tookMs <= STOP_MS, `the stop took ${tookMs} ms of ${STOP_MS}`);
  const at = (message: string) => rig.said(message)[0].atMs - beginMs;
  assertEquals(at("source disconnected"), STOP_WAIT_MS.producers, "producers have their time");
  assertEquals(
    at("target disconnected"),
    STOP_MS - RESERVE_MS.inFlight,
    "the consumer has what is left, the last sync and the cursor apart",
  );
  assertEquals(rig.said("the last sync does not come to an end").length, 1);
  rig.files.pace = () => undefined;
  const found = await nextStart(rig);
  assertEquals(found.sequences, numbers(0, COUNT));
  assertEquals([found.clean, found.atRiskBytes, found.pendingFrames], [true, 0, COUNT]);
});

Deno.test("the steps of a stop come in their order, each with its share of the one deadline", async () => {
  const { rig, relay } = await frozen();
  // Events that the log has no line for are added to it.
  const note = (message: string) => rig.log.push({ atMs: rig.clock.nowMs, level: "debug", message, fields: {} });
  rig.files.pace = (operation, path) => {
    if (operation === "write" && path.endsWith(".seg")) note("append");
    if (operation === "write" && path.endsWith("cursor")) note("cursor");
    return undefined;
  };
  relay.routes[0].closeBeforeRelease(async () => {
    note("before release");
    // As a control socket that does not close.
    await never;
  });
  const beginMs = rig.clock.nowMs;
  rig.log.length = 0;
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 0, "exit code");
  const steps = ["source disconnected", "append", "target disconnected", "before release", "cursor", "route stopped"];
  // The journal is also written before and after: its first append and the last cursor count.
  const indexes = steps.map((step) =>
    step === "cursor"
      ? rig.log.findLastIndex(({ message }) => message === step)
      : rig.log.findIndex(({ message }) => message === step)
  );
  assertEquals(indexes, indexes.toSorted((a, b) => a - b), steps.map((step, i) => `${step} ${indexes[i]}`).join(", "));
  assert(!indexes.includes(-1), "every step was made");
  const atMs = indexes.map((index) => rig.log[index].atMs - beginMs);
  assertEquals(atMs, [
    STOP_WAIT_MS.producers,
    STOP_WAIT_MS.producers,
    STOP_MS - RESERVE_MS.inFlight,
    STOP_MS - RESERVE_MS.inFlight,
    STOP_MS - RESERVE_MS.sync,
    STOP_MS - RESERVE_MS.sync,
  ]);
});

Deno.test("what is unconfirmed is appended before the consumer is waited for", async () => {
  const { rig, relay } = await frozen();
  rig.files.log.length = 0;
  relay.stop();
  // Less than any of the waits.
  await rig.clock.advance(1100);
  assertEquals(rig.said("target disconnected").length, 0, "the consumer is still waited for");
  const killed = rig.files.afterCrash();
  const journal = await open(killed, { directory: DIRECTORY });
  assertEquals((await readAll(journal)).map(({ text }) => parseInt(text)), numbers(0, COUNT));
  await journal.close();
  assertEquals(await rig.clock.run(relay.stopped), 0);
});

for (const when of [[0], [20], [0, 0], [20, 20, 20], [990, 0], [1500, 0]]) {
  const told = when.map((ms) => `${ms} ms`).join(" and ");
  Deno.test(`a further signal after ${told} ends the waiting at once, and nothing else`, async () => {
    const { rig, relay } = await frozen();
    const beginMs = rig.clock.nowMs;
    relay.stop();
    for (const ms of when) {
      await rig.clock.advance(ms);
      relay.hurry();
    }
    assertEquals(await rig.clock.run(relay.stopped), 0, "exit code");
    const tookMs = rig.clock.nowMs - beginMs;
    const lastMs = when.reduce((sum, ms) => sum + ms, 0);
    // Producers that are silent for a moment have nothing more on their way.
    assert(tookMs <= lastMs + 50, `${tookMs} ms, the last signal came after ${lastMs} ms`);
    const found = await nextStart(rig);
    assertEquals(found.sequences, numbers(0, COUNT));
    assertEquals([found.clean, found.atRiskBytes], [true, 0]);
  });
}

Deno.test("what has arrived at the first signal is read and appended, though the second follows at once", async () => {
  const { rig, relay, producer } = await frozen();
  for (let i = 1; i < 20; i++) producer.feed(frames(i * COUNT, COUNT, FRAME_BYTES));
  relay.stop();
  relay.hurry();
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assertEquals((await nextStart(rig)).sequences, numbers(0, 20 * COUNT));
});

Deno.test("a producer that never stops sending is read for a second, with or without a second signal", async () => {
  const { rig, relay, producer } = await frozen();
  const beginMs = rig.clock.nowMs;
  relay.stop();
  relay.hurry();
  const sending = (async () => {
    for (let next = COUNT; !producer.closed; next += 10) {
      producer.feed(frames(next, 10, FRAME_BYTES));
      await rig.clock.sleep(5);
    }
  })();
  assertEquals(await rig.clock.run(relay.stopped), 0);
  await rig.clock.run(sending);
  const readMs = rig.said("source disconnected")[0].atMs - beginMs;
  assert(readMs >= 1000 && readMs <= 1020, `${readMs} ms`);
  const [{ fields: books }] = rig.said("route stopped");
  assertEquals((await nextStart(rig)).pendingFrames, books.received_frames);
});

Deno.test("what the consumer confirms while it is waited for counts in the totals and in the cursor", async () => {
  const { rig, relay, consumer } = await frozen();
  relay.stop();
  await rig.clock.advance(1200);
  consumer.acknowledged = 1500 * FRAME_BYTES;
  assertEquals(await rig.clock.run(relay.stopped), 0);
  const [books] = rig.said("route stopped");
  const { received_frames, delivered_frames, pending_frames, dropped_frames } = books.fields;
  assertEquals([received_frames, delivered_frames, pending_frames, dropped_frames], [COUNT, 1500, 500, 0]);
  const { cursor, end, clean, pendingFrames } = await nextStart(rig);
  assertEquals([cursor, end, clean, pendingFrames], [1500, COUNT, true, 500]);
});

Deno.test("a consumer that keeps up is not waited for, nor are producers that close", async () => {
  const { rig, relay, producer, consumer } = await frozen();
  consumer.acknowledged = consumer.sent;
  await rig.clock.advance(50);
  const beginMs = rig.clock.nowMs;
  producer.end();
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assert(rig.clock.nowMs - beginMs <= 20, `${rig.clock.nowMs - beginMs} ms`);
  assertEquals((await nextStart(rig)).pendingFrames, 0);
});

Deno.test("an unanswered dial does not hold up the stop", async () => {
  const rig = new VirtualRelay();
  rig.consumerThere = false;
  const relay = await rig.relay('target.connect_timeout = "1m"');
  const producer = await rig.produce();
  producer.feed(frames(0, 10, FRAME_BYTES));
  producer.end();
  await rig.clock.advance(100);
  const beginMs = rig.clock.nowMs;
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assert(rig.clock.nowMs - beginMs <= 20, `${rig.clock.nowMs - beginMs} ms`);
  assertEquals((await nextStart(rig)).pendingFrames, 10);
});

Deno.test("the last append goes beyond max_bytes and below min_free", async () => {
  const keys = ['journal.max_bytes = "2MiB"', 'journal.segment_bytes = "1MiB"', 'journal.min_free = "64MiB"'];
  const { rig, relay } = await frozen(keys, 1500);
  rig.files.free = 8 * 1024 * 1024;
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assertEquals((await nextStart(rig)).sequences, numbers(0, COUNT));
});

const noSegments = (code: string) => (operation: string, path: string) =>
  operation === "write" && path.includes(".seg") ? { code } : undefined;

Deno.test("what could not be appended and is confirmed while the consumer is waited for is not lost", async () => {
  const { rig, relay, consumer } = await frozen();
  rig.files.plan = noSegments("ENOSPC");
  relay.stop();
  await rig.clock.advance(1500);
  consumer.acknowledged = consumer.sent;
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assertEquals(rig.said("frames are lost").length, 0);
  const { clean, pendingFrames, cursor } = await nextStart(rig);
  assertEquals([clean, pendingFrames, cursor], [true, 0, COUNT]);
});

Deno.test("what could not be appended is tried once more when the consumer has been waited for", async () => {
  const { rig, relay } = await frozen();
  rig.files.plan = noSegments("EIO");
  relay.stop();
  await rig.clock.advance(1500);
  rig.files.plan = () => undefined;
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assertEquals((await nextStart(rig)).sequences, numbers(0, COUNT));
});

Deno.test("what can never be appended is lost, with its range, its bytes at the next start, and exit code 1", async () => {
  const { rig, relay, consumer } = await frozen();
  rig.files.plan = noSegments("ENOSPC");
  relay.stop();
  await rig.clock.advance(1500);
  consumer.acknowledged = 700 * FRAME_BYTES + 30;
  assertEquals(await rig.clock.run(relay.stopped), 1);
  const { first, until, bytes } = rig.said("frames are lost")[0].fields;
  assertEquals([first, until, bytes], [700, COUNT, (COUNT - 700) * FRAME_BYTES]);
  const [{ fields: books }] = rig.said("route stopped");
  assertEquals([books.delivered_frames, books.dropped_frames, books.pending_frames], [700, COUNT - 700, 0]);
  rig.files.plan = () => undefined;
  const { clean, atRiskBytes } = await nextStart(rig);
  assertEquals([clean, atRiskBytes], [false, (COUNT - 700) * FRAME_BYTES]);
});

Deno.test("a disk that takes nothing any more is given up in time, and the range is named", async () => {
  const { rig, relay } = await frozen();
  rig.files.pace = (operation, path) => operation === "write" && path.includes(".seg") ? never : undefined;
  const beginMs = rig.clock.nowMs;
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 1);
  assert(rig.clock.nowMs - beginMs <= STOP_MS, `${rig.clock.nowMs - beginMs} ms`);
  const { first, until, reason } = rig.said("frames are lost")[0].fields;
  assertEquals([first, until, reason], [0, COUNT, "the disk does not answer"]);
});

Deno.test("a disk that hangs on the cursor ends the stop in time with exit code 1, and nothing is written to it later", async () => {
  const { rig, relay } = await frozen();
  let answer = () => {};
  const answered = new Promise<void>((resolve) => answer = resolve);
  rig.files.pace = (operation, path) => operation === "write" && path.endsWith("cursor") ? answered : undefined;
  const beginMs = rig.clock.nowMs;
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 1);
  assert(rig.clock.nowMs - beginMs <= STOP_MS, `${rig.clock.nowMs - beginMs} ms`);
  assertEquals(rig.said("could not be closed cleanly")[0].fields.error, "the disk does not take the cursor");
  rig.files.log.length = 0;
  answer();
  await rig.clock.advance(10_000);
  assertEquals(rig.files.log.filter((line) => line === `write ${DIRECTORY}/cursor`).length, 1, "the one under way");
  const { clean, sequences } = await nextStart(rig);
  assertEquals([clean, sequences], [false, numbers(0, COUNT)]);
});

Deno.test("a disk that is slow and goes on taking frames is waited for beyond the deadline", async () => {
  const { rig, relay } = await frozen(['memory.max_bytes = "64MiB"'], 6000);
  rig.files.pace = (operation, path) =>
    operation === "write" && path.includes(".seg") ? rig.clock.sleep(900) : undefined;
  const beginMs = rig.clock.nowMs;
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assert(rig.clock.nowMs - beginMs > STOP_MS, `${rig.clock.nowMs - beginMs} ms: nothing was slow`);
  rig.files.pace = () => undefined;
  assertEquals((await nextStart(rig)).sequences, numbers(0, COUNT));
});

Deno.test("after a clean stop the cursor file says that nothing was in memory alone", async () => {
  const { rig, relay } = await frozen();
  relay.stop();
  await rig.clock.run(relay.stopped);
  const found = decodeCursor(rig.files.bytesOf(`${DIRECTORY}/cursor`));
  assertEquals(found.kind === "valid" && found.state, {
    cursor: 0,
    atRiskBytes: 0,
    clean: true,
    unreadFrames: 0,
    resendFrames: 0,
  });
});

Deno.test("a consumer that has closed its side just before the stop is not sent our FIN before the meaning of its FIN is known", async () => {
  const rig = new VirtualRelay();
  const relay = await rig.relay();
  (await rig.produce()).feed(frames(0, COUNT, FRAME_BYTES));
  await rig.clock.advance(50);
  const [consumer] = rig.consumers;
  consumer.acknowledged = consumer.sent;
  await rig.clock.advance(10);
  consumer.end();
  await rig.clock.advance(0);
  relay.stop();
  assertEquals(await rig.clock.run(relay.stopped), 0);
  assertEquals([consumer.closed, consumer.writeClosed], [true, false]);
});
