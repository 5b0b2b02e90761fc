/** From end to end by answers: `confirm = "reply"`, `source.reply`, `replies = "forward"`, `reply_ok`. */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import { Answerer } from "../peers/answerer.ts";
import { Asker, LINES, MLLP } from "../peers/asker.ts";
import { freePorts } from "./rig/ports.ts";
import { scene } from "./rig/scene.ts";
import { pause, until } from "./rig/wait.ts";

const textOf = (number: number) => `message ${String(number).padStart(6, "0")} ${"x".repeat(number % 300)}`;
const MLLP_FRAMING = { type: "delimited", start: "\u000b", end: "\u001c\r" };

scene(
  "sender and receiver wait for answers, relay and receiver die at random: nothing answered is lost",
  async (scene) => {
    const [source, target] = freePorts(2);
    const start = () =>
      scene.spillway([{
        name: "feed",
        source: { listen: `127.0.0.1:${source}`, reply: "safe\n" },
        target: {
          connect: `127.0.0.1:${target}`,
          confirm: "reply",
          window: 64,
          retry_min: "10ms",
          retry_max: "50ms",
        },
        journal: { dir: `${scene.directory}/journal`, mode: "always", sync: "each", segment_bytes: "64KiB" },
      }]).listening(source);
    const answerer = new Answerer({ listen: loopback(target), wire: LINES, answerTo: () => "ok" });
    scene.defer(() => answerer.stop());
    let relay = await start();
    const asker = new Asker({
      connect: loopback(source),
      wire: LINES,
      count: 1_000_000,
      window: 50,
      messageOf: textOf,
      accepts: (_, answer) => answer === "safe",
    });
    scene.defer(() => asker.stop());
    for (let kill = 1; kill <= 8; kill++) {
      const before = answerer.processed.length;
      await until("messages are processed", () => answerer.processed.length > before + 300 || asker.wrong);
      await pause(Math.random() * 60); // any moment will do
      if (kill % 2 === 0) answerer.crash();
      else {
        await relay.kill();
        relay = await start();
      }
    }
    const answered = asker.answered;
    asker.stop();
    const lost = () => firstMissing(answerer.processed, answered);
    await until("everything that was answered is processed", () => lost() === undefined || asker.wrong);
    assertEquals(asker.wrong, undefined);
    assertEquals((await relay.stop()).code, 0);
    const repeats = answerer.processed.length - new Set(answerer.processed).size;
    scene.note(`${answered} answered to the sender, ${answerer.processed.length} processed, ${repeats} of them again`);
    for (const text of answerer.processed) assert(isWhole(text), `processed ${JSON.stringify(text)}`);
  },
);

scene("frames above a max_frame that was lowered since are delivered all the same, one by one", async (scene) => {
  const [source, target] = freePorts(2);
  const start = (max_frame: string) =>
    scene.spillway([{
      name: "feed",
      framing: { type: "line", max_frame },
      source: { listen: `127.0.0.1:${source}`, reply: "safe\n" },
      target: { connect: `127.0.0.1:${target}`, confirm: "reply", retry_min: "10ms", retry_max: "50ms" },
      journal: { dir: `${scene.directory}/journal`, mode: "always" },
    }]).listening(source);
  const before = await start("4MiB");
  const texts = ["x".repeat(2_000_000), "short", "y".repeat(3_000_000)];
  const asker = new Asker({
    connect: loopback(source),
    wire: LINES,
    count: texts.length,
    window: texts.length,
    messageOf: (number) => texts[number],
    accepts: (_, answer) => answer === "safe",
  });
  scene.defer(() => asker.stop());
  await until("all are safe", () => asker.answered === texts.length || asker.wrong);
  assertEquals((await before.stop()).code, 0);

  const answerer = new Answerer({ listen: loopback(target), wire: LINES, answerTo: () => "ok" });
  scene.defer(() => answerer.stop());
  const after = await start("64KiB");
  await until("all are processed", () => answerer.processed.length === texts.length);
  assertEquals((await after.stop()).code, 0);
  assertEquals(answerer.processed, texts);
});

