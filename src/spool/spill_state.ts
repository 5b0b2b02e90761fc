/**
 * Whether frames go to the journal. In `always` mode every frame does. In
 * `overflow` mode the route is either direct, and nothing is appended, or
 * spilling: everything unconfirmed is appended, in order, and then what follows.
 *
 *     direct ──▶ spilling     memory is half full, the target is lost, or a stop
 *     spilling ──▶ direct     the target has been sent the whole journal, and
 *                             memory is nearly free
 */
import type { Condition } from "../base/condition.ts";
import type { Log } from "../base/log.ts";
import type { Journal } from "../journal/journal.ts";
import type { Positions } from "./positions.ts";
import type { Pressure } from "./pressure.ts";
import type { Window } from "./window.ts";

export type SpoolMode = "overflow" | "always";

/** Why the spool began to append. */
export type SpillReason = "memory is half full" | "the target is lost" | "stopping";

export interface SpillStateOptions {
  readonly mode: SpoolMode;
  readonly journal: Pick<Journal, "cursor" | "end">;
  readonly positions: Positions;
  readonly window: Window;
  readonly pressure: Pressure;
  readonly log: Log;
  /** Notified when spilling begins. */
  readonly appendable: Condition;
}

export class SpillState {
  #spilling: boolean;
  /** A clean stop has begun: from now on every frame goes to the journal. */
  #stopping = false;
  #targetUp = false;

  constructor(private readonly options: SpillStateOptions) {
    const { journal } = options;
    this.#spilling = journal.cursor < journal.end;
  }

  /** Is everything that was received to be appended now? */
  get appending(): boolean {
    return this.#spilling || this.options.mode === "always";
  }

  /** Are frames sent as they come in, with no backlog before them? */
  get direct(): boolean {
    const { mode, positions, window } = this.options;
    return positions.next >= window.first && (!this.#spilling || mode === "always");
  }

  /** Begins to append everything unconfirmed; no effect where that is being done. */
  spill(reason: SpillReason): void {
    this.#stopping ||= reason === "stopping";
    if (this.appending) return;
    this.#spilling = true;
    const { log, window, positions, appendable } = this.options;
    const bytes = window.bytesFrom(positions.safe);
    if (bytes > 0 || reason !== "stopping") {
      log.say("spill_began", { reason, in_memory_bytes: bytes });
    }
    appendable.notify();
  }

  /** Is the target connected from now on? */
  setTargetUp(targetUp: boolean): void {
    this.#targetUp = targetUp;
    // An idle route has nothing that will be confirmed: it becomes direct here, so that its first frame is
    // not appended.
    if (targetUp) this.considerDirect();
  }

  /** Becomes direct if it may. */
  considerDirect(): void {
    const { mode, positions, window, pressure, log } = this.options;
    if (!this.#spilling || this.#stopping || !this.#targetUp || mode === "always") return;
    const { next } = positions;
    if (next < positions.appended || next < window.first) return;
    if (!pressure.isLow(window.bytesFrom(positions.confirmed))) return;
    this.#spilling = false;
    log.say("spill_ended", { sequence: next });
  }
}
