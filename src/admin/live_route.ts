/** One route of this process as its operator sees it: the figures that only time gives, and its state. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Route } from "../relay/route.ts";
import { peerQueueBytes } from "../runtime/peer_queue.ts";
import { LastingStates } from "./lasting_states.ts";
import { type LiveContext, liveStatus } from "./live_status.ts";
import { Meter, SAMPLE_MS } from "./meter.ts";
import type { RouteStatus } from "./status.ts";
import { WaitingTime } from "./waiting_time.ts";

export class LiveRoute {
  readonly #meter: Meter;
  readonly #waiting: WaitingTime;
  readonly #lasting: LastingStates;

  constructor(readonly route: Route, log: Log, private readonly context: Omit<LiveContext, "waiting">) {
    const { clock } = context;
    this.#meter = new Meter(route.parts.ledger, clock);
    const { spool, source, target } = route.parts;
    this.#waiting = new WaitingTime(spool.positions.end, clock);
    this.#lasting = new LastingStates({
      clock,
      log,
      awayMs: () => target.awayMs,
      unreadMs: () => source.unreadMs,
      status: () => this.status(),
    });
  }

  get name(): string {
    return this.route.options.name;
  }

  /** Rejects with a SystemError if the journal has to be read for the oldest frame's time and cannot be. */
  status(): Promise<RouteStatus> {
    return liveStatus(this.route, this.#meter, { ...this.context, waiting: this.#waiting });
  }

  /** Takes samples until `over` is aborted. */
  async sampleUntil(over: AbortSignal): Promise<void> {
    const clock: Clock = this.context.clock;
    const { positions } = this.route.parts.spool;
    while (!over.aborted) {
      await clock.sleep(SAMPLE_MS, over);
      this.#meter.sample();
      this.#waiting.note(positions.confirmed, positions.end);
      if (this.#meter.idleMs >= SAMPLE_MS) this.#meter.noteQueue(await unreadByConsumer(this.route));
      if (!over.aborted) await this.#lasting.check();
    }
  }
}

/** Bytes that a consumer on this machine has received and not read; undefined if unknown or without meaning. */
async function unreadByConsumer({ parts: { target: { serving } }, options }: Route): Promise<number | undefined> {
  const bytes = serving && await peerQueueBytes(serving.local, serving.peer);
  // With reply confirmation a consumer that has nothing left to read owes an answer: its queue proves no progress.
  return bytes === 0 && options.target.confirm === "reply" ? undefined : bytes;
}
