/**
 * The machine's clock in a night: whatever is started tells the time by it, and
 * it is set now and then, a little or a lot, forward and back, or drifts.
 */
import { assert } from "../../../support/assert.ts";
import type { Random } from "../../../support/memory_inode.ts";
import { FakeClock, lackOfFakeClock, sweepFakeClocks } from "../../rig/fake_clock.ts";
import type { Scene } from "../../rig/scene.ts";
import { pause } from "../../rig/wait.ts";
import type { JournalFrame } from "./examine.ts";
import type { RouteSetting } from "./settings.ts";

/** By how many seconds it is set at once. */
const STEPS = [0.2, 3, 90, 3600, 86_400] as const;
/** NTP slews by much less than this; it does so for longer. */
const DRIFT = { steps: 20, seconds: 0.02, everyMs: 20 };

export class NightClock {
  #offset = 0;
  #highest = 0;
  readonly #clock: FakeClock;

  /** From now on every program that this process starts has this clock; the end of the scene ends that. */
  constructor(scene: Scene) {
    this.#clock = new FakeClock(scene.directory);
    const environment = Object.entries(this.#clock.environment);
    for (const [name, value] of environment) Deno.env.set(name, value);
    scene.defer(() => {
      for (const [name] of environment) Deno.env.delete(name);
      sweepFakeClocks();
    });
  }

  /** What it says, ms since 1970. */
  get nowMs(): number {
    return Date.now() + this.#offset * 1000;
  }

  /** How far it has been ahead of its beginning, in ms: ages by the wall clock can be wrong by this. */
  get aheadMs(): number {
    return this.#highest * 1000;
  }

  /** Sets it; says by how much. */
  step(random: Random): string {
    const seconds = STEPS[Math.floor(random() * STEPS.length)] * (random() < 0.5 ? -1 : 1);
    this.#set(this.#offset + seconds);
    return `clock ${seconds} s, ${this.#offset.toFixed(1)} s off`;
  }

  /** Runs it too fast or too slow for a while. */
  async drift(random: Random): Promise<string> {
    const seconds = DRIFT.seconds * (random() < 0.5 ? -1 : 1);
    for (let i = 0; i < DRIFT.steps; i++) {
      this.#set(this.#offset + seconds);
      await pause(DRIFT.everyMs);
    }
    return `clock drifts, ${this.#offset.toFixed(1)} s off`;
  }

  #set(offset: number): void {
    this.#offset = Math.round(offset * 1000) / 1000;
    this.#highest = Math.max(this.#highest, this.#offset);
    this.#clock.set(this.#offset);
  }
}

/** Undefined, with the reason said, where there is no such clock. */
export function nightClock(scene: Scene, say: (text: string) => void): NightClock | undefined {
  const lack = lackOfFakeClock();
  if (lack === undefined) return new NightClock(scene);
  say(`the clock is left alone: ${lack}`);
  return undefined;
}

/** A span in which the clock was not touched, and the frames that arrived in it. */
interface Span {
  readonly from: number;
  readonly until: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The most that a record spans, of which only the first frame's time is known; and whole ms are compared. */
const RECORD_MS = 15;

/**
 * What the times of a route's frames have to be, whatever the clock has done in
 * between. Not for `drop-newest`: it takes frames back, and others get their sequences.
 */
export class ArrivalTimes {
  #open: Pick<Span, "from" | "sinceMs"> | undefined;
  readonly #spans: Span[] = [];

  constructor(private readonly setting: Pick<RouteSetting, "whenFull">) {}

  /** Frames from `end` on arrive after `sinceMs`, by a clock that is left alone from then on. */
  begin(end: number, sinceMs: number): void {
    if (this.setting.whenFull !== "drop-newest") this.#open = { from: end, sinceMs };
  }

  /** What has arrived is below `end`, and the clock says `untilMs`. */
  close(end: number, untilMs: number): void {
    if (this.#open === undefined) return;
    if (end > this.#open.from) this.#spans.push({ ...this.#open, until: end, untilMs });
    this.#open = undefined;
  }

  check(frames: readonly JournalFrame[]): void {
    for (const { sequence, time } of frames) {
      const span = this.#spans.find(({ from, until }) => from <= sequence && sequence < until);
      if (span === undefined) continue;
      const { sinceMs, untilMs } = span;
      const ms = Date.parse(time);
      const told = `frame ${sequence} has ${time}, expected ${iso(sinceMs)} to ${iso(untilMs)}`;
      assert(sinceMs - RECORD_MS <= ms && ms <= untilMs + RECORD_MS, told);
    }
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
