/** Whoever ends a producer's connection: what is owed to it for what came in is said first, and stray bytes are no reason. */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import { Answerer } from "../peers/answerer.ts";
import { Asker, MLLP } from "../peers/asker.ts";
import { freePorts } from "./rig/ports.ts";
import { type Scene, scene } from "./rig/scene.ts";
import type { Spillway } from "./rig/spillway.ts";
import { pause, until } from "./rig/wait.ts";

const MLLP_FRAMING = { type: "delimited", start: "\u000b", end: "\u001c\r" };
const textOf = (number: number) => `message ${number}`;
const COUNT = 100;

/** An MLLP route whose producer is answered by the consumer. */
async function forwarding(scene: Scene, source: number, target: number, idle_timeout = "0s"): Promise<Spillway> {
  return await scene.spillway([{
    name: "hl7",
    framing: MLLP_FRAMING,
    source: { listen: `127.0.0.1:${source}`, max_connections: 1, idle_timeout },
    target: {
      connect: `127.0.0.1:${target}`,
      confirm: "reply",
      replies: "forward",
      retry_min: "10ms",
      retry_max: "50ms",
    },
    journal: { dir: `${scene.directory}/journal`, mode: "always" },
  }]).listening(source);
}

function answerer(scene: Scene, target: number, stray = ""): Answerer {
  const made = new Answerer({ listen: loopback(target), wire: MLLP, stray, answerTo: (text) => `to ${text}` });
  scene.defer(() => made.stop());
  return made;
}

function asker(scene: Scene, source: number, options: { count: number; window: number; stray?: string }): Asker {
  const accepts = (number: number, answer: string) => answer === `to ${textOf(number)}` || answer === "ok";
  const made = new Asker({ connect: loopback(source), wire: MLLP, messageOf: textOf, accepts, ...options });
  scene.defer(() => made.stop());
  return made;
}

/** Every message came to the consumer once, and was answered once, on one connection; nothing but stray bytes was dropped. */
async function assertOnce(relay: Spillway, asker: Asker, processed: readonly string[], strayBytes: number) {
  await until("all are answered", () => asker.answered === COUNT || asker.wrong);
  assertEquals(asker.wrong, undefined);
  assertEquals(asker.connections, 1, "the sender's connections");
  await until("all are processed", () => processed.length >= COUNT);
  assertEquals((await relay.stop()).code, 0);
  assertEquals(processed, Array.from({ length: COUNT }, (_, number) => textOf(number)));
  const [books] = relay.logged(/"route stopped"/).map((line) => JSON.parse(line));
  assertEquals([books.dropped_frames, books.dropped_bytes], [0, strayBytes]);
}

for (const stray of ["\n", "\r\n", "\0"]) {
  const name = JSON.stringify(stray);

  scene(
    `a stray ${name} behind each MLLP block: the receiver's answers, stray bytes and all, are handed on once each`,
    async (scene) => {
      const [source, target] = freePorts(2);
      const relay = await forwarding(scene, source, target);
      const receiver = answerer(scene, target, stray);
      const sender = asker(scene, source, { count: COUNT, window: 5, stray });
      await assertOnce(relay, sender, receiver.processed, COUNT * stray.length);
    },
  );

  scene(`a stray ${name} behind each MLLP block: the relay's own reply comes once for each`, async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "hl7",
      framing: MLLP_FRAMING,
      source: { listen: `127.0.0.1:${source}`, reply: "\u000bok\u001c\r" },
      target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "50ms" },
      journal: { dir: `${scene.directory}/journal`, mode: "always" },
    }]).listening(source);
    const receiver = answerer(scene, target);
    const sender = asker(scene, source, { count: COUNT, window: 5, stray });
    await assertOnce(relay, sender, receiver.processed, COUNT * stray.length);
  });
}

