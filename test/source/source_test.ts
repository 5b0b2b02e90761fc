/** The source side as a whole: which producers are admitted, the replies owed to them, and how connections end. */
import { BufferPool, type PooledBuffer } from "../../src/base/buffer.ts";
import { Ledger } from "../../src/base/ledger.ts";
import { EVENTS } from "../../src/base/events.ts";
import type { Log, LogFields } from "../../src/base/log.ts";
import { StopDeadline } from "../../src/base/stop_deadline.ts";
import { createFramer, type Framing } from "../../src/framing/framing.ts";
import { ConnectionLimit } from "../../src/runtime/connection_limit.ts";
import { Networks } from "../../src/runtime/networks.ts";
import { Source, type SourceOptions } from "../../src/source/source.ts";
import { STUCK_MS } from "../../src/source/unfinished.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { ScriptedListener } from "../support/scripted_listener.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { NO_PATIENCE, UNLIMITED_RISK } from "./intake.ts";

const KIB = 1024;
const LINES: Framing = { type: "line", delimiter: Uint8Array.of(10), maxFrame: 64 * KIB };
const bytes = (text: string) => new TextEncoder().encode(text);

/** A source on a virtual clock, with a sink that keeps what it is given until it is let go. */
class SourceRig {
  readonly clock = new VirtualClock();
  readonly listener = new ScriptedListener();
  readonly ledger = new Ledger();
  readonly logged: { message: string; fields: LogFields | undefined }[] = [];
  readonly pool: BufferPool;
  readonly source: Source;
  readonly #held: PooledBuffer[] = [];
  end = 0;

  constructor(options: Partial<SourceOptions> & { framing?: Framing; memory?: number } = {}) {
    const { framing = LINES, memory = 1024 * KIB } = options;
    this.pool = new BufferPool({ maxBytes: memory, bufferBytes: 32 * KIB, reserveBytes: 0, frameBytes: 64 * KIB });
    const log: Log = { say: (event, fields) => void this.logged.push({ message: EVENTS[event].message, fields }) };
    this.source = new Source({
      net: this.listener.net,
      address: this.listener.address,
      clock: this.clock,
      log,
      random: () => 0,
      connectTimeoutMs: 1000,
      retryMinMs: 1,
      retryMaxMs: 1,
      ledger: this.ledger,
      pool: this.pool,
      framer: createFramer(framing),
      sink: {
        confirmed: 0,
        push: (buffer, start, end, frames) => {
          this.ledger.receive(frames, end - start);
          this.#held.push(buffer.retain());
          return this.end += frames;
        },
        wantMemory: () => {},
      },
      patience: NO_PATIENCE,
      riskLimit: UNLIMITED_RISK,
      recordBytes: 8 * KIB,
      unfinishedBytes: memory / 2,
      role: "listen",
      connectionLimit: new ConnectionLimit(Infinity, 0),
      maxConnections: 10,
      maxConnectionsPerIp: 0,
      allow: new Networks([]),
      idleTimeoutMs: 0,
      reply: bytes("ok\n"),
      forwards: false,
      ...options,
    });
  }

  async open(): Promise<this> {
    await this.source.bind();
    this.source.start();
    return this;
  }

  /** Lets everything happen that is due. */
  now(): Promise<void> {
    return this.clock.advance(0);
  }

