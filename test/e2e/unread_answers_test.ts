/**
 * A producer that does not read the consumer's answers: delivery waits for it,
 * the log says so, the healthy consumer is not cut off, and when the producer
 * reads again it gets one answer for each message, whatever the consumer does.
 */
import type { RouteStatus } from "../../src/admin/status.ts";
import { loopback } from "../peers/address.ts";
import { Answerer } from "../peers/answerer.ts";
import { encode, messagesOf, MLLP, writeAll } from "../peers/asker.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import type { ConfigTable } from "./rig/config.ts";
import { freePorts } from "./rig/ports.ts";
import { type Scene, scene } from "./rig/scene.ts";
import type { Spillway } from "./rig/spillway.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { pause, until } from "./rig/wait.ts";

const REPLY_TIMEOUT_MS = 500;
/** So often a consumer would have been cut off while the producer does not read. */
const TIMEOUTS = 4;

interface Story {
  readonly messages: number;
  readonly messageBytes: number;
  readonly answerBytes: number;
  readonly target?: ConfigTable;
  readonly memory?: ConfigTable;
}

const idOf = (text: string) => text.slice(0, 8);
const message = (number: number, bytes: number) => String(number).padStart(8, "0").padEnd(bytes, "m");
const answer = (id: string, bytes: number) => `MSA|AA|${id}|`.padEnd(bytes, "a");

class Theatre {
  readonly answerer: Answerer;
  relay!: Spillway;
  /** Answers that the producer has read. */
  read = 0;
  connection!: Deno.TcpConn;
  sending: Promise<void> = Promise.resolve();
  #wrong: string | undefined;

  constructor(private readonly scene: Scene, private readonly story: Story, private readonly ports: readonly number[]) {
    const { answerBytes } = story;
    const answerTo = (text: string) => answer(idOf(text), answerBytes);
    this.answerer = new Answerer({ listen: loopback(ports[1]), wire: MLLP, answerTo });
    scene.defer(() => this.answerer.stop());
  }

  /** The producer sends everything, and reads nothing until `readAll`. */
  async begin(): Promise<void> {
    const [source, target] = this.ports;
    const { messages, messageBytes } = this.story;
    this.relay = await this.scene.spillway([{
      name: "hl7",
      framing: { type: "delimited", start: "\u000b", end: "\u001c\r" },
      source: { listen: `127.0.0.1:${source}`, max_connections: 1 },
      target: {
        connect: `127.0.0.1:${target}`,
        confirm: "reply",
        replies: "forward",
        reply_timeout: `${REPLY_TIMEOUT_MS}ms`,
        retry_min: "10ms",
        retry_max: "50ms",
        ...this.story.target,
      },
      journal: { dir: `${this.scene.directory}/journal`, mode: "always" },
      memory: this.story.memory ?? {},
    }]).listening(source);
    const connection = this.connection = await Deno.connect({ hostname: "127.0.0.1", port: source });
    this.scene.defer(() => close(connection));
    this.sending = (async () => {
      for (let from = 0; from < messages; from += 100) {
        const texts = Array.from({ length: Math.min(100, messages - from) }, (_, i) => message(from + i, messageBytes));
        await writeAll(connection, join(texts.map((text) => encode(MLLP, text))));
      }
    })();
    this.sending.catch(() => {}); // the scene is over
  }