scene(
  "bytes that are no frame after an order: its answer always arrives before the connection is closed",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "orders",
      source: { listen: `127.0.0.1:${source}`, reply: "ok\n" },
      target: { connect: `127.0.0.1:${target}` },
      journal: { dir: `${scene.directory}/journal`, mode: "always", sync: "each" },
    }]).listening(source);
    const ROUNDS = 60;
    for (let round = 0; round < ROUNDS; round++) {
      const order = new TextEncoder().encode(`order ${round}\n`);
      const bytes = new Uint8Array(order.length + 2 ** 20 + 1000).fill(97);
      bytes.set(order);
      const connection = await Deno.connect({ port: source });
      const sending = sendAll(connection, bytes).catch(() => {});
      assertEquals(await textUntilEnd(connection), "ok\n", `round ${round}`);
      await sending;
      connection.close();
    }
    const { code } = await relay.stop();
    assertEquals(code, 0);
    const [books] = relay.logged(/"route stopped"/).map((line) => JSON.parse(line));
    assertEquals([books.pending_frames, books.dropped_frames], [ROUNDS, 0]);
    assertEquals(relay.logged(/bytes that are no frame/).length, ROUNDS);
  },
);

scene(
  "a sender that is owed answers by a receiver that is down is not idle, and gets them on its connection",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await forwarding(scene, source, target, "1s");
    const sender = asker(scene, source, { count: 3, window: 3 });
    await relay.saying(/cannot connect to the target/);
    await relay.saying(/source connected/);
    await pause(4_000); // four times as long as an idle connection may be silent
    assertEquals(relay.logged(/source disconnected/), []);
    const receiver = answerer(scene, target);
    await until("all are answered", () => sender.answered === 3 || sender.wrong);
    assertEquals([sender.wrong, sender.connections], [undefined, 1]);
    assertEquals(receiver.processed, [0, 1, 2].map(textOf));
    assertEquals((await relay.stop()).code, 0);
  },
);

scene("an idle sender that is owed nothing is closed, and told so", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await forwarding(scene, source, target, "1s");
  const connection = await Deno.connect({ port: source });
  scene.defer(() => connection.close());
  assertEquals(await textUntilEnd(connection), "");
  assertEquals((await relay.saying(/source disconnected/)).reason, "idle_timeout");
  assertEquals((await relay.stop()).code, 0);
});

scene(
  "a full disk with when_full = disconnect: what was taken is answered before the connection ends",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "orders",
      framing: { type: "line", max_frame: "16KiB" },
      source: { listen: `127.0.0.1:${source}`, reply: "ok\n" },
      target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "50ms" },
      memory: { max_bytes: "1MiB" },
      journal: {
        dir: `${scene.directory}/journal`,
        mode: "always",
        segment_bytes: "64KiB",
        max_bytes: "256KiB",
        when_full: "disconnect",
      },
    }]).listening(source);
    const connection = await Deno.connect({ port: source });
    scene.defer(() => connection.close());
    const lines = new TextEncoder().encode(
      Array.from({ length: 20_000 }, (_, i) => `order ${i} ${"x".repeat(400)}\n`).join(""),
    );
    const sending = sendAll(connection, lines).catch(() => {});
    const answers = textUntilEnd(connection);
    await relay.saying(/producers are disconnected/);
    const consumer = new Answerer({ listen: loopback(target), wire: { start: "", end: "\n" }, answerTo: () => "" });
    scene.defer(() => consumer.stop());
    const text = await answers;
    await sending;
    const taken = text.length / "ok\n".length;
    assertEquals(text, "ok\n".repeat(taken));
    await relay.saying(/producers are admitted again/);
    await until("all that was answered has arrived", () => new Set(consumer.processed).size >= taken);
    assertEquals((await relay.stop()).code, 0);
    const [books] = relay.logged(/"route stopped"/).map((line) => JSON.parse(line));
    assert(taken > 500, `${taken} answers`);
    assertEquals(books.received_frames, taken, "frames that were taken, and answers");
  },
);

async function sendAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) from += await connection.write(bytes.subarray(from));
}

/** What comes until the other side ends it; rejects where that is a reset. */
async function textUntilEnd(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}
