/** `confirm = "reply"` over the real spool and journal, with a consumer that sends the replies that a test gives it. */
import { BufferPool } from "../../src/base/buffer.ts";
import { Histogram } from "../../src/base/histogram.ts";
import { systemClock } from "../../src/base/clock.ts";
import { Condition } from "../../src/base/condition.ts";
import { Ledger } from "../../src/base/ledger.ts";
import { silentLog } from "../../src/base/log.ts";
import { StopDeadline } from "../../src/base/stop_deadline.ts";
import { createFramer, type Framing } from "../../src/framing/framing.ts";
import { openJournal } from "../../src/journal/files/log/open.ts";
import type { DeliveryStream } from "../../src/spool/delivery_stream.ts";
import { Spool } from "../../src/spool/spool.ts";
import { SpoolFeed } from "../../src/spool/spool_feed.ts";
import type { ReplySink } from "../../src/target/confirmer.ts";
import { ReplyConfirmer } from "../../src/target/reply_confirmer.ts";
import { Refusals, type ReplyRules } from "../../src/target/reply_rules.ts";
import type { Session } from "../../src/target/session.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { optionsFor } from "../journal/support/rig.ts";
import { plainSession } from "./plain_session.ts";

const LINES: Framing = { type: "line", delimiter: Uint8Array.of(10), maxFrame: 1024 };
const encode = (text: string) => new TextEncoder().encode(text);

/** A producer that reads the replies that are forwarded to it, or does not. */
class ScriptedSink implements ReplySink {
  isReady = true;
  readonly #changed = new Condition();

  constructor(private readonly forwarded: string[]) {}

  set reads(reads: boolean) {
    this.isReady = reads;
    this.#changed.notify();
  }

  changed(): Promise<void> {
    return this.#changed.wait();
  }

  forward(bytes: Uint8Array, sequence: number | undefined): void {
    this.forwarded.push(`${sequence} ${new TextDecoder().decode(bytes)}`);
  }
}

