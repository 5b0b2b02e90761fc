/**
 * Serves connections to one consumer, one after the other, from beginning to
 * end. A route (target.ts) and a replay serve them in the same way, and differ in
 * where connections and frames come from.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Connection } from "../runtime/net.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { StreamOutcome } from "../spool/frame_feed.ts";
import { ByteConfirmer } from "./byte_confirmer.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import type { Rate } from "./rate.ts";
import { ReplyConfirmer } from "./reply_confirmer.ts";
import { Refusals, type RefusalSink, type ReplyRules } from "./reply_rules.ts";
import { Session } from "./session.ts";
import { Pieces, SlowStart } from "./slow_start.ts";

export interface ServeOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How frames are confirmed; the rules are those for `confirm = "reply"`. */
  readonly confirm: "written" | "acked" | ReplyRules;
  /** Does only what the consumer's program has read count as progress: `rewind = "auto"`? */
  readonly mustRead: boolean;
  /** Undefined: no limit. */
  readonly rate: Rate | undefined;
  /** In ms; 0 = never. */
  readonly stallTimeoutMs: number;
  /** Does a connection go on when the consumer closes its sending side? */
  readonly halfClose: boolean;
  /** Where frames go that the consumer refuses. */
  readonly sink: RefusalSink;
  /** Memory for replies that are not whole. */
  readonly pool: BufferPool;
  /** Where the bytes go that the consumer sends; undefined: they are discarded. */
  readonly replies: ReplySink | undefined;
}

/** How a connection has ended; `ended` is what its user has returned. */
export interface ServedConnection<T> extends StreamOutcome {
  readonly ended: T;
  /** Bytes, or frames, that the consumer has taken for good on it. */
  readonly progress: number;
}

export class ConnectionServer {
  readonly #refusals = new Refusals();
  readonly #slowStart = new SlowStart();
  /** Resets the last connection, whose peer was silent. */
  #resetSilent: (() => void) | undefined;

  constructor(private readonly options: ServeOptions) {}

  /** Resets the last connection if its peer was silent; to be called before the next one begins, and at the end. */
  resetSilent(): void {
    this.#resetSilent?.();
    this.#resetSilent = undefined;
  }

  /** Serves `connection` with the frames of `stream` for as long as `use` takes, then closes it and ends the stream. */
  async serve<T>(
    connection: Connection,
    stream: DeliveryStream,
    use: (session: Session) => Promise<T>,
  ): Promise<ServedConnection<T>> {
    const { clock, rate, stallTimeoutMs, halfClose, confirm } = this.options;
    const session = new Session({
      connection,
      stream,
      confirmer: this.#confirmer(connection, stream),
      clock,
      rate,
      stallTimeoutMs,
      // Without its sending side the consumer cannot reply.
      halfClose: halfClose && typeof confirm === "string",
    });
    const ended = await use(session);
    // A consumer that serves one connection at a time would wait for more on this one.
    if (connection.unanswered()) this.#resetSilent = connection.holdForReset();
    const outcome = await session.close();
    const { progress } = session;
    if (session.hasSent) this.#slowStart.ended(progress);
    return { ...outcome, ended, progress };
  }

  #confirmer(connection: Connection, stream: DeliveryStream): Confirmer {
    const { clock, log, confirm, mustRead, sink, pool, replies } = this.options;
    if (typeof confirm !== "string") {
      return new ReplyConfirmer({ stream, sink, pool, clock, log, rules: confirm, refusals: this.#refusals, replies });
    }
    const pieces = mustRead ? this.#slowStart.begin(clock) : new Pieces(clock, 0);
    return new ByteConfirmer({ connection, stream, clock, mode: confirm, mustRead, pieces, replies });
  }
}
