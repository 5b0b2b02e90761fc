/**
 * kill -9 again and again at random moments, under load.
 *
 * Whatever the mode, every frame that a scan finds in the journal after a kill
 * arrives, in order. With `always`, so does every frame that the producer has
 * been answered. With `overflow` each kill may cost what memory held and what
 * had not been read from the source's socket: the end of what had been written
 * on a connection, and never more bytes than that.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { loopback } from "../../peers/address.ts";
import type { Consumer } from "../../peers/consumer.ts";
import type { FrameKind } from "../../peers/frames.ts";
import { TCP_ESTABLISHED, tcpRows } from "../../peers/kernel_queues.ts";
import { emptyReport, produce, type ProducerOptions } from "../../peers/producer.ts";
import { framesIn } from "../rig/journal_frames.ts";
import { freePorts } from "../rig/ports.ts";
import type { RelayRuntime } from "../rig/relay_command.ts";
import type { Scene } from "../rig/scene.ts";
import type { Spillway } from "../rig/spillway.ts";
import { pause, until } from "../rig/wait.ts";
import { answeredOf, assertOrdered, lostOf } from "./verdict.ts";

export interface KillSetting {
  readonly runtime?: RelayRuntime;
  readonly mode: "always" | "overflow";
  readonly sync: "os" | "each";
  readonly kills: number;
}

export interface KillOutcome {
  readonly kills: number;
  /** Frames that the kernel took from the producer. */
  readonly sent: number;
  /** Different frames that the scans after the kills found. */
  readonly journaled: number;
  readonly answered: number;
  readonly delivered: number;
  readonly repeats: number;
  readonly repeatsMost: number;
  /** Frames that had to arrive and did not. */
  readonly lost: number;
  /** Frames that the kernel took from the producer and that never arrived, as a kill may cost. */
  readonly cost: number;
  /** The most that one kill cost. */
  readonly costMost: Cost;
}

export const LINE_BYTES = 512;
const LINES: FrameKind = { kind: "line", size: LINE_BYTES };
const REPLY = "+";
const MEMORY_BYTES = 4 * 2 ** 20;
const CONSUMED_PER_SECOND = 40e6;
/**
 * What a kill may repeat: 100 ms of confirmations, in which the consumer's kernel
 * may take all that its receive buffer has room for, and what the relay's kernel has in flight.
 */
export const REPEATED_BYTES_MAX = CONSUMED_PER_SECOND / 10 + largestBuffer("tcp_rmem") + largestBuffer("tcp_wmem");
/** `always`: somewhat more than the consumer takes, so that there is a backlog; `overflow`: less, so that there is often none. */
const PRODUCED_PER_SECOND = { always: 50e6, overflow: 30e6 };
/** Fresh frames before the next kill. */
const FRESH = 2_000;
/** The most time between them and a kill, in ms. */
const MOMENT_MS = 150;
const ARRIVES_MS = 30_000;

interface Cost {
  /** That the kernel took from the producer, after the relay's end too. */
  readonly frames: number;
  /** Of what it had taken while the relay was there. */
  readonly bytes: number;
  /** What that might have been. */
  readonly allowedBytes: number;
}

/** One kill. */
interface Kill {
  /** Which of the producer's connections it ended. */
  readonly connection: number;
  /** Frames that the kernel had taken on it when the relay stood still. */
  readonly taken: number;
  /** What memory and the queues of the source's socket could hold then. */
  readonly heldBytes: number;
}

/** Rejects if anything but loss is wrong; loss is in the outcome. */
export async function runKills(scene: Scene, setting: KillSetting): Promise<KillOutcome> {
  return await new Kills(scene, setting).run();
}

class Kills {
  readonly #journal: string;
  readonly #ports = freePorts(2);
  readonly #consumer: Consumer;
  readonly #producer = emptyReport();
  readonly #journaled = new Set<number>();
  readonly #kills: Kill[] = [];
  #repeatsMost = 0;

