/** The source side as a whole: who may come in, what is owed to whom, and how a connection ends. */
import { BufferPool, type PooledBuffer } from "../../src/base/buffer.ts";
import { Condition } from "../../src/base/condition.ts";
import { Ledger } from "../../src/base/ledger.ts";
import type { LogFields } from "../../src/base/log.ts";
import { StopDeadline } from "../../src/base/stop_deadline.ts";
import { createFramer } from "../../src/framing/create.ts";
import type { Framing } from "../../src/framing/framing.ts";
import type { Connection, Listener, Net } from "../../src/runtime/net.ts";
import { ConnectionLimit } from "../../src/runtime/connection_limit.ts";
import { Source, type SourceOptions } from "../../src/source/source.ts";
import { STUCK_MS } from "../../src/source/unfinished.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { UNBOUND } from "./intake.ts";

const KIB = 1024;
const LINES: Framing = { type: "line", delimiter: Uint8Array.of(10), maxFrame: 64 * KIB };
const bytes = (text: string) => new TextEncoder().encode(text);

/** Hands out the connections that a test makes. */
class Door implements Listener {
  readonly address = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
  readonly #queue: ScriptedConnection[] = [];
  readonly #changed = new Condition();
  #closed = false;

  connect(): ScriptedConnection {
    const connection = new ScriptedConnection();
    this.#queue.push(connection);
    this.#changed.notify();
    return connection;
  }

  async accept(): Promise<Connection | null> {
    while (this.#queue.length === 0 && !this.#closed) await this.#changed.wait();
    return this.#queue.shift() ?? null;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#changed.notify();
    return Promise.resolve();
  }
}

/** A source on a virtual clock, with a sink that keeps what it is given until it is let go. */
class Stage {
  readonly clock = new VirtualClock();
  readonly door = new Door();
  readonly ledger = new Ledger();
  readonly logged: { message: string; fields: LogFields | undefined }[] = [];
  readonly pool: BufferPool;
  readonly source: Source;
  readonly #held: PooledBuffer[] = [];
  end = 0;