  /** Reads answers up to number `until`, each of which has to be the next one's. */
  async readUntil(last: number): Promise<void> {
    this.#answers ??= messagesOf(this.connection, MLLP);
    while (this.read < last) {
      const { value, done } = await this.#answers.next();
      const expected = answer(idOf(message(this.read, 8)), this.story.answerBytes);
      if (done || value !== expected) this.#wrong ??= `answer ${this.read}: ${done ? "the end" : value.slice(0, 80)}`;
      assertEquals(this.#wrong, undefined);
      this.read++;
    }
  }

  #answers: AsyncGenerator<string> | undefined;
}

async function statusOf({ directory }: Scene): Promise<RouteStatus> {
  const [command, ...args] = [...relayCommand(chosenRuntime()), "status", "--json", `${directory}/journal`];
  const { stdout } = await new Deno.Command(command, { args }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).routes[0];
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch { /* closed already */ }
}

const STORIES: Readonly<Record<string, Story>> = {
  "a full window": { messages: 20_000, messageBytes: 60, answerBytes: 600 },
  "a window of 20": { messages: 20_000, messageBytes: 60, answerBytes: 600, target: { window: 20 } },
  "long answers in little memory": {
    messages: 6_000,
    messageBytes: 600,
    answerBytes: 3_000,
    memory: { max_bytes: "1MiB" },
  },
};

for (const [what, story] of Object.entries(STORIES)) {
  scene(`a producer that does not read its answers for a while gets each of them once: ${what}`, async (scene) => {
    const theatre = new Theatre(scene, story, freePorts(2));
    const { answerer } = theatre;
    await theatre.begin();
    const { relay } = theatre;
    await until("the log names the producer", () => relay.logged(/does not read its answers/).length > 0);
    await pause(REPLY_TIMEOUT_MS * TIMEOUTS); // the consumer's time-outs must not run out in it
    assertEquals(answerer.connections, 1, "the consumer was cut off");
    const held = answerer.processed.length;
    assert(held < story.messages, "everything was answered: the producer held nothing up");

    const { state, detail } = await statusOf(scene);
    assert(detail?.includes("has not read its answers"), `status says ${state}: ${detail}`);
    await theatre.readUntil(Math.floor(held / 2));
    answerer.crash();
    await theatre.readUntil(story.messages);
    await theatre.sending;
    assertEquals(new Set(answerer.processed).size, story.messages, "messages processed");
    assertEquals(answerer.connections, 2, "the consumer's connections");
    theatre.connection.closeWrite();
    const stopped = await relay.stop();
    assertEquals(stopped.code, 0);
    assertEquals(relay.logged(/waits for the producer no more/).length > 0, true);
    const books = JSON.parse(relay.logged(/"route stopped"/)[0]);
    assertEquals([books.delivered_frames, books.pending_frames, books.dropped_frames], [story.messages, 0, 0]);
  });
}

scene(
  "a relay whose producer does not read its answers stops cleanly, and delivers the rest next time",
  async (scene) => {
    const story = STORIES["long answers in little memory"];
    const theatre = new Theatre(scene, story, freePorts(2));
    await theatre.begin();
    const { relay, answerer } = theatre;
    await until("the log names the producer", () => relay.logged(/does not read its answers/).length > 0);
    const stopped = await relay.stop();
    assertEquals(stopped.code, 0);
    const books = JSON.parse(relay.logged(/"route stopped"/)[0]);
    assert(books.delivered_frames <= answerer.processed.length, "delivered without an answer");
    assertEquals(books.received_frames, books.delivered_frames + books.pending_frames);
  },
);

scene("another consumer does not take over because the producer does not read its answers", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "hl7",
    framing: { type: "delimited", start: "\u000b", end: "\u001c\r" },
    source: { listen: `127.0.0.1:${source}`, max_connections: 1 },
    target: { listen: `127.0.0.1:${target}`, confirm: "reply", replies: "forward" },
    journal: { dir: `${scene.directory}/journal`, mode: "always" },
  }]).listening(source, target);
  const consumer = await Deno.connect({ port: target });
  scene.defer(() => close(consumer));
  let answered = 0;
  (async () => {
    for await (const text of messagesOf(consumer, MLLP)) {
      await writeAll(consumer, encode(MLLP, answer(idOf(text), 500)));
      answered++;
    }
  })().catch(() => {}); // the scene is over
  const producer = await Deno.connect({ port: source });
  scene.defer(() => close(producer));
  const sending = (async () => {
    for (let i = 0; i < 20_000; i++) await writeAll(producer, encode(MLLP, message(i, 60)));
  })();
  sending.catch(() => {}); // the scene is over
  await until("the log names the producer", () => relay.logged(/does not read its answers/).length > 0);
  const second = await Deno.connect({ port: target });
  scene.defer(() => close(second));
  await until("the second one waits", () => relay.logged(/a consumer waits/).length > 0);
  await pause(5_500); // after 5 s a silent consumer would be replaced
  assertEquals(relay.logged(/takes over/).length, 0);
  let read = 0;
  for await (const text of messagesOf(producer, MLLP)) {
    assertEquals(text, answer(idOf(message(read, 8)), 500));
    if (++read === 20_000) break;
  }
  assertEquals(answered, 20_000);
  assertEquals((await relay.stop()).code, 0);
});