  constructor(private readonly scene: Scene, private readonly setting: KillSetting) {
    this.#journal = `${scene.directory}/journal`;
    this.#consumer = scene.consumer({
      listen: loopback(this.#ports[1]),
      frames: LINES,
      bytesPerSecond: CONSUMED_PER_SECOND,
    });
  }

  async run(): Promise<KillOutcome> {
    const consumer = this.#consumer;
    let relay = await this.#start();
    const stop = new AbortController();
    this.scene.defer(() => stop.abort());
    const producing = produce(this.#production(), stop.signal, this.#producer);
    for (let kill = 1; kill <= this.setting.kills; kill++) {
      const { frames, repeats } = consumer.tally;
      await until("fresh frames arrive", () => consumer.tally.frames > frames + FRESH || consumer.damage);
      // With a consumer that reads nothing for a while the relay comes to spill.
      if (this.setting.mode === "overflow" && Math.random() < 0.5) consumer.freeze();
      await pause(Math.random() * MOMENT_MS); // any moment will do
      await this.#kill(relay);
      consumer.thaw();
      for (const sequence of await framesIn(this.#journal, LINE_BYTES)) this.#journaled.add(sequence);
      this.#repeatsMost = Math.max(this.#repeatsMost, consumer.tally.repeats - repeats);
      relay = await this.#start();
    }
    stop.abort();
    await producing;
    const expected = new Set([...this.#journaled, ...answeredOf(this.#producer)]);
    const there = () => lostOf(consumer, expected).length === 0 || consumer.damage !== undefined;
    await until("what was journaled or answered", there, { timeoutMs: ARRIVES_MS, everyMs: 100 }).catch(() => {});
    assertEquals((await relay.stop()).code, 0);
    assertOrdered(consumer);
    return this.#outcome(lostOf(consumer, expected).length);
  }

  #start(): Promise<Spillway> {
    const { mode, sync, runtime } = this.setting;
    const [source, target] = this.#ports;
    return this.scene.spillway([{
      name: "feed",
      source: { listen: `127.0.0.1:${source}`, reply: mode === "always" ? REPLY : "" },
      target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "100ms" },
      memory: { max_bytes: `${MEMORY_BYTES}B` },
      journal: { dir: this.#journal, mode, sync, segment_bytes: "4MiB" },
    }], { runtime }).listening(source);
  }

  #production(): ProducerOptions {
    const { mode } = this.setting;
    return {
      connect: loopback(this.#ports[0]),
      frames: LINES,
      count: 1e9,
      bytesPerSecond: PRODUCED_PER_SECOND[mode],
      reconnect: true,
      answerBytes: mode === "always" ? REPLY.length : undefined,
    };
  }

  /** Stops it first, so that what the queues hold is what they hold at its death. Nothing here awaits before that. */
  async #kill(relay: Spillway): Promise<void> {
    relay.freeze();
    const [source] = this.#ports;
    const queued = tcpRows()
      .filter(({ state, localPort, remotePort }) =>
        state === TCP_ESTABLISHED && (localPort === source || remotePort === source)
      )
      .reduce((sum, row) => sum + (row.localPort === source ? row.rxQueue : row.txQueue), 0);
    const connection = this.#producer.connections.length - 1;
    const taken = this.#producer.connections[connection].frames;
    this.#kills.push({ connection, taken, heldBytes: MEMORY_BYTES + queued });
    await relay.kill();
  }

  #outcome(lost: number): KillOutcome {
    const { tally } = this.#consumer;
    const costs = this.#costs();
    const none: Cost = { frames: 0, bytes: 0, allowedBytes: 0 };
    const most = costs.reduce((most, each) => each.bytes > most.bytes ? each : most, none);
    return {
      kills: this.#kills.length,
      sent: this.#producer.frames,
      journaled: this.#journaled.size,
      answered: answeredOf(this.#producer).length,
      delivered: tally.frames,
      repeats: tally.repeats,
      repeatsMost: this.#repeatsMost,
      lost,
      cost: costs.reduce((sum, { frames }) => sum + frames, 0),
      costMost: most,
    };
  }

  /**
   * What the kills cost, for each stretch of frames that never came. It must be
   * the end of what was written on a connection. The kernel goes on taking until
   * it has closed the dead relay's socket, some megabytes on a busy machine: no
   * relay could have had these, so they are not held against it.
   */
  #costs(): Cost[] {
    const { connections } = this.#producer;
    const last = connections.at(-1)!;
    return this.#consumer.tally.missing(last.first).map(({ from, until }) => {
      const next = connections.findIndex(({ first }) => first >= until);
      assertEquals(connections[next].first, until, `[${from}, ${until}) is missing, and no connection ended there`);
      const cost = { frames: 0, bytes: 0, allowedBytes: 0 };
      for (let i = next - 1; i >= 0; i--) {
        const { first, frames } = connections[i];
        const missing = (end: number) => Math.max(0, Math.min(first + end, until) - Math.max(first, from));
        const kills = this.#kills.filter(({ connection }) => connection === i);
        cost.frames += missing(frames);
        cost.bytes += missing(kills[0]?.taken ?? frames) * LINE_BYTES;
        for (const { heldBytes } of kills) cost.allowedBytes += heldBytes;
        if (first <= from) break;
      }
      const { bytes, allowedBytes } = cost;
      assert(bytes <= allowedBytes, `a kill cost ${bytes} B, memory and queues held ${allowedBytes} B at most`);
      return cost;
    });
  }
}

/** The third number of the setting, in bytes (tcp(7)). */
function largestBuffer(setting: "tcp_rmem" | "tcp_wmem"): number {
  return Number(Deno.readTextFileSync(`/proc/sys/net/ipv4/${setting}`).trim().split(/\s+/)[2]);
}
