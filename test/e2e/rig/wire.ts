/**
 * Wires that a test can make bad: slow, lossy, cut.
 *
 * A wire joins this network namespace to one that a test has made. Its ends are
 * TUN devices, and this process carries the packets from one to the other, so
 * no part of the kernel is needed that a machine may lack, as many lack netem.
 * All traffic stays on addresses made here, see namespace.ts.
 */
import { freePair, type Namespace, run } from "./namespace.ts";
import type { Scene } from "./scene.ts";
import { PACKET_BYTES_MAX, somePacket, Tun } from "./tun.ts";

/** How long the loop sleeps at most, and so how late it notices its end. */
const IDLE_MS = 50;

/** What one end of a wire has sent. */
interface Packet {
  readonly dueMs: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** One of a wire's two directions. */
export class Lane {
  /** Is shown every packet that is carried. */
  watch: ((packet: Uint8Array) => void) | undefined;
  readonly #waiting: Packet[] = [];

  constructor(private readonly wire: Wire, readonly from: Tun, readonly to: Tun) {}

  get nextDueMs(): number {
    return this.#waiting[0]?.dueMs ?? Infinity;
  }

  /** Takes what the sending end has put in, and lets out what has been under way long enough. */
  move(buffer: Uint8Array<ArrayBuffer>, nowMs: number): void {
    for (let length = this.from.read(buffer); length > 0; length = this.from.read(buffer)) {
      // The kernel itself looks for IPv6 routers on every interface.
      if (buffer[0] >> 4 !== 4 || this.wire.isCut || Math.random() < this.wire.loss) continue;
      // A delay that becomes shorter does not change the order.
      const dueMs = Math.max(nowMs + this.wire.delayMs, this.#waiting.at(-1)?.dueMs ?? 0);
      this.#waiting.push({ dueMs, bytes: buffer.slice(0, length) });
    }
    while (this.nextDueMs <= nowMs) this.#carry(this.#waiting.shift()!.bytes);
  }

  discard(): void {
    this.#waiting.length = 0;
  }

  #carry(packet: Uint8Array<ArrayBuffer>): void {
    this.to.write(packet);
    this.watch?.(packet);
  }
}

export class Wire {
  /** How long each packet takes, in either direction. */
  delayMs = 0;
  /** This share of the packets is lost. */
  loss = 0;
  readonly inwards: Lane;
  readonly outwards: Lane;
  #cut = false;

  constructor(
    /** The addresses of its two ends: in this namespace, and in the other one. */
    readonly outside: string,
    readonly inside: string,
    ends: readonly [Tun, Tun],
  ) {
    this.inwards = new Lane(this, ends[0], ends[1]);
    this.outwards = new Lane(this, ends[1], ends[0]);
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** From now on nothing arrives, and neither end is told; what is under way is lost. */
  cut(): void {
    this.#cut = true;
    this.inwards.discard();
    this.outwards.discard();
  }

  join(): void {
    this.#cut = false;
  }
}

/** All wires of one scene, served by one loop. */
export class Wiring {
  readonly #wires: Wire[] = [];
  readonly #devices: Tun[] = [];
  readonly #buffer = new Uint8Array(PACKET_BYTES_MAX);
  #running: Promise<void> | undefined;
  #closed = false;

  /** Needs `netns` and `tun`. */
  constructor(scene: Scene, private readonly space: Namespace) {
    scene.defer(() => this.#close());
  }

  async wire(): Promise<Wire> {
    const [outside, inside] = await freePair(Deno.pid * 8 + this.#wires.length);
    const names = ["o", "i"].map((end) => `sw${Deno.pid % 100_000}w${this.#wires.length}${end}`);
    const ends = [new Tun(names[0]), new Tun(names[1])] as const;
    this.#devices.push(...ends);
    await run("ip", "link", "set", names[1], "netns", this.space.name);
    await run("ip", "addr", "add", `${outside}/30`, "dev", names[0]);
    await run("ip", "link", "set", names[0], "up");
    await run("ip", "-n", this.space.name, "addr", "add", `${inside}/30`, "dev", names[1]);
    await run("ip", "-n", this.space.name, "link", "set", names[1], "up");
    const wire = new Wire(outside, inside, ends);
    this.#wires.push(wire);
    this.#running ??= this.#run();
    return wire;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const lanes = this.#wires.flatMap(({ inwards, outwards }) => [inwards, outwards]);
      const dueMs = lanes.reduce((soonest, lane) => Math.min(soonest, lane.nextDueMs), Infinity);
      const waitMs = Math.ceil(Math.min(Math.max(dueMs - performance.now(), 0), IDLE_MS));
      await somePacket(lanes.map((lane) => lane.from), waitMs);
      for (const lane of lanes) lane.move(this.#buffer, performance.now());
    }
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    for (const device of this.#devices) device.close();
  }
}
