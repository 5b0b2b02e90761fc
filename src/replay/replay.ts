/**
 * Sends the frames of an archive to a target, over as many connections as it
 * takes: the sending side of a route without a route. Each connection begins at
 * the first frame that is not confirmed, or that may not have been read.
 */
import { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf, SpillwayError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { RESERVE_MS, StopDeadline } from "../base/stop_deadline.ts";
import { counted } from "../base/range_text.ts";
import type { Connection } from "../runtime/net.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import { ByteConfirmer } from "../target/byte_confirmer.ts";
import { Care } from "../target/care.ts";
import type { Confirmer, ReplySink } from "../target/confirmer.ts";
import type { Rate } from "../target/rate.ts";
import { Refusals } from "../target/refusals.ts";
import { type RefusalSink, ReplyConfirmer, type ReplyRules } from "../target/reply_confirmer.ts";
import { Session } from "../target/session.ts";
import type { ArchiveFeed } from "./archive_feed.ts";

/** Where connections come from; a `Dialler` is one. */
export interface Connections {
  /**
   * The next one, after a pause; undefined once stopped. `failed` is called
   * after each attempt that failed. Rejects if there can be none.
   */
  next(failed: (error: unknown) => void): Promise<Connection | undefined>;
  /** The last one was of use. */
  progressed(): void;
}

export interface ReplayOptions {
  readonly feed: ArchiveFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
  /** Aborted by the replay when it gives up, and by `stop`: no more connections then. */
  readonly stopping: AbortController;
  readonly confirm: "written" | "acked" | ReplyRules;
  /** Undefined: no limit. */
  readonly rate: Rate | undefined;
  /** As `target.stall_timeout`; 0 = never. */
  readonly stallTimeoutMs: number;
  /** So many attempts in a row may end without a frame confirmed, after the first one. */
  readonly retries: number;
}

export interface Outcome {
  readonly kind: "sent" | "stopped" | "gave up";
  /** Why it gave up. */
  readonly reason: string;
  /** Bytes that the target's kernel acknowledged, that its program may not have read, and that were not sent again. */
  readonly mayBeLostBytes: number;
  /** From the first connection until the last frame was confirmed, or it was given up. */
  readonly elapsedMs: number;
}

/** Who has ended a connection, and why. */
interface EndOfConnection {
  readonly kind: "ours" | "lost";
  readonly reason: string;
}

/** How long the consumer may be silent, and not close its side, after we have closed ours. */
const PART_MS = 1000;
/** How long one is waited for that goes on to talk, or to read. */
const PART_MS_MAX = 30_000;
/** How long a stop waits until the consumer has confirmed what it was sent. */
const STOP_MS = 500;

const ANSWER_POOL = { maxBytes: 4 * 1024 * 1024, reserveBytes: 0, bufferBytes: 64 * 1024 };

export class Replay {
  #session: Session | undefined;
  #stopped = false;
  /** Resolved by `stop`. */
  readonly #ended = Promise.withResolvers<undefined>();
  #failures = 0;
  #reason = "";
  #mayBeLostBytes = 0;
  /** Everything is sent and confirmed. */
  #isSent = false;
  #startMs: number | undefined;
  #endMs = 0;
  /** When the consumer last sent something, or read something. */
  #heardMs = 0;
  /** Why it makes no sense to go on: a frame that the consumer will not have. */
  #refused: SpillwayError | undefined;
  #resetSilent: (() => void) | undefined;
  readonly #refusals = new Refusals();
  readonly #care = new Care();
  readonly #pool = new BufferPool(ANSWER_POOL);

  constructor(private readonly options: ReplayOptions) {}

  /** Sends nothing more; `run` resolves soon, when it is known how far it got. */
  stop(): void {
    this.#stopped = true;
    this.options.stopping.abort();
    this.#ended.resolve(undefined);
    this.#session?.finish(new StopDeadline(this.options.clock, STOP_MS + RESERVE_MS.inFlight));
  }

  /** Resolves at the end, whichever it is; rejects where the files cannot be read, or the consumer refuses a frame for good. */
  async run(): Promise<Outcome> {
    const { feed, connections } = this.options;
    try {
      while (!this.#stopped && !this.#isSent) {
        const next = connections.next((error) => this.#failed(messageOf(error)));
        // An attempt may take seconds; what comes of it after the end is closed by whoever made it.
        const connection = await Promise.race([next, this.#ended.promise]);
        if (connection === undefined) break;
        if (this.#stopped) connection.close();
        else await this.#serve(connection);
        if (feed.failure !== undefined) throw feed.failure;
        if (this.#refused !== undefined) throw this.#refused;
      }
    } finally {
      this.#resetSilent?.();
      await feed.close();
    }
    const kind = this.#isSent ? "sent" : this.#stopped ? "stopped" : "gave up";
    const elapsedMs = this.#startMs === undefined ? 0 : this.#endMs - this.#startMs;
    return { kind, reason: this.#reason, mayBeLostBytes: this.#mayBeLostBytes, elapsedMs };
  }

  /** An attempt has ended without progress. */
  #failed(reason: string): void {
    this.#reason = reason;
    if (++this.#failures > this.options.retries) this.options.stopping.abort();
    else this.#tell(reason);
  }

  /** An outage is one line, not one for each attempt. */
  #tell(reason: string): void {
    if (this.#failures > 1) return;
    const { log, feed } = this.options;
    log.warn(`${reason}; trying again from frame ${feed.start}`);
  }

  async #serve(connection: Connection): Promise<void> {
    const { feed, connections, clock, rate, stallTimeoutMs } = this.options;
    this.#resetSilent?.();
    this.#resetSilent = undefined;
    const before = feed.progress;
    this.#startMs ??= clock.monotonicMs();
    const stream = feed.begin();
    const confirmer = this.#confirmer(connection, stream);
    const session = new Session({ connection, stream, confirmer, clock, rate, stallTimeoutMs, halfClose: false });
    this.#session = session;
    const end = await this.#endOf(session);
    // A consumer that serves one connection at a time would wait for more on this one.
    if (connection.unanswered()) this.#resetSilent = connection.holdForReset();
    const { mayRepeat, mayBeLostBytes, unreadBytes } = await session.close();
    this.#session = undefined;
    if (session.hasSent) this.#care.ended(session.progress);
    // To one that stays, and did not read, nothing is sent again.
    this.#mayBeLostBytes += end.kind === "ours" ? unreadBytes : mayBeLostBytes;
    const hasProgressed = feed.progress > before;
    if (hasProgressed) {
      this.#failures = 0;
      connections.progressed();
    }
    if (feed.failure !== undefined || this.#refused !== undefined) return;
    this.#isSent = await this.#isAllSent(end, hasProgressed);
    if (this.#isSent || this.#stopped) return;
    const repeats = mayRepeat === 0 ? "" : `, ${counted(mayRepeat, "frame")} may arrive twice`;
    this.#failed(`${connection.peer} is lost: ${end.reason}${repeats}`);
  }

  /** A consumer that stays, and does not read, has been given its time: what it has is not sent to it once more. */
  async #isAllSent(end: EndOfConnection, hasProgressed: boolean): Promise<boolean> {
    const { feed } = this.options;
    if (feed.isFinished || end.kind === "ours") return true;
    return hasProgressed && !this.#stopped && await feed.isAtEnd();
  }

  /** Until the connection is lost, or everything is confirmed and the consumer had time to say good-bye. */
  async #endOf(session: Session): Promise<EndOfConnection> {
    const { feed, clock } = this.options;
    let reason: string | undefined;
    const ended = session.ended.then((text) => {
      reason = text;
      feed.changed.notify();
    });
    while (reason === undefined && !feed.isAllConfirmed) await feed.changed.wait();
    this.#endMs = clock.monotonicMs();
    if (reason === undefined) {
      // To close with bytes of the consumer unread would reset what it has not read yet.
      await session.closeWrite();
      await this.#part(ended);
    }
    if (reason !== undefined) return { kind: "lost", reason };
    session.end("everything is confirmed");
    return { kind: "ours", reason: "" };
  }

  /**
   * Until the consumer has closed its side too, or neither talks nor reads any
   * more. One that answers while it reads would be killed by an answer to nobody.
   */
  async #part(ended: Promise<void>): Promise<void> {
    const { clock, feed } = this.options;
    const over = new AbortController();
    const closed = ended.then(() => over.abort());
    const begunMs = clock.monotonicMs();
    this.#heardMs = begunMs;
    for (let { unreadBytes } = feed; !over.signal.aborted;) {
      const leftMs = Math.min(this.#heardMs + PART_MS, begunMs + PART_MS_MAX) - clock.monotonicMs();
      if (leftMs <= 0) return;
      await Promise.race([closed, feed.changed.wait(), clock.sleep(leftMs, over.signal)]);
      if (feed.unreadBytes < unreadBytes) this.#heardMs = clock.monotonicMs();
      ({ unreadBytes } = feed);
    }
  }

  #confirmer(connection: Connection, stream: DeliveryStream): Confirmer {
    const { feed, clock, log, confirm: rules } = this.options;
    if (typeof rules === "string") {
      const replies: ReplySink = {
        isReady: true,
        changed: () => Promise.resolve(),
        forward: () => this.#heardMs = clock.monotonicMs(),
      };
      const mustRead = feed.rewind === "auto";
      const care = mustRead ? this.#care.level : 0;
      return new ByteConfirmer({ connection, stream, clock, mode: rules, mustRead, care, replies });
    }
    const spool = this.#sink(rules.attempts);
    return new ReplyConfirmer({ stream, spool, clock, log, rules, refusals: this.#refusals, replies: undefined });
  }

  /** There is no quarantine here: a frame that is refused too often ends the replay, for the user to decide. */
  #sink(attempts: number): RefusalSink {
    const { feed } = this.options;
    const quarantine = (sequence: number) => {
      this.#refused = new SpillwayError(`the consumer refused frame ${sequence} ${attempts} times`, {
        hint: `--from ${sequence + 1} goes on without it; spillway cat --from ${sequence} --limit 1 shows it`,
      });
      return Promise.reject(this.#refused);
    };
    return {
      get confirmed() {
        return feed.confirmed;
      },
      refuse() {},
      quarantine,
      options: { pool: this.#pool },
    };
  }
}
