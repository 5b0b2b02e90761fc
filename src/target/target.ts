/** The target side of a route: one session after the other, for as long as the route runs. */
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { StopDeadline } from "../base/stop_deadline.ts";
import type { Connection } from "../runtime/net.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpoolFeed } from "../spool/spool_feed.ts";
import { ByteConfirmer } from "./byte_confirmer.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import { Care } from "./care.ts";
import { Rate } from "./rate.ts";
import { Refusals } from "./refusals.ts";
import { ReplyConfirmer, type ReplyRules } from "./reply_confirmer.ts";
import { Session } from "./session.ts";
import type { Supply } from "./supply.ts";

export interface TargetOptions {
  readonly supply: Supply;
  readonly spool: Spool;
  readonly feed: SpoolFeed;
  readonly clock: Clock;
  readonly log: Log;
  /** How frames are confirmed; the rules are those for `confirm = "reply"`. */
  readonly confirm: "written" | "acked" | ReplyRules;
  /** Where the consumer's bytes go; undefined: nowhere. */
  readonly replies: ReplySink | undefined;
  /** Bytes a second at most; 0 = no limit. */
  readonly rateBytes: number;
  /** 0 = never. */
  readonly stallTimeoutMs: number;
  readonly halfClose: boolean;
}

export class Target {
  /** Connections so far. */
  connects = 0;
  #session: Session | undefined;
  #stopping: StopDeadline | undefined;
  #running: Promise<void> | undefined;
  #mayRepeat = 0;
  /** Resets the connection before this one, whose peer was silent. */
  #resetSilent: (() => void) | undefined;
  readonly #rate: Rate | undefined;
  readonly #refusals = new Refusals();
  readonly #care = new Care();

  constructor(private readonly options: TargetOptions) {
    if (options.rateBytes > 0) this.#rate = new Rate(options.clock, options.rateBytes);
  }

  /** The consumer that is being served. */
  get peer(): string | undefined {
    return this.#session?.peer;
  }

  /** The connection to the consumer that is being served, as far as it tells how slowly that may read. */
  get serving(): Pick<Session, "local" | "peer" | "largestWindow"> | undefined {
    return this.#session;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Waits for what is in flight as long as the deadline lets it; returns how many frames may arrive twice. */
  async stop(deadline: StopDeadline): Promise<number> {
    this.#stopping = deadline;
    const stopped = this.options.supply.stop();
    await this.#session?.finish(deadline);
    await stopped;
    await this.#running;
    this.#resetSilent?.();
    await this.options.feed.close();
    return this.#mayRepeat;
  }

  async #run(): Promise<void> {
    const { supply, spool } = this.options;
    while (this.#stopping === undefined) {
      const connection = await supply.next(() => spool.targetLost());
      if (connection === undefined) return;
      if (this.#stopping !== undefined) return connection.close();
      await this.#serve(connection);
    }
  }

  async #serve(connection: Connection): Promise<void> {
    const { supply, feed, spool, clock, log, confirm, halfClose, stallTimeoutMs } = this.options;
    this.#resetSilent?.();
    this.#resetSilent = undefined;
    const stream = await this.#begin(connection);
    if (stream === undefined) return;
    this.connects++;
    const { sent } = spool;
    log.info("target connected", { peer: connection.peer, sequence: sent, frames_again: feed.resentFrom(sent) });
    const session = new Session({
      connection,
      stream,
      clock,
      confirmer: this.#confirmer(connection, stream),
      rate: this.#rate,
      stallTimeoutMs,
      // Without its sending side the consumer cannot answer.
      halfClose: halfClose && typeof confirm === "string",
    });
    this.#session = session;
    supply.serving(session);
    if (this.#stopping !== undefined) session.finish(this.#stopping);
    const reason = await session.ended;
    // A consumer that serves one connection at a time would wait for more on this one.
    if (connection.unanswered()) this.#resetSilent = connection.holdForReset();
    const { mayRepeat, mayBeLostBytes } = await session.close();
    this.#mayRepeat = mayRepeat;
    spool.options.ledger.mayBeLostBytes += mayBeLostBytes;
    this.#session = undefined;
    supply.ended(session.progress > 0);
    if (session.hasSent) this.#care.ended(session.progress);
    const fields = {
      peer: connection.peer,
      reason,
      confirmed: spool.confirmed,
      may_arrive_twice: mayRepeat,
      may_be_lost_bytes: mayBeLostBytes,
    };
    if (this.#stopping !== undefined) log.info("target disconnected", fields);
    else log.warn("target lost", fields);
  }

  /** Undefined if the journal cannot be read just now: the next connection tries again. */
  async #begin(connection: Connection): Promise<DeliveryStream | undefined> {
    const { feed, supply, log } = this.options;
    try {
      return await feed.begin();
    } catch (error) {
      log.error("cannot find where to begin, the connection is closed", { error: messageOf(error) });
      connection.close();
      supply.ended(false);
      return undefined;
    }
  }

  #confirmer(connection: Connection, stream: DeliveryStream): Confirmer {
    const { spool, clock, log, confirm, replies } = this.options;
    if (typeof confirm === "string") {
      const mustRead = spool.options.rewind === "auto";
      const care = mustRead ? this.#care.level : 0;
      return new ByteConfirmer({ connection, stream, clock, mode: confirm, mustRead, care, replies });
    }
    return new ReplyConfirmer({ stream, spool, clock, log, rules: confirm, refusals: this.#refusals, replies });
  }
}
