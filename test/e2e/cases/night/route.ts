/** One route of a night: its producers, its consumer, its journal, and what must hold of them. */
import { loopback } from "../../../peers/address.ts";
import { Consumer } from "../../../peers/consumer.ts";
import { Crowd } from "../../../peers/crowd.ts";
import type { FrameKind } from "../../../peers/frames.ts";
import { tcpRows } from "../../../peers/kernel_queues.ts";
import { Tally } from "../../../peers/tally.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import type { ConfigTable } from "../../rig/config.ts";
import { freePorts } from "../../rig/ports.ts";
import { until, WaitError } from "../../rig/wait.ts";
import { ArrivalTimes } from "./clock.ts";
import { run, textOf } from "./command.ts";
import type { Known } from "./examine.ts";
import { Feeder } from "./feeder.ts";
import { checkTimes, type LiveRoute } from "./live.ts";
import type { RouteSetting } from "./settings.ts";

/** The largest receive buffer that a consumer's kernel has here (tcp_rmem), and what may be on its way. */
const UNREAD_BYTES_MAX = 8 * 2 ** 20;
const DRAINED_MS = 60_000;
/** What the consumer says to a frame. */
const CONSUMER_ANSWER = "ok\n";

export class NightRoute {
  readonly tally = new Tally();
  readonly journal: string;
  readonly feeders: Feeder[];
  consumer: Consumer | undefined;
  /** A bit of the journal was flipped, and not repaired since. */
  flipped = false;
  /** Repaired: frames are missing. */
  holes = false;
  /** A compaction was killed: a frame may be there twice. */
  twice = false;
  /** Frames that may be missing at the consumer for a reason that is known. */
  lossy = false;
  /** The consumer's kernel may have acknowledged bytes that the consumer has not read. */
  unread = false;
  /** A daemon was killed while the consumer was connected: what the consumer has not read is not sent again. */
  orphaned = false;
  /** Every frame of these has to arrive unless `lossy`. */
  readonly owed: (readonly [number, number])[] = [];
  /** What is pending in the journal of a daemon that stopped cleanly. */
  left: { frames: number; bytes: number } | undefined;
  /** Different frames that the consumer has had and the daemons' books, since the last reckoning. */
  base: { unique: number; received: number; dropped: number } | undefined = { unique: 0, received: 0, dropped: 0 };
  /** Of daemons that have ended since the last reckoning, and of skips without one. */
  past = { received: 0, dropped: 0 };
  /** Frames before this one were left by an earlier daemon. */
  carriedUntil = 0;
  /** By performance.now(): no daemon of this life is older. */
  startedMs = 0;
  readonly arrivals: ArrivalTimes;
  readonly #ports = freePorts(2);
  readonly #crowds: Crowd[] = [];

