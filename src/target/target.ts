/** The target side of a route: one session after the other, for as long as the route runs. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Outlet } from "../spool/outlet.ts";
import type { Spool } from "../spool/spool.ts";
import type { ConfirmMode } from "./confirmation.ts";
import type { Connection } from "../runtime/net.ts";
import { Session } from "./session.ts";
import type { Supply } from "./supply.ts";

/** How long a clean stop waits for what is in flight. */
export const TARGET_STOP_MS = 3000;

export interface TargetOptions {
  readonly supply: Supply;
  readonly spool: Spool;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly log: Log;
  readonly confirm: ConfirmMode;
  readonly halfClose: boolean;
}

export class Target {
  #session: Session | undefined;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(private readonly options: TargetOptions) {}

  start(): void {
    this.#running = this.#run();
  }

  /** Waits at most {@link TARGET_STOP_MS} for what is in flight; returns how many frames may arrive twice. */
  async stop(): Promise<number> {
    this.#stopping = true;
    const stopped = this.options.supply.stop();
    await this.#session?.finish(TARGET_STOP_MS);
    await stopped;
    await this.#running;
    await this.options.outlet.close();
    return Math.max(0, this.options.spool.sent - this.options.spool.confirmed);
  }

  async #run(): Promise<void> {
    const { supply, spool } = this.options;
    while (!this.#stopping) {
      const connection = await supply.next(() => spool.targetLost());
      if (connection === undefined) return;
      if (this.#stopping) return connection.close();
      await this.#serve(connection);
    }
  }

  async #serve(connection: Connection): Promise<void> {
    const { supply, outlet, spool, clock, log, confirm, halfClose } = this.options;
    const again = await outlet.begin();
    log.info("target connected", { peer: connection.peer, sequence: spool.sent, frames_again: again });
    const session = new Session({ connection, outlet, clock, confirm, halfClose });
    this.#session = session;
    supply.serving(session);
    if (this.#stopping) session.finish(TARGET_STOP_MS);
    const reason = await session.ended;
    await session.settle();
    this.#session = undefined;
    supply.ended(session.progressed);
    const mayRepeat = Math.max(0, spool.sent - spool.confirmed);
    const fields = { peer: connection.peer, reason, confirmed: spool.confirmed, may_arrive_twice: mayRepeat };
    if (this.#stopping) log.info("target disconnected", fields);
    else log.warn("target lost", fields);
  }
}
