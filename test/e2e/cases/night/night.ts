/** The operator's bad night: a daemon with two routes, and everything that can be done to it, at random moments. */
import { assert, assertEquals } from "../../../support/assert.ts";
import type { Random } from "../../../support/memory_inode.ts";
import { seeded } from "../../../support/random.ts";
import { stopLines } from "../../rig/books.ts";
import { toToml } from "../../rig/config.ts";
import { isListening } from "../../rig/ports.ts";
import type { Program } from "../../rig/program.ts";
import { chosenRuntime, relayCommand } from "../../rig/relay_command.ts";
import type { Scene } from "../../rig/scene.ts";
import { pause, until, WaitError } from "../../rig/wait.ts";
import { BESIDE, Beside } from "./beside.ts";
import { type NightClock, nightClock } from "./clock.ts";
import { exhaust, withDescriptors } from "./descriptors.ts";
import { examine, type Examined } from "./examine.ts";
import { NightRoute } from "./route.ts";
import { randomSetting } from "./settings.ts";
import { compactStopped, flip, repair, replayAll, skipStopped } from "./stopped.ts";

const STOP_MS_MAX = 7_000;
/** What a daemon may have; the journals, the consumers and the commands need about 60 of them. */
const DESCRIPTORS = [undefined, undefined, 80, 100] as const;
/** None of these may change anything, SIGHUP's line in the log apart. */
const MEANINGLESS = ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGVTALRM", "SIGXCPU"] as const;

/** What producers and consumers do. */
const PEERS = [
  "feed",
  "hush",
  "deafen",
  "listen",
  "crowd",
  "disperse",
  "fast",
  "fast",
  "slow",
  "freeze",
  "vanish",
  "vanish",
  "reset",
  "reset",
] as const;

export class Night {
  readonly #routes: NightRoute[];
  readonly #config: string;
  readonly #clock: NightClock | undefined;
  /** Descriptors that the daemon may have; undefined: as many as it wants. */
  #descriptors: number | undefined;
  #daemon!: Program;
  #lives = 0;
  #kills = 0;
  #commands = 0;
  /** What was done so far, a line for each. */
  readonly diary: string[] = [];

  constructor(private readonly scene: Scene, private readonly random: Random, private readonly loud: boolean) {
    this.#routes = ["one", "two"].map((name) => new NightRoute(randomSetting(name, random), scene.directory));
    this.#clock = nightClock(scene, (text) => this.#say(text));
    this.#config = `${scene.directory}/night.toml`;
    Deno.writeTextFileSync(this.#config, toToml({ routes: this.#routes.map(({ config }) => config) }));
    for (const { setting } of this.#routes) this.#say(JSON.stringify(setting));
    for (const route of this.#routes) scene.defer(() => route.end());
  }

  /** `commands`: beside a daemon. */
  get counts(): Readonly<Record<"lives" | "kills" | "commands" | "frames", number>> {
    const frames = this.#routes.reduce((sum, { tally }) => sum + tally.frames, 0);
    return { lives: this.#lives, kills: this.#kills, commands: this.#commands, frames };
  }

  async run(steps: number): Promise<void> {
    await this.#start();
    for (const route of this.#routes) this.#feed(route);
    for (let step = 0; step < steps; step++) {
      await pause(20 + this.random() * 400);
      await this.#act();
    }
    for (const route of this.#routes) await this.#reckon(route);
    await this.#stop();
    await this.#down(true);
  }

  #say(text: string): void {
    this.diary.push(text);
    if (this.loud) console.log(`  ${text}`);
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)];
  }

  async #act(): Promise<void> {
    const route = this.#pick(this.#routes);
    const chance = this.random();
    if (chance < 0.08) return await this.#restart("stop");
    if (chance < 0.15) return await this.#restart("kill");
    if (chance < 0.22) return await this.#reckon(route);
    if (chance < 0.26) return this.#signal();
    if (chance < 0.36) return await this.#setClock();
    if (chance < 0.42) return await this.#exhaust(route);
    if (chance < 0.60) return await this.#peers(route);
    const commands = Array.from({ length: 1 + Math.floor(this.random() * 3) }, () => this.#beside());
    await Promise.all(commands);
    route.check();
  }

  #beside(): Promise<void> {
    const route = this.#pick(this.#routes);
    const what = this.#pick(BESIDE);
    this.#commands++;
    this.#say(`${what} ${route.setting.name}`);
    const surroundings = {
      directory: this.scene.directory,
      config: this.#config,
      routes: this.#routes,
      say: (text: string) => this.#say(text),
    };
    return new Beside(surroundings, route, this.#fork()).run(what);
  }

  /** Numbers for something that takes as many as it needs: what comes after it does not depend on that. */
  #fork(): Random {
    return seeded(Math.floor(this.random() * 2 ** 32));
  }

  #signal(): void {
    const signal = this.#pick(MEANINGLESS);
    this.#say(signal);
    this.#daemon.signal(signal);
  }

  /** Whatever is logged and whatever arrives from now on has the new time. */
  async #setClock(): Promise<void> {
    const clock = this.#clock;
    if (clock === undefined) return;
    for (const route of this.#routes) route.arrivals.close((await route.live()).end, clock.nowMs);
    this.#say(this.random() < 0.2 ? await clock.drift(this.random) : clock.step(this.random));
    const logged = () => this.#daemon.errors.filter((line) => line.includes("SIGHUP"));
    const before = logged().length;
    const sinceMs = clock.nowMs;
    this.#daemon.signal("SIGHUP");
    const line = await until("a line is logged", () => logged()[before]);
    const { time } = JSON.parse(line);
    const late = clock.nowMs - Date.parse(time);
    assert(late >= -1 && Date.parse(time) >= sinceMs - 1, `${line} at ${new Date(clock.nowMs).toISOString()}`);
    await this.#beginArrivals(clock);
  }

  /** Frames that arrive from now on have the time that the clock says, until it is set. */
  async #beginArrivals(clock: NightClock): Promise<void> {
    for (const route of this.#routes) {
      const sinceMs = clock.nowMs;
      route.arrivals.begin((await route.live()).end, sinceMs);
    }
  }