  constructor(readonly setting: RouteSetting, directory: string) {
    this.journal = `${directory}/${setting.name}`;
    this.arrivals = new ArrivalTimes(setting);
    const { frames, bytesPerSecond, answer, forwards } = setting;
    const producers = forwards ? [0] : [0, 1];
    this.feeders = producers.map((producer) =>
      new Feeder({
        connect: loopback(this.#ports[0]),
        frames,
        producer,
        bytesPerSecond: bytesPerSecond / producers.length,
        answerBytes: forwards ? CONSUMER_ANSWER.length : answer.length,
      })
    );
  }

  get config(): ConfigTable {
    const { name, framing, target, memory, journal, answer, forwards } = this.setting;
    const [source, consumer] = this.#ports;
    return {
      name,
      framing,
      source: { listen: `127.0.0.1:${source}`, reply: answer, ...(forwards ? { max_connections: 1 } : {}) },
      target: { connect: `127.0.0.1:${consumer}`, retry_min: "10ms", retry_max: "200ms", ...target },
      memory,
      journal: { dir: this.journal, min_free: "0B", ...journal },
    };
  }

  get sourcePort(): number {
    return this.#ports[0];
  }

  known(): Known {
    const { journal, setting: { frames }, flipped, holes, twice } = this;
    return { journal, frames, flipped, holes, twice };
  }

  /** The consumer connects, and reads this number of bytes; 0: all that comes. */
  appear(bytesPerSecond: number): void {
    this.consumer ??= new Consumer({
      listen: loopback(this.#ports[1]),
      frames: this.setting.frames,
      answers: this.setting.confirm === "reply",
      tally: this.tally,
    }).start();
    this.consumer.pace(bytesPerSecond);
    this.consumer.thaw();
  }

  /** How many producers each begin a frame and never end it. */
  async crowd(size: number): Promise<void> {
    const [port] = this.#ports;
    const crowd = new Crowd({ connect: loopback(port), size, begin: unfinished(this.setting.frames) });
    this.#crowds.push(crowd);
    // Where there is one producer at most they are all turned away; and the daemon may be about to end.
    await crowd.start().catch(() => {});
  }

  /** The crowds go. */
  disperse(): void {
    for (const crowd of this.#crowds.splice(0)) crowd.stop();
  }

  async vanish(): Promise<void> {
    if (this.consumer !== undefined && this.setting.confirm === "acked") {
      if (this.setting.target.rewind !== "auto" || this.orphaned) this.lossy = this.unread = true;
    }
    this.check();
    await this.consumer?.stop();
    this.consumer = undefined;
  }

  check(): void {
    assertEquals(this.consumer?.damage, undefined, "bytes that are no frame");
    assertEquals(this.tally.connections.flatMap(({ disorder }) => disorder), [], "disorder within a connection");
    assertEquals(this.tally.late, 0, "frames that came after later ones");
  }

  /** A daemon has begun. */
  async begin(): Promise<LiveRoute> {
    this.carriedUntil = Infinity;
    const now = await this.live();
    this.carriedUntil = now.end - now.received_frames;
    return now;
  }

  async live(): Promise<LiveRoute> {
    const ran = await run(["status", "--json", this.journal]);
    const [route] = JSON.parse(textOf(ran)).routes;
    assertEquals(route.from, "daemon", JSON.stringify(route));
    for (const unit of ["frames", "bytes"]) {
      const of = (account: string) => route[`${account}_${unit}`];
      assertEquals(
        of("carried") + of("received"),
        of("delivered") + of("pending") + of("dropped"),
        `books of ${JSON.stringify(route)}`,
      );
      for (const account of ["carried", "received", "delivered", "pending", "dropped"]) assert(of(account) >= 0);
    }
    assert(route.cursor + route.pending_frames <= route.end, JSON.stringify(route));
    assert(route.memory_bytes <= route.memory_max_bytes, JSON.stringify(route));
    checkTimes(route, this);
    return route;
  }

  /** Producers quiet, consumer there: everything arrives, and the figures are right to the frame. */
  async reckon(): Promise<string> {
    for (const feeder of this.feeders) feeder.hush();
    this.disperse();
    this.appear(0);
    let now: LiveRoute | undefined;
    await until("all is delivered", async () => {
      now = await this.live();
      this.check();
      return now.source_connections === 0 && now.pending_frames === 0;
    }, { timeoutMs: DRAINED_MS, everyMs: 50 }).catch((error) => {
      throw new WaitError(`${error.message}: ${JSON.stringify(now)}`);
    });
    await this.#settled();
    const { base, past, tally } = this;
    const { received_frames, carried_frames, dropped_frames, may_be_lost_bytes } = now!;
    if (may_be_lost_bytes > 0) this.lossy = this.unread = true;
    const report = `received ${received_frames}, carried ${carried_frames}, dropped ${JSON.stringify(now!.dropped)}`;
    if (base !== undefined) {
      const received = past.received + received_frames - base.received;
      const dropped = past.dropped + dropped_frames - base.dropped;
      const unique = tally.frames - base.unique;
      const unread = this.unread ? UNREAD_BYTES_MAX / 200 : 0;
      const told = `${unique} came of ${received} received less ${dropped} dropped: ${JSON.stringify(now)}`;
      assert(unique <= received, `too much: ${told}`);
      assert(unique >= received - dropped - unread, `too little: ${told}`);
    }
    if (!this.lossy && dropped_frames === 0 && past.dropped === 0) this.#checkOwed();
    this.base = { unique: tally.frames, received: received_frames, dropped: dropped_frames };
    this.past = { received: 0, dropped: 0 };
    this.lossy = this.unread = this.orphaned = false;
    this.owed.length = 0;
    for (const feeder of this.feeders) feeder.answered.length = 0;
    return report;
  }

  #checkOwed(): void {
    const answered = this.feeders.flatMap((feeder, producer) => feeder.answered.map((n) => [producer, n] as const));
    const lost = [...this.owed, ...answered].filter(([producer, number]) => !this.tally.has(number, producer));
    assertEquals(lost.slice(0, 20), [], `${lost.length} frames that were journaled or answered are lost`);
  }

  /** What was confirmed has also been read. */
  async #settled(): Promise<void> {
    const port = this.#ports[1];
    await until("the consumer has read what came", () => {
      const open = this.tally.connections.at(-1);
      return tcpRows().every(({ localPort, rxQueue }) => localPort !== port || rxQueue === 0) && open !== undefined;
    });
    let bytes = -1;
    await until("nothing more comes", () => {
      const now = this.tally.connections.reduce((sum, each) => sum + each.bytes, 0);
      const same = now === bytes;
      bytes = now;
      return same;
    }, { everyMs: 100 });
  }

  async end(): Promise<void> {
    this.disperse();
    for (const feeder of this.feeders) await feeder.stop();
    await this.consumer?.stop();
  }
}

/** The beginning of a frame of 60,000 bytes. */
function unfinished({ kind }: FrameKind): Uint8Array {
  const begin = new Uint8Array(20_000).fill(97);
  if (kind === "binary") new DataView(begin.buffer).setUint32(0, 60_000);
  if (kind === "counted") new TextEncoder().encodeInto("60000 ", begin);
  return begin;
}