class Rig {
  readonly files = new MemoryFiles();
  readonly ledger = new Ledger();
  readonly refusals = new Refusals();
  readonly forwarded: string[] = [];
  /** Where the replies are forwarded to. */
  readonly producer = new ScriptedSink(this.forwarded);
  readonly #framer = createFramer(LINES);
  readonly #pool = new BufferPool({
    maxBytes: 1 << 20,
    bufferBytes: 32 * 1024,
    reserveBytes: 96 * 1024,
    fillReleased: 0x2a,
  });
  connection = new ScriptedConnection();
  nowMs = 0;
  spool!: Spool;
  feed!: SpoolFeed;
  session!: Session;
  stream!: DeliveryStream;

  constructor(private readonly rules: Partial<ReplyRules> = {}) {}

  async open(): Promise<this> {
    const journal = await openJournal(optionsFor(this.files, { framer: this.#framer }));
    const { ledger } = this;
    const parts = { journal, framer: this.#framer, ledger, pool: this.#pool, log: silentLog, clock: systemClock };
    this.spool = new Spool({
      ...parts,
      listener: { appended() {}, advanced() {}, shut() {}, reopen() {} },
      mode: "overflow",
      whenFull: "block",
      rewind: 0,
      recordBytes: 16 * 1024,
    });
    this.feed = new SpoolFeed({
      ...parts,
      deliveryTimes: new Histogram([]),
      spool: this.spool,
      appendFirst: false,
      eachFrame: true,
    });
    await this.connect();
    return this;
  }

  async connect(): Promise<void> {
    this.connection = new ScriptedConnection();
    const stream = this.stream = await this.feed.begin();
    const clock = { ...systemClock, monotonicMs: () => this.nowMs };
    const rules: ReplyRules = {
      framer: createFramer(LINES),
      timeoutMs: 30_000,
      ok: undefined,
      attempts: 3,
      window: 1024,
      ...this.rules,
    };
    const confirmer = new ReplyConfirmer({
      stream,
      sink: this.spool,
      pool: this.#pool,
      clock,
      log: silentLog,
      rules,
      refusals: this.refusals,
      replies: this.producer,
    });
    const { connection } = this;
    this.session = plainSession({ connection, stream, confirmer, clock });
  }

  receive(...lines: readonly string[]): void {
    const bytes = encode(lines.map((line) => `${line}\n`).join(""));
    const buffer = this.#pool.take(bytes.length)!;
    buffer.bytes.set(bytes);
    this.spool.push(buffer, 0, bytes.length, lines.length, 0);
    buffer.release();
  }

  async reply(text: string): Promise<void> {
    this.connection.feed(encode(text));
    await turns();
  }

  /** Everything that was written on the connection. */
  get sent(): string {
    return new TextDecoder().decode(join(this.connection.written));
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("the n-th reply confirms the n-th frame, however the replies are cut into pieces", async () => {
  const rig = await new Rig().open();
  rig.receive("a", "b", "c", "d", "e");
  await turns();
  assertEquals(rig.sent, "a\nb\nc\nd\ne\n");
  for (const [piece, confirmed] of [["o", 0], ["k", 0], ["\n", 1], ["ok\nok\no", 3], ["k\nok\n", 5]] as const) {
    await rig.reply(piece);
    assertEquals(rig.spool.confirmed, confirmed, `after ${JSON.stringify(piece)}`);
    assertEquals(rig.ledger.delivered, { frames: confirmed, bytes: 2 * confirmed });
  }
});

Deno.test("no more frames than the window are sent without a reply", async () => {
  const rig = await new Rig({ window: 2 }).open();
  rig.receive("a", "b", "c", "d", "e");
  await turns();
  assertEquals(rig.sent, "a\nb\n");
  await rig.reply("ok\n");
  assertEquals(rig.sent, "a\nb\nc\n");
  await rig.reply("ok\nok\n");
  assertEquals(rig.sent, "a\nb\nc\nd\ne\n");
});

Deno.test("after a lost connection delivery goes on with the first frame that has no reply", async () => {
  const rig = await new Rig().open();
  rig.receive("a", "b", "c");
  await rig.reply("ok\nok\n");
  rig.connection.end();
  assertEquals(await rig.session.ended, "the consumer closed the connection");
  assertEquals((await rig.session.close()).mayRepeat, 1, "may arrive twice");
  await rig.connect();
  await turns();
  assertEquals(rig.sent, "c\n");
});

Deno.test("a frame with a bad reply is sent again with all after it, once those in flight have their replies", async () => {
  const rig = await new Rig({ ok: /^ok$/ }).open();
  rig.receive("a", "b", "c", "d");
  await rig.reply("ok\nno\n");
  assertEquals(rig.spool.confirmed, 1);
  rig.receive("e");
  await rig.reply("ok\n");
  assertEquals(rig.sent, "a\nb\nc\nd\n", "the reply to d has not come yet");
  await rig.reply("ok\n");
  assertEquals(rig.sent, "a\nb\nc\nd\nb\nc\nd\ne\n");
  assertEquals(rig.spool.confirmed, 1, "replies to what was in flight behind b count for nothing");
  await rig.reply("ok\nok\nok\nok\n");
  assertEquals(rig.spool.confirmed, 5);
  assertEquals(rig.forwarded, ["0 ok\n", "1 ok\n", "2 ok\n", "3 ok\n", "4 ok\n"], "one reply for each frame");
});

Deno.test("after reply_attempts bad replies, counted across connections, the frame is in quarantine and the next one follows", async () => {
  const rig = await new Rig({ ok: /^ok$/, attempts: 3, window: 1 }).open();
  rig.receive("bad one", "good");
  await turns();
  await rig.reply("no\n");
  await rig.reply("no\n");
  rig.connection.end();
  await rig.session.ended;
  await rig.session.close();
  await rig.connect();
  await turns();
  assertEquals(rig.sent, "bad one\n");
  await rig.reply("never\n");
  assertEquals(rig.sent, "bad one\ngood\n");
  await rig.reply("ok\n");
  const kept = rig.files.bytesOf("/j/quarantine/00000000000000000000.refused");
  assertEquals(new TextDecoder().decode(kept), "bad one\n");
  assertEquals(rig.ledger.dropped.get("refused"), { frames: 1, bytes: 8 });
  assertEquals(rig.ledger.delivered, { frames: 1, bytes: 5 });
  assertEquals(rig.spool.confirmed, 2);
  assertEquals(rig.forwarded, ["0 never\n", "1 ok\n"], "the producer hears the last refusal");
});

Deno.test("if the frame cannot be written to quarantine it is kept, and refused again later", async () => {
  const rig = await new Rig({ ok: /^ok$/, attempts: 1 }).open();
  rig.files.plan = (operation, path) =>
    operation === "write" && path.includes("quarantine") ? { code: "ENOSPC", written: 0 } : undefined;
  rig.receive("bad");
  await rig.reply("no\n");
  assert((await rig.session.ended).includes("ENOSPC"), "the session ends, and says why");
  await rig.session.close();
  assertEquals(rig.ledger.pending, { frames: 1, bytes: 4 });
  rig.files.plan = () => undefined;
  await rig.connect();
  await rig.reply("no\n");
  assertEquals(rig.ledger.dropped.get("refused"), { frames: 1, bytes: 4 });
});

Deno.test("a reply that does not come in time ends the connection; time without a frame in flight does not count", async () => {
  const rig = await new Rig({ timeoutMs: 5000 }).open();
  rig.nowMs = 60_000;
  rig.receive("a");
  await turns();
  await rig.reply("ok\n");
  rig.nowMs = 120_000;
  rig.receive("b");
  await turns();
  assertEquals(rig.spool.confirmed, 1);
  rig.nowMs += 5000;
  assertEquals(await rig.session.ended, "no answer from the consumer for 5s (reply_timeout)");
});

for (
  const [what, replies] of [["more replies than frames", "ok\nok\n"], [
    "bytes that cannot be a reply",
    "x".repeat(2000),
  ]]
) {
  Deno.test(`${what} end the connection, and confirm nothing`, async () => {
    const rig = await new Rig().open();
    rig.receive("a");
    await turns();
    rig.connection.feed(encode(replies));
    assert((await rig.session.ended).startsWith("the consumer"), "says why");
    assertEquals(rig.spool.confirmed, 0);
  });
}

Deno.test("while the producer does not read, no reply is taken, nothing is sent, and no time-out of the consumer runs", async () => {
  const rig = await new Rig({ timeoutMs: 5000, window: 3 }).open();
  rig.receive("a", "b", "c", "d");
  await turns();
  await rig.reply("ok\n");
  assertEquals([rig.spool.confirmed, rig.sent], [1, "a\nb\nc\nd\n"]);
  rig.receive("e");
  rig.producer.reads = false;
  await rig.reply("ok\nok\n");
  assertEquals([rig.spool.confirmed, rig.sent], [1, "a\nb\nc\nd\n"], "taken though the producer does not read");
  assertEquals(rig.session.stalledMs, 0, "another consumer would take over");
  rig.nowMs = 60_000;
  await turns();
  await rig.reply("ok\n");
  assertEquals(rig.connection.unread, 3, "read from the consumer meanwhile");
  rig.producer.reads = true;
  await turns();
  assertEquals([rig.spool.confirmed, rig.sent], [4, "a\nb\nc\nd\ne\n"]);
  assertEquals(rig.forwarded, ["0 ok\n", "1 ok\n", "2 ok\n", "3 ok\n"]);
  rig.nowMs += 5000;
  assertEquals(await rig.session.ended, "no answer from the consumer for 5s (reply_timeout)");
});

Deno.test("replies that wait when their connection ends confirm nothing, neither then nor on the next one", async () => {
  const rig = await new Rig().open();
  rig.receive("a", "b", "c");
  await turns();
  rig.producer.reads = false;
  await rig.reply("ok\nok\n");
  rig.session.end("lost");
  assertEquals((await rig.session.close()).mayRepeat, 3);
  await rig.connect();
  await turns();
  rig.producer.reads = true;
  await turns();
  assertEquals([rig.spool.confirmed, rig.sent, rig.forwarded.length], [0, "a\nb\nc\n", 0]);
  await rig.reply("ok\nok\nok\n");
  assertEquals([rig.spool.confirmed, rig.forwarded], [3, ["0 ok\n", "1 ok\n", "2 ok\n"]]);
});

Deno.test("what belongs to a connection that has ended cannot be used any more", async () => {
  const rig = await new Rig().open();
  rig.receive("a", "b");
  await turns();
  const { stream } = rig;
  rig.session.end("lost");
  await rig.session.close();
  await rig.connect();
  const uses: (() => unknown)[] = [
    () => stream.confirmFrames(1),
    () => stream.confirmBytes(4, 4),
    () => stream.goBack(),
    () => stream.next(),
    () => stream.end({ read: 0, confirmed: 0, written: 0 }),
  ];
  for (const use of uses) await assertRejects(async () => void await use(), Error, "after its end");
  assertEquals(rig.spool.confirmed, 0);
});

for (const order of ["before", "after"] as const) {
  Deno.test(`a stop ${order} a bad reply sends nothing more, and waits for the replies to what was sent`, async () => {
    const rig = await new Rig({ window: 3, ok: /^ok/ }).open();
    rig.receive("a", "b", "c", "d", "e");
    await turns();
    // Time stands still: the stop may wait as long as it likes.
    const clock = { ...systemClock, monotonicMs: () => 0 };
    if (order === "after") await rig.reply("bad\n");
    const finished = rig.session.finish(new StopDeadline(clock)).then(() => "finished");
    await turns();
    if (order === "before") await rig.reply("bad\n");
    await rig.reply("ok\nok\n");
    const late = new AbortController();
    assertEquals(await Promise.race([finished, systemClock.sleep(2000, late.signal)]), "finished");
    late.abort();
    assertEquals([rig.sent, rig.spool.confirmed], ["a\nb\nc\n", 0]);
  });
}
