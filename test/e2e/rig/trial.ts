/**
 * One route in a bad network: a producer at a steady rate, the relay between
 * two wires, a consumer that checks every byte. Then something is wrong for a
 * while, and what the relay promises is held against what came.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import type { PeerAddress } from "../../peers/address.ts";
import type { ConsumerReport } from "../../peers/consumer.ts";
import type { FrameKind } from "../../peers/frames.ts";
import type { ProducerReport } from "../../peers/producer.ts";
import { Acknowledged } from "./acknowledged.ts";
import type { ConfigTable } from "./config.ts";
import { assertInOrder, type Scene } from "./scene.ts";
import type { LogLine } from "./spillway.ts";
import { pause, until } from "./wait.ts";
import type { Wire } from "./wire.ts";

const FRAME_BYTES = 512;
export const LINE: FrameKind = { kind: "line", size: FRAME_BYTES };
const FRAMES_PER_SECOND = 1_000;
/** How many frames have arrived before the fault begins. */
const FRAMES_BEFORE = 200;
/** Frames of a second producer, who dials when the fault is over: the fresh ones. */
const FRESH_FRAMES = 500;
/** So soon after the fault's end the first fresh frame must have come, and all older ones before it. */
const FRESH_MS_MAX = 5_000;

/** The consumer as a trial sees it. */
export interface Eater {
  /** One more than the highest sequence that came, for each producer. */
  ends(): Record<number, number>;
  /** What came, when everything has come. */
  report(): Promise<ConsumerReport>;
}

/** What a fault has to do with. */
export interface Stage {
  readonly scene: Scene;
  readonly source: Wire;
  readonly target: Wire;
  /** Where the relay looks for its consumer. */
  readonly listen: { readonly hostname: string; readonly port: number };
  /** How many frames are sent in all. */
  readonly frames: number;
}

/** One performance of a fault. */
export interface Play {
  readonly eater: Eater;
  begin?(): unknown;
  end(): unknown;
}

export interface Fault {
  readonly name: string;
  /** Keys of the route's target. */
  readonly keys?: ConfigTable;
  /** Nothing comes before the fault is over. */
  readonly fromTheStart?: boolean;
  /** The connection survives: nothing comes twice. */
  readonly survives?: boolean;
  /** The relay takes the consumer's kernel for dead (`stall_timeout`). */
  readonly stalls?: boolean;
  /** The consumer's kernel receives what its program never reads, and `acked` knows no better. */
  readonly loses?: boolean;
  play(stage: Stage): Play | Promise<Play>;
}

/** What one trial came to. */
export interface Outcome {
  readonly fault: string;
  readonly sent: number;
  readonly delivered: number;
  readonly repeats: number;
  readonly missing: number;
  /** From the fault's end until a frame came that was sent after it. */
  readonly freshMs: number;
  readonly connections: number;
}

/** Frames of a trial in all, if its fault lasts `holdMs`. */
export function framesOf(holdMs: number): number {
  return Math.ceil(FRAMES_PER_SECOND * (holdMs + 1_000) / 1_000) + FRESH_FRAMES;
}

export class Trial {
  #outcome: Outcome | undefined;
  readonly #acknowledged = new Acknowledged();
  /** What the consumer's kernel had acknowledged while its program read nothing that counts. */
  #unreadMax = 0;
  readonly #oldFrames: number;

  constructor(
    readonly fault: Fault,
    private readonly stage: Stage,
    /** Where the relay listens, at the other end of the wire. */
    private readonly relay: PeerAddress,
    private readonly holdMs: number,
  ) {
    this.#oldFrames = stage.frames - FRESH_FRAMES;
  }

  /** Holds everything against what came but the relay's books, which come with its stop. */
  async run(): Promise<void> {
    const { fault, stage: { frames } } = this;
    const play = await fault.play(this.stage);
    const freshMs = await this.#perform(play);
    const report = await play.eater.report();
    this.#outcome = {
      fault: fault.name,
      sent: frames,
      delivered: report.frames,
      repeats: report.repeats,
      missing: frames - report.frames,
      freshMs,
      connections: report.connections.length,
    };
    this.#judge(report);
  }

  /** Held against the books of the relay's last words. */
  settle(books: LogLine): Outcome {
    const { fault } = this;
    const outcome = this.#outcome!;
    const { sent, delivered } = outcome;
    assertEquals(
      [books.received_frames, books.pending_frames, books.dropped_frames],
      [sent, 0, 0],
      `${fault.name}: the books`,
    );
    const confirmed = Number(books.delivered_frames);
    const lost = confirmed - delivered;
    assert(
      lost * FRAME_BYTES <= this.#unreadMax,
      `${fault.name}: ${confirmed} frames are confirmed, ${delivered} were delivered, but ${this.#unreadMax} bytes ` +
        "were acknowledged and never read",
    );
    return outcome;
  }

  /** Returns how long it took until fresh frames flowed. */
  async #perform(play: Play): Promise<number> {
    const { fault, stage: { target } } = this;
    if (fault.loses) target.inwards.watch = (packet) => this.#acknowledged.note(packet);
    const old = this.#produce(0, this.#oldFrames);
    if (!fault.fromTheStart) await this.#until("frames come", () => play.eater.ends()[0] >= FRAMES_BEFORE);
    await play.begin?.();
    await pause(this.holdMs);
    await play.end();
    const endMs = performance.now();
    if (fault.loses) this.#unreadMax = this.#acknowledged.bytes;
    const fresh = this.#produce(1, FRESH_FRAMES);
    await this.#until("a frame comes that was sent after the fault", () => play.eater.ends()[1] > 0, FRESH_MS_MAX);
    const freshMs = Math.round(performance.now() - endMs);
    for (const sent of [await old, await fresh]) assertEquals(sent.error, undefined, "the producer finished");
    await this.#until("the last frames", () => {
      const ends = play.eater.ends();
      return ends[0] === this.#oldFrames && ends[1] === FRESH_FRAMES;
    });
    return freshMs;
  }

  #produce(producer: number, count: number): Promise<ProducerReport> {
    return this.stage.scene.producer({
      connect: this.relay,
      frames: LINE,
      producer,
      count,
      bytesPerSecond: FRAMES_PER_SECOND * FRAME_BYTES,
    });
  }

  #judge(report: ConsumerReport): void {
    const { fault, stage: { frames } } = this;
    assertInOrder(report);
    // Every byte of a frame follows from its number, so a frame that was never sent has a number beyond these.
    assertEquals(report.ends, { 0: this.#oldFrames, 1: FRESH_FRAMES }, `${fault.name}: one more than the last frames`);
    if (!fault.loses) assertEquals(report.frames, frames, `${fault.name}: different frames`);
    if (!fault.survives) return;
    assertEquals(report.connections.length, 1, `${fault.name}: connections`);
    assertEquals(report.repeats, 0, `${fault.name}: repeats`);
  }

  async #until(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
    await until(`${this.fault.name}: ${what}`, condition, { timeoutMs });
  }
}