scene("MLLP: a sender gets the receiver's own acknowledgement of each message, and exactly that one", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "hl7",
    framing: MLLP_FRAMING,
    source: { listen: `127.0.0.1:${source}`, max_connections: 1 },
    target: {
      connect: `127.0.0.1:${target}`,
      confirm: "reply",
      replies: "forward",
      reply_ok: "MSA\\|AA",
      retry_min: "10ms",
      retry_max: "50ms",
    },
    journal: { dir: `${scene.directory}/journal`, mode: "always" },
  }]).listening(source);
  const idOf = (text: string) => text.split(" ")[1];
  const answerer = new Answerer({
    listen: loopback(target),
    wire: MLLP,
    // Every seventh message is refused when it comes first.
    answerTo: (text, attempt) => `MSA|${Number(idOf(text)) % 7 === 0 && attempt === 1 ? "AE" : "AA"}|${idOf(text)}`,
  });
  scene.defer(() => answerer.stop());
  const COUNT = 300;
  const asker = new Asker({
    connect: loopback(source),
    wire: MLLP,
    count: COUNT,
    window: 1,
    messageOf: textOf,
    accepts: (number, answer) => answer === `MSA|AA|${String(number).padStart(6, "0")}`,
  });
  scene.defer(() => asker.stop());
  await until("some are answered", () => asker.answered > 50 || asker.wrong);
  answerer.crash();
  await until("all are answered", () => asker.answered === COUNT || asker.wrong);
  assertEquals(asker.wrong, undefined);
  assertEquals(asker.connections, 1, "the sender's connections");
  assertEquals((await relay.stop()).code, 0);
  assertEquals(firstMissing(answerer.processed, COUNT), undefined);
});

scene("a message refused three times goes to quarantine, is counted, and the next one follows", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, confirm: "reply", reply_ok: "^ok$", window: 8 },
    journal: { dir: `${scene.directory}/journal` },
  }]).listening(source);
  const poison = new Set([textOf(5), textOf(40)]);
  const answerer = new Answerer({
    listen: loopback(target),
    wire: LINES,
    answerTo: (text) => poison.has(text) ? "no, thanks" : "ok",
  });
  scene.defer(() => answerer.stop());
  const COUNT = 60;
  const messages = Array.from({ length: COUNT }, (_, i) => `${textOf(i)}\n`).join("");
  const producer = await Deno.connect({ port: source });
  await producer.write(new TextEncoder().encode(messages));
  producer.close();
  await until("the last one is processed", () => answerer.attempts.has(textOf(COUNT - 1)));
  const stopped = await relay.stop();
  assertEquals(stopped.code, 0);

  for (const text of poison) assertEquals(answerer.attempts.get(text), 3, `attempts of ${text}`);
  assertEquals(answerer.connections, 1, "it was all said on one connection");
  for (const number of [5, 40]) {
    const path = `${scene.directory}/journal/quarantine/${String(number).padStart(20, "0")}.refused`;
    assertEquals(Deno.readTextFileSync(path), `${textOf(number)}\n`);
  }
  const books = JSON.parse(relay.logged(/"route stopped"/)[0]);
  assertEquals([books.delivered_frames, books.dropped_frames, books.pending_frames], [COUNT - 2, 2, 0]);
  assertEquals(relay.logged(/it is in quarantine/).length, 2);
});

scene("target.rate holds for backlog and live frames alike", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, rate: "1MB", retry_min: "10ms", retry_max: "50ms" },
    journal: { dir: `${scene.directory}/journal` },
  }]).listening(source);
  const frames = { kind: "line", size: 500 } as const;
  await scene.producer({ connect: loopback(source), frames, count: 2_000 });
  const consumer = scene.consumer({ listen: loopback(target), frames });
  await until("the backlog is on its way", () => consumer.tally.frames > 0);
  await scene.producer({ connect: loopback(source), frames, first: 2_000, count: 2_000 });
  await until("everything is there", () => consumer.tally.frames === 4_000);
  const report = consumer.report(4_000);
  scene.note(`2 MB at 1 MB/s took ${(report.elapsedMs / 1000).toFixed(2)} s`);
  assert(report.elapsedMs > 1_800, `2 MB at 1 MB/s in ${report.elapsedMs} ms`);
  assertEquals((await relay.stop()).code, 0);
});

/** The first of messages [0, count) that was never processed. */
function firstMissing(processed: readonly string[], count: number): number | undefined {
  const seen = new Set(processed);
  for (let number = 0; number < count; number++) if (!seen.has(textOf(number))) return number;
  return undefined;
}

function isWhole(text: string): boolean {
  return text === textOf(Number(text.slice(8, 14)));
}