  constructor(options: Partial<SourceOptions> & { framing?: Framing; memory?: number } = {}) {
    const { framing = LINES, memory = 1024 * KIB } = options;
    this.pool = new BufferPool({ maxBytes: memory, bufferBytes: 32 * KIB, reserveBytes: 0, frameBytes: 64 * KIB });
    const log = (message: string, fields?: LogFields) => void this.logged.push({ message, fields });
    this.source = new Source({
      net: { listen: () => Promise.resolve(this.door) } as unknown as Net,
      address: this.door.address,
      clock: this.clock,
      log: { debug: log, info: log, warn: log, error: log },
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
      },
      bound: UNBOUND,
      recordBytes: 8 * KIB,
      unfinishedBytes: memory / 2,
      role: "listen",
      connectionLimit: new ConnectionLimit(Infinity, 0),
      maxConnections: 10,
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

Deno.test("who sends bytes that are no frame gets what is owed, is read no more meanwhile, and has a second to take it", async () => {
  const stage = await new Stage().open();
  const producer = stage.door.connect();
  producer.feed(bytes("order 1\n"), new Uint8Array(80 * KIB).fill(97));
  await stage.now();
  assertEquals(stage.said(/no frame/), [], "it is not over before the answer");
  const unread = producer.unread;
  producer.feed(new Uint8Array(50 * KIB));
  await stage.clock.advance(60_000);
  assertEquals([producer.closed, producer.unread], [false, unread + 50 * KIB], "closed, or read on");
  assert(producer.pauses > 0, "the kernel was not told to close the window");

  stage.source.safe(1);
  await stage.now();
  assertEquals([written(producer), producer.writeClosed, producer.closed], ["ok\n", true, false]);
  assertEquals(producer.unread, 0, "what would make the kernel reset the connection at its close was not read");
  await stage.clock.advance(1000);
  assertEquals(producer.closed, true);
  const [{ bytes_dropped }] = stage.said(/no frame/);
  assertEquals(stage.ledger.dropped.get("fault"), { frames: 0, bytes: bytes_dropped as number });
  const [{ reason, unread_bytes }] = stage.said(/source disconnected/);
  assertEquals([reason, unread_bytes], ["fault", unread + 50 * KIB]);
  await stage.stop();
});

Deno.test("who was answered and sends bytes that are no frame after that has a second to take the answer, too", async () => {
  const stage = await new Stage().open();
  const producer = stage.door.connect();
  producer.feed(bytes("order 1\n"));
  await stage.now();
  stage.source.safe(1);
  await stage.now();
  assertEquals(written(producer), "ok\n");
  producer.feed(new Uint8Array(130 * KIB).fill(97));
  await stage.now();
  assertEquals([producer.unread, producer.writeClosed, producer.closed], [0, true, false]);
  await stage.clock.advance(1000);
  assertEquals(producer.closed, true);
  await stage.stop();
});

Deno.test("a producer that closes its side after the answer need not wait for the second to pass", async () => {
  const stage = await new Stage().open();
  const producer = stage.door.connect();
  producer.feed(bytes("order 1\n"), new Uint8Array(80 * KIB).fill(97));
  await stage.now();
  stage.source.safe(1);
  producer.end();
  await stage.now();
  assertEquals([written(producer), producer.closed], ["ok\n", true]);
  await stage.stop();
});

Deno.test("who was never owed anything is closed at once", async () => {
  const stage = await new Stage().open();
  const silent = stage.door.connect();
  silent.feed(new Uint8Array(80 * KIB).fill(97));
  await stage.now();
  assertEquals([silent.closed, silent.writeClosed], [true, false]);
  await stage.stop();
});

Deno.test("one that lingers for its answers gives way to a new producer", async () => {
  const stage = await new Stage({ maxConnections: 1 }).open();
  const faulty = stage.door.connect();
  faulty.feed(bytes("order 1\n"), new Uint8Array(80 * KIB).fill(97));
  await stage.now();
  const next = stage.door.connect();
  await stage.now();
  assertEquals([faulty.closed, next.closed], [true, false]);
  const refused = stage.door.connect();
  await stage.now();
  assertEquals([next.closed, refused.closed, stage.source.refused], [false, true, 1]);
  await stage.stop();
});

Deno.test("who is owed an answer is not idle, and begins to be when it has it", async () => {
  const stage = await new Stage({ idleTimeoutMs: 5000 }).open();
  const [owed, silent] = [stage.door.connect(), stage.door.connect()];
  owed.feed(bytes("order 1\n"));
  await stage.clock.advance(60_000);
  assertEquals([owed.closed, silent.closed], [false, true]);
  stage.source.safe(1);
  await stage.clock.advance(4000);
  assertEquals([written(owed), owed.closed], ["ok\n", false]);
  await stage.clock.advance(2000);
  assertEquals(owed.closed, true);
  assertEquals(stage.said(/source disconnected/).map(({ reason }) => reason), ["idle_timeout", "idle_timeout"]);
  await stage.stop();
});

Deno.test("who is silent because we do not read is not idle", async () => {
  const stage = await new Stage({ idleTimeoutMs: 5000, reply: bytes("") }).open();
  const producer = stage.door.connect();
  const line = bytes(`${"x".repeat(999)}\n`);
  for (let i = 0; i < 2000; i++) producer.feed(line);
  await stage.clock.advance(60_000);
  assert(producer.unread > 0, "memory is not full");
  assertEquals(producer.closed, false);
  stage.letGo();
  await stage.clock.advance(100);
  assertEquals(producer.closed, false);
  for (let i = 0; i < 10; i++) {
    stage.letGo();
    await stage.clock.advance(100);
  }
  assertEquals(producer.unread, 0);
  await stage.stop();
});

Deno.test("when the disk is full producers are told what is owed, then disconnected; what they still send is dropped", async () => {
  const stage = await new Stage().open();
  const [owed, idle] = [stage.door.connect(), stage.door.connect()];
  owed.feed(bytes("order 1\norder 2\nord"));
  await stage.now();
  stage.source.safe(1);
  stage.source.shut("no room in journal and memory");
  const late = stage.door.connect();
  await stage.now();
  assertEquals([owed.closed, idle.closed, late.closed], [false, true, true]);
  assertEquals(stage.source.refused, 1);
  owed.feed(bytes("er 3\norder 4\n"));
  await stage.clock.advance(10_000);
  assertEquals([written(owed), owed.closed, stage.end], ["ok\n", false, 2]);
  stage.source.safe(2);
  await stage.now();
  assertEquals([written(owed), owed.writeClosed], ["ok\nok\n", true]);
  owed.end();
  await stage.now();
  assertEquals(owed.closed, true);
  assertEquals(stage.ledger.dropped.get("unfinished"), { frames: 0, bytes: 3 });
  const reasons = stage.said(/source disconnected/).map(({ reason }) => reason);
  assertEquals(reasons, ["no room in journal and memory", "no room in journal and memory"]);
  stage.source.reopen();
  const again = stage.door.connect();
  await stage.now();
  assertEquals([again.closed, stage.source.connections], [false, 1]);
  await stage.stop();
});

/** Ten that have an order each in hand and begin another: nine have memory for that, and the last one waits. */
async function tenOrders(stage: Stage): Promise<ScriptedConnection[]> {
  const crowd = Array.from({ length: 10 }, () => stage.door.connect());
  for (const each of crowd) {
    each.feed(bytes("order\n"));
    await stage.now();
    each.feed(new Uint8Array(60 * KIB).fill(97));
  }
  await stage.clock.advance(STUCK_MS + 2500);
  assertEquals(crowd.filter(({ closed, writeClosed }) => closed || writeClosed).length, 0, "an answer is owed to each");
  return crowd;
}

Deno.test("a connection whose unfinished frame is in the way gets what is owed before it is closed", async () => {
  const stage = await new Stage().open();
  const crowd = await tenOrders(stage);
  stage.source.safe(10);
  await stage.now();
  assertEquals(crowd.map(written), new Array(10).fill("ok\n"));
  assertEquals(crowd.filter(({ writeClosed }) => writeClosed).length, 1);
  await stage.clock.advance(1500);
  assertEquals(crowd.filter(({ closed }) => closed).length, 1);
  const [{ bytes_held, without_a_frame_ms, waiting, bytes_dropped }] = stage.said(/others waited for the memory/);
  assert(Number(bytes_held) >= 60 * KIB && Number(without_a_frame_ms) >= STUCK_MS && waiting === 1);
  assertEquals([bytes_dropped, stage.ledger.dropped.get("stuck")!.bytes], [60 * KIB, 60 * KIB]);
  assertEquals(crowd.filter(({ unread }) => unread > 0).length, 0, "nobody uses its memory");
  await stage.stop();
});

Deno.test("where nobody answers, a connection whose unfinished frame is in the way is not waited for without end", async () => {
  const stage = await new Stage().open();
  const crowd = await tenOrders(stage);
  await stage.clock.advance(STUCK_MS + 1000);
  assertEquals(crowd.filter(({ closed }) => closed).map(written), [""]);
  assertEquals(crowd.filter(({ unread }) => unread > 0).length, 0, "nobody uses its memory");
  await stage.stop();
});

Deno.test("connections that wait for memory count against max_connections, hold nobody at the door, and end at a stop", async () => {
  const stage = await new Stage({ maxConnections: 3, memory: 256 * KIB, reply: bytes("") }).open();
  const full = stage.door.connect();
  for (let i = 0; i < 1000; i++) full.feed(bytes(`${"x".repeat(999)}\n`));
  await stage.clock.advance(100);
  while (stage.pool.take(256) !== undefined);
  const waiting = [stage.door.connect(), stage.door.connect()];
  const more = [stage.door.connect(), stage.door.connect()];
  await stage.now();
  assertEquals([...waiting, ...more].map(({ closed }) => closed), [false, false, true, true]);
  assertEquals([stage.source.connections, stage.source.refused], [1, 2]);
  assert(waiting.every(({ pauses }) => pauses > 0), "their kernels were not told to wait");
  await stage.clock.run(stage.source.stop(new StopDeadline(stage.clock)));
  assertEquals(waiting.map(({ closed }) => closed), [true, true]);
});

Deno.test("connections that wait for memory are refused when the disk is full", async () => {
  const stage = await new Stage({ memory: 256 * KIB, reply: bytes("") }).open();
  while (stage.pool.take(256) !== undefined);
  const waiting = stage.door.connect();
  await stage.now();
  assertEquals(waiting.closed, false);
  stage.source.shut("no room in journal and memory");
  await stage.now();
  assertEquals([waiting.closed, stage.source.refused], [true, 1]);
  await stage.clock.run(stage.source.stop(new StopDeadline(stage.clock)));
});

Deno.test("bytes between frames are passed over, counted as received and dropped, and said once a connection", async () => {
  const framing: Framing = {
    type: "delimited",
    start: bytes("\v"),
    end: bytes("\x1c\r"),
    between: bytes("\r\n\0"),
    maxFrame: 64 * KIB,
  };
  const stage = await new Stage({ framing, reply: bytes("") }).open();
  const producer = stage.door.connect();
  producer.feed(bytes("\r\n\va\x1c\r\n"), bytes("\n\vb\x1c\r\0\v"), bytes("c\x1c\r"), bytes("\r\n"));
  producer.end();
  await stage.now();
  assertEquals(stage.end, 3);
  assertEquals(stage.ledger.dropped.get("between"), { frames: 0, bytes: 7 });
  assertEquals([...stage.ledger.dropped.keys()], ["between"]);
  assertEquals(stage.said(/passed over/).map(({ first_bytes }) => first_bytes), ["0d 0a"]);
  assertEquals(stage.said(/source disconnected/).map(({ reason, between_bytes }) => [reason, between_bytes]), [[
    "eof",
    7,
  ]]);
  await stage.stop();
});

Deno.test("while nobody is admitted a newcomer does not cost somebody else the answers that are owed", async () => {
  const stage = await new Stage({ maxConnections: 1 }).open();
  const producer = stage.door.connect();
  producer.feed(bytes("order 1\n"));
  await stage.now();
  stage.source.shut("no room in journal and memory");
  await stage.now();
  const newcomer = stage.door.connect();
  await stage.now();
  assertEquals([newcomer.closed, producer.closed], [true, false]);
  stage.source.safe(1);
  await stage.now();
  assertEquals(written(producer), "ok\n");
  await stage.stop();
});