  async #exhaust(route: NightRoute): Promise<void> {
    if (this.#descriptors === undefined || route.setting.forwards) return;
    this.#say(`exhaust ${route.setting.name}, ${this.#descriptors} descriptors`);
    this.#say(`  ${await exhaust(route, this.#descriptors)}`);
  }

  async #reckon(route: NightRoute): Promise<void> {
    this.#say(`reckon ${route.setting.name}`);
    this.#say(`  ${await route.reckon()}`);
    if (this.random() < 0.8) this.#feed(route);
  }

  #feed(route: NightRoute): void {
    for (const feeder of route.feeders) feeder.begin();
  }

  async #peers(route: NightRoute): Promise<void> {
    const what = this.#pick(PEERS);
    this.#say(`${what} ${route.setting.name}`);
    if (what === "feed") this.#feed(route);
    if (what === "hush") { for (const feeder of route.feeders) feeder.hush(); }
    if (what === "deafen") { for (const feeder of route.feeders) feeder.deafen(); }
    if (what === "listen") { for (const feeder of route.feeders) feeder.listen(); }
    if (what === "crowd") await route.crowd(20 + Math.floor(this.random() * 100));
    if (what === "disperse") route.disperse();
    if (what === "fast") route.appear(0);
    if (what === "slow") route.appear(100e3 + this.random() * 1e6);
    if (what === "freeze") route.consumer?.freeze();
    if (what === "vanish" || what === "reset") await route.vanish();
    if (what === "reset") route.appear(0);
  }

  async #restart(how: "stop" | "kill"): Promise<void> {
    if (how === "stop") await this.#stop();
    else await this.#kill();
    await this.#down(how === "stop");
    await this.#start();
  }

  async #start(): Promise<void> {
    this.#descriptors = this.#pick(DESCRIPTORS);
    const inside = this.#descriptors === undefined ? [] : withDescriptors(this.#descriptors);
    const command = [...inside, ...relayCommand(chosenRuntime()), "run", "-c", this.#config];
    this.#say(`start ${++this.#lives}, ${this.#descriptors ?? "all"} descriptors`);
    for (const route of this.#routes) route.startedMs = performance.now();
    const daemon = this.#daemon = this.scene.program(`life ${this.#lives}`, command, { cwd: this.scene.directory });
    await until("the daemon listens", () => {
      if (daemon.exitCode !== undefined) throw new WaitError(`the daemon ended: ${daemon.tail()}`);
      return this.#routes.every(({ sourcePort }) => isListening(sourcePort));
    });
    for (const route of this.#routes) {
      const now = await route.begin();
      if (route.left !== undefined) {
        assertEquals([now.carried_frames], [route.left.frames], `carried over: ${JSON.stringify(now)}`);
      }
    }
    if (this.#clock !== undefined) await this.#beginArrivals(this.#clock);
  }

  async #stop(): Promise<void> {
    const more = Array.from({ length: this.#pick([0, 0, 0, 1, 2]) }, () => this.#pick(["SIGTERM", "SIGINT"] as const));
    this.#say(["stop", ...more].join(" "));
    const begin = performance.now();
    const stopped = this.#daemon.stop();
    for (const signal of more) {
      await pause(this.random() * 60);
      this.#daemon.signal(signal);
    }
    assertEquals(await stopped, 0, this.#daemon.tail());
    const ms = performance.now() - begin;
    assert(ms < STOP_MS_MAX, `a clean stop took ${ms} ms`);
    const lines = stopLines(this.#daemon);
    for (const route of this.#routes) {
      const line = lines.find((each) => each.route === route.setting.name);
      assert(line !== undefined, `no last line of ${route.setting.name}`);
      const of = (account: string, unit: string) => Number(line[`${account}_${unit}`]);
      for (const unit of ["frames", "bytes"]) {
        const came = of("carried", unit) + of("received", unit);
        assertEquals(came, of("delivered", unit) + of("pending", unit) + of("dropped", unit), JSON.stringify(line));
      }
      route.left = { frames: of("pending", "frames"), bytes: of("pending", "bytes") };
      if (route.base === undefined) continue;
      route.past.received += of("received", "frames") - route.base.received;
      route.past.dropped += of("dropped", "frames") - route.base.dropped;
      route.base = { ...route.base, received: 0, dropped: 0 };
    }
    this.#checkLog();
  }

  async #kill(): Promise<void> {
    this.#say("kill -9");
    this.#kills++;
    await this.#daemon.kill();
    for (const route of this.#routes) {
      route.base = undefined;
      route.left = undefined;
      route.orphaned ||= route.consumer !== undefined;
      if (route.setting.whenFull.startsWith("drop") && route.setting.maxBytes > 0) route.lossy = true;
      if (route.setting.maxAgeMs > 0) route.lossy = true;
    }
    this.#checkLog();
  }

  #checkLog(): void {
    for (const line of this.#daemon.errors.slice(1, -1)) {
      assert(line.startsWith("{"), `the daemon's log: ${line}`);
      const { level, message, route: name, may_be_lost_bytes: unread } = JSON.parse(line);
      const losing = this.#routes.find(({ setting }) => setting.name === name);
      if (unread > 0 && losing !== undefined) losing.lossy = losing.unread = true;
      const damaged = this.#routes.some(({ flipped, holes }) => flipped || holes) && /damaged|missing/.test(message);
      assert(level !== "error" || damaged, `${message}: ${line}`);
    }
  }

  /** The daemon is down: look at everything, and do this and that to it. */
  async #down(clean: boolean): Promise<void> {
    for (const route of this.#routes) {
      let seen = await examine(route.known(), this.#fork());
      route.arrivals.close(seen.status.end, this.#clock?.nowMs ?? Infinity);
      route.arrivals.check(seen.frames);
      if (clean && route.left !== undefined && !route.flipped) {
        const { pending_frames, pending_bytes, at_risk_bytes } = seen.status;
        assertEquals([pending_frames, pending_bytes, at_risk_bytes], [route.left.frames, route.left.bytes, 0], "left");
      }
      if (!clean && !route.flipped) { for (const each of seen.pending) route.owed.push(each); }
      const deeds = 1 + Math.floor(this.random() * 2);
      for (let i = 0; i < deeds; i++) seen = await this.#deed(route, seen);
    }
  }

  async #deed(route: NightRoute, seen: Examined): Promise<Examined> {
    const what = this.#pick(["nothing", "compact", "compact", "skip", "flip", "repair", "replay", "replay"]);
    this.#say(`  down: ${what} ${route.setting.name}`);
    if (what === "compact") return await compactStopped(route, this.#config, seen, this.#fork());
    if (what === "skip") await skipStopped(route, seen, this.#fork());
    if (what === "flip" && this.random() < 0.5) await flip(route, seen, this.#fork());
    if (what === "repair") await repair(route, this.#fork());
    if (what === "replay") await replayAll(route, seen, this.scene.directory, this.#fork());
    return what === "nothing" || what === "replay" ? seen : await examine(route.known(), this.#fork());
  }
}