  letGo(): void {
    for (const buffer of this.#held.splice(0)) buffer.release();
  }

  said(pattern: RegExp): LogFields[] {
    return this.logged.filter(({ message }) => pattern.test(message)).map(({ fields }) => fields ?? {});
  }

  async stop(): Promise<void> {
    await this.clock.run(this.source.stop(new StopDeadline(this.clock)));
    this.letGo();
    assertEquals(this.pool.usedBytes, 0, "memory that never came back");
    const { received, pending } = this.ledger;
    const dropped = this.ledger.droppedTotal();
    assertEquals(received.bytes, pending.bytes + dropped.bytes, "the books");
  }
}

const written = (connection: ScriptedConnection) => new TextDecoder().decode(join(connection.written));

Deno.test("a producer that sends bytes that are no frame gets the replies owed to it, is not read meanwhile, and has a second to take them", async () => {
  const rig = await new SourceRig().open();
  const producer = rig.listener.connect();
  producer.feed(bytes("order 1\n"), new Uint8Array(80 * KIB).fill(97));
  await rig.now();
  assertEquals(rig.said(/no frame/), [], "it is not over before the answer");
  const unread = producer.unread;
  producer.feed(new Uint8Array(50 * KIB));
  await rig.clock.advance(60_000);
  assertEquals([producer.closed, producer.unread], [false, unread + 50 * KIB], "closed, or read on");
  assert(producer.pauses > 0, "the kernel was not told to close the window");

  rig.source.noteSafe(1);
  await rig.now();
  assertEquals([written(producer), producer.writeClosed, producer.closed], ["ok\n", true, false]);
  assertEquals(producer.unread, 0, "what would make the kernel reset the connection at its close was not read");
  await rig.clock.advance(1000);
  assertEquals(producer.closed, true);
  const [{ bytes_dropped }] = rig.said(/no frame/);
  assertEquals(rig.ledger.dropped.get("fault"), { frames: 0, bytes: bytes_dropped as number });
  const [{ reason, unread_bytes }] = rig.said(/source disconnected/);
  assertEquals([reason, unread_bytes], ["fault", unread + 50 * KIB]);
  await rig.stop();
});

Deno.test("a producer that sends bytes that are no frame after its reply has a second to take the reply, too", async () => {
  const rig = await new SourceRig().open();
  const producer = rig.listener.connect();
  producer.feed(bytes("order 1\n"));
  await rig.now();
  rig.source.noteSafe(1);
  await rig.now();
  assertEquals(written(producer), "ok\n");
  producer.feed(new Uint8Array(130 * KIB).fill(97));
  await rig.now();
  assertEquals([producer.unread, producer.writeClosed, producer.closed], [0, true, false]);
  await rig.clock.advance(1000);
  assertEquals(producer.closed, true);
  await rig.stop();
});

Deno.test("a producer that closes its side after the reply need not wait for the second to pass", async () => {
  const rig = await new SourceRig().open();
  const producer = rig.listener.connect();
  producer.feed(bytes("order 1\n"), new Uint8Array(80 * KIB).fill(97));
  await rig.now();
  rig.source.noteSafe(1);
  producer.end();
  await rig.now();
  assertEquals([written(producer), producer.closed], ["ok\n", true]);
  await rig.stop();
});

Deno.test("a faulty producer to which no reply was ever owed is closed at once", async () => {
  const rig = await new SourceRig().open();
  const silent = rig.listener.connect();
  silent.feed(new Uint8Array(80 * KIB).fill(97));
  await rig.now();
  assertEquals([silent.closed, silent.writeClosed], [true, false]);
  await rig.stop();
});

Deno.test("a producer that only waits for replies gives way to a new one", async () => {
  const rig = await new SourceRig({ maxConnections: 1 }).open();
  const faulty = rig.listener.connect();
  faulty.feed(bytes("order 1\n"), new Uint8Array(80 * KIB).fill(97));
  await rig.now();
  const next = rig.listener.connect();
  await rig.now();
  assertEquals([faulty.closed, next.closed], [true, false]);
  const refused = rig.listener.connect();
  await rig.now();
  assertEquals([next.closed, refused.closed, rig.source.refused], [false, true, 1]);
  await rig.stop();
});

Deno.test("a producer is not idle while a reply is owed to it, and idle from then on", async () => {
  const rig = await new SourceRig({ idleTimeoutMs: 5000 }).open();
  const [owed, silent] = [rig.listener.connect(), rig.listener.connect()];
  owed.feed(bytes("order 1\n"));
  await rig.clock.advance(60_000);
  assertEquals([owed.closed, silent.closed], [false, true]);
  rig.source.noteSafe(1);
  await rig.clock.advance(4000);
  assertEquals([written(owed), owed.closed], ["ok\n", false]);
  await rig.clock.advance(2000);
  assertEquals(owed.closed, true);
  assertEquals(rig.said(/source disconnected/).map(({ reason }) => reason), ["idle_timeout", "idle_timeout"]);
  await rig.stop();
});

Deno.test("a producer that is not read for want of memory is not idle", async () => {
  const rig = await new SourceRig({ idleTimeoutMs: 5000, reply: bytes("") }).open();
  const producer = rig.listener.connect();
  const line = bytes(`${"x".repeat(999)}\n`);
  for (let i = 0; i < 2000; i++) producer.feed(line);
  await rig.clock.advance(60_000);
  assert(producer.unread > 0, "memory is not full");
  assertEquals(producer.closed, false);
  rig.letGo();
  await rig.clock.advance(100);
  assertEquals(producer.closed, false);
  for (let i = 0; i < 10; i++) {
    rig.letGo();
    await rig.clock.advance(100);
  }
  assertEquals(producer.unread, 0);
  await rig.stop();
});

Deno.test("when the disk is full producers get the replies owed to them and are disconnected; what they still send is dropped", async () => {
  const rig = await new SourceRig().open();
  const [owed, idle] = [rig.listener.connect(), rig.listener.connect()];
  owed.feed(bytes("order 1\norder 2\nord"));
  await rig.now();
  rig.source.noteSafe(1);
  rig.source.shut("no room in journal and memory");
  const late = rig.listener.connect();
  await rig.now();
  assertEquals([owed.closed, idle.closed, late.closed], [false, true, true]);
  assertEquals(rig.source.refused, 1);
  owed.feed(bytes("er 3\norder 4\n"));
  await rig.clock.advance(10_000);
  assertEquals([written(owed), owed.closed, rig.end], ["ok\n", false, 2]);
  rig.source.noteSafe(2);
  await rig.now();
  assertEquals([written(owed), owed.writeClosed], ["ok\nok\n", true]);
  owed.end();
  await rig.now();
  assertEquals(owed.closed, true);
  assertEquals(rig.ledger.dropped.get("unfinished"), { frames: 0, bytes: 3 });
  const reasons = rig.said(/source disconnected/).map(({ reason }) => reason);
  assertEquals(reasons, ["no room in journal and memory", "no room in journal and memory"]);
  rig.source.reopen();
  const again = rig.listener.connect();
  await rig.now();
  assertEquals([again.closed, rig.source.connections], [false, 1]);
  await rig.stop();
});

/** Ten that have an order each in hand and begin another: nine have memory for that, and the last one waits. */
async function tenOrders(rig: SourceRig): Promise<ScriptedConnection[]> {
  const crowd = Array.from({ length: 10 }, () => rig.listener.connect());
  for (const each of crowd) {
    each.feed(bytes("order\n"));
    await rig.now();
    each.feed(new Uint8Array(60 * KIB).fill(97));
  }
  await rig.clock.advance(STUCK_MS + 2500);
  assertEquals(crowd.filter(({ closed, writeClosed }) => closed || writeClosed).length, 0, "an answer is owed to each");
  return crowd;
}

Deno.test("a connection whose unfinished frame holds memory that others need gets its replies before it is closed", async () => {
  const rig = await new SourceRig().open();
  const crowd = await tenOrders(rig);
  rig.source.noteSafe(10);
  await rig.now();
  assertEquals(crowd.map(written), new Array(10).fill("ok\n"));
  assertEquals(crowd.filter(({ writeClosed }) => writeClosed).length, 1);
  await rig.clock.advance(1500);
  assertEquals(crowd.filter(({ closed }) => closed).length, 1);
  const [{ bytes_held, without_a_frame_ms, waiting, bytes_dropped }] = rig.said(/others waited for the memory/);
  assert(Number(bytes_held) >= 60 * KIB && Number(without_a_frame_ms) >= STUCK_MS && waiting === 1);
  assertEquals([bytes_dropped, rig.ledger.dropped.get("stuck")!.bytes], [60 * KIB, 60 * KIB]);
  assertEquals(crowd.filter(({ unread }) => unread > 0).length, 0, "nobody uses its memory");
  await rig.stop();
});

Deno.test("the replies of a connection whose unfinished frame holds memory that others need are not waited for without end", async () => {
  const rig = await new SourceRig().open();
  const crowd = await tenOrders(rig);
  await rig.clock.advance(STUCK_MS + 1000);
  assertEquals(crowd.filter(({ closed }) => closed).map(written), [""]);
  assertEquals(crowd.filter(({ unread }) => unread > 0).length, 0, "nobody uses its memory");
  await rig.stop();
});

Deno.test("connections that wait for memory count against max_connections, do not hold up accepting, and end at a stop", async () => {
  const rig = await new SourceRig({ maxConnections: 3, memory: 256 * KIB, reply: bytes("") }).open();
  const full = rig.listener.connect();
  for (let i = 0; i < 1000; i++) full.feed(bytes(`${"x".repeat(999)}\n`));
  await rig.clock.advance(100);
  while (rig.pool.take(256) !== undefined);
  const waiting = [rig.listener.connect(), rig.listener.connect()];
  const more = [rig.listener.connect(), rig.listener.connect()];
  await rig.now();
  assertEquals([...waiting, ...more].map(({ closed }) => closed), [false, false, true, true]);
  assertEquals([rig.source.connections, rig.source.refused], [1, 2]);
  assert(waiting.every(({ pauses }) => pauses > 0), "their kernels were not told to wait");
  await rig.clock.run(rig.source.stop(new StopDeadline(rig.clock)));
  assertEquals(waiting.map(({ closed }) => closed), [true, true]);
});

Deno.test("connections that wait for memory are refused when the disk is full", async () => {
  const rig = await new SourceRig({ memory: 256 * KIB, reply: bytes("") }).open();
  while (rig.pool.take(256) !== undefined);
  const waiting = rig.listener.connect();
  await rig.now();
  assertEquals(waiting.closed, false);
  rig.source.shut("no room in journal and memory");
  await rig.now();
  assertEquals([waiting.closed, rig.source.refused], [true, 1]);
  await rig.clock.run(rig.source.stop(new StopDeadline(rig.clock)));
});

Deno.test("bytes between frames are passed over, counted as received and dropped, and logged once per connection", async () => {
  const framing: Framing = {
    type: "delimited",
    start: bytes("\v"),
    end: bytes("\x1c\r"),
    between: bytes("\r\n\0"),
    maxFrame: 64 * KIB,
  };
  const rig = await new SourceRig({ framing, reply: bytes("") }).open();
  const producer = rig.listener.connect();
  producer.feed(bytes("\r\n\va\x1c\r\n"), bytes("\n\vb\x1c\r\0\v"), bytes("c\x1c\r"), bytes("\r\n"));
  producer.end();
  await rig.now();
  assertEquals(rig.end, 3);
  assertEquals(rig.ledger.dropped.get("between"), { frames: 0, bytes: 7 });
  assertEquals([...rig.ledger.dropped.keys()], ["between"]);
  assertEquals(rig.said(/passed over/).map(({ first_bytes }) => first_bytes), ["0d 0a"]);
  assertEquals(rig.said(/source disconnected/).map(({ reason, between_bytes }) => [reason, between_bytes]), [[
    "eof",
    7,
  ]]);
  await rig.stop();
});

Deno.test("while no producer is admitted a new one does not take the place of one that waits for its replies", async () => {
  const rig = await new SourceRig({ maxConnections: 1 }).open();
  const producer = rig.listener.connect();
  producer.feed(bytes("order 1\n"));
  await rig.now();
  rig.source.shut("no room in journal and memory");
  await rig.now();
  const newcomer = rig.listener.connect();
  await rig.now();
  assertEquals([newcomer.closed, producer.closed], [true, false]);
  rig.source.noteSafe(1);
  await rig.now();
  assertEquals(written(producer), "ok\n");
  await rig.stop();
});

Deno.test("who is not allowed in is refused and counted, before anything gives way to him", async () => {
  const rig = await new SourceRig({ allow: new Networks(["127.0.0.0/8"]), maxConnections: 1 }).open();
  const owed = rig.listener.connect();
  owed.feed(bytes("order 1\n"));
  owed.end();
  await rig.now();
  const stranger = rig.listener.connect(new ScriptedConnection("[2001:db8::1]:5"));
  await rig.now();
  assertEquals([stranger.closed, owed.closed, rig.source.connections], [true, false, 1]);
  assertEquals(rig.said(/refused/), [{
    peer: "[2001:db8::1]:5",
    why: "its address is not in source.allow",
    max_connections: 1,
  }]);
  const friend = rig.listener.connect();
  await rig.now();
  assertEquals([friend.closed, owed.closed, rig.source.refused], [false, true, 1], "one that is only owed gives way");
  await rig.stop();
});

Deno.test("connections from one address have a limit of their own, and a place is free again when one ends", async () => {
  const rig = await new SourceRig({ maxConnectionsPerIp: 2 }).open();
  const from = (peer: string) => rig.listener.connect(new ScriptedConnection(peer));
  const first = [from("192.0.2.1:1"), from("[::ffff:192.0.2.1]:2"), from("192.0.2.1:3"), from("192.0.2.2:1")];
  await rig.now();
  assertEquals(first.map(({ closed }) => closed), [false, false, true, false]);
  first[1].end();
  await rig.now();
  const next = [from("192.0.2.1:4"), from("192.0.2.1:5")];
  await rig.now();
  assertEquals(next.map(({ closed }) => closed), [false, true]);
  assertEquals([rig.source.connections, rig.source.refused], [3, 2]);
  await rig.stop();
});
