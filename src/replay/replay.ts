/**
 * Sends the frames of an archive to a target, over as many connections as it
 * takes. Each connection begins at the first frame that is not confirmed, or that
 * may not have been read.
 */
import { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf, SpillwayError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { RESERVE_MS, StopDeadline } from "../base/stop_deadline.ts";
import { counted } from "../base/range_text.ts";
import type { Connection } from "../runtime/net.ts";
import type { Rate } from "../target/rate.ts";
import type { RefusalSink, ReplyRules } from "../target/reply_rules.ts";
import { ConnectionServer } from "../target/serve_connection.ts";
import type { Session } from "../target/session.ts";
import type { ArchiveFeed } from "./archive_feed.ts";

/** Where connections come from; a `Dialler` is one. */
export interface Connections {
  /**
   * The next one, after a pause; undefined once stopped. `failed` is called
   * after each attempt that failed. Rejects if there can be none.
   */
  next(failed: (error: unknown) => void): Promise<Connection | undefined>;
  /** The last connection made progress: the next attempt need not wait long. */
  progressed(): void;
}

export interface ReplayOptions {
  readonly feed: ArchiveFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
  /** Aborted by `stop`, and by the replay when it gives up: then there are no more connections. */
  readonly stopping: AbortController;
  readonly confirm: "written" | "acked" | ReplyRules;
  /** Undefined: no limit. */
  readonly rate: Rate | undefined;
  /** As `target.stall_timeout`, in ms; 0 = never. */
  readonly stallTimeoutMs: number;
  /** How many attempts in a row, after the first one, may end without progress. */
  readonly retries: number;
}

export interface ReplayOutcome {
  readonly kind: "sent" | "stopped" | "gave up";
  /** Why the last connection or attempt failed; empty if none has. */
  readonly reason: string;
  /** Bytes that the target's kernel acknowledged, that its program may not have read, and that were not sent again. */
  readonly mayBeLostBytes: number;
  /** From the first connection until the last frame was confirmed or the replay ended, in ms. */
  readonly elapsedMs: number;
}

/** Which side ended a connection, and why. */
interface EndOfConnection {
  readonly by: "us" | "loss";
  readonly reason: string;
}

/** How long to wait for the consumer's FIN after ours, in ms, while it neither sends nor reads; and in all. */
const CLOSE_WAIT_MS = 1000;
const CLOSE_WAIT_MS_MAX = 30_000;
/** How long a stop waits until the consumer has confirmed what it was sent, in ms. */
const CONFIRM_WAIT_MS = 500;

/** Memory for replies that are not whole. */
const REPLY_POOL = { maxBytes: 4 * 1024 * 1024, reserveBytes: 0, bufferBytes: 64 * 1024 };

export class Replay {
  readonly #server: ConnectionServer;
  #session: Session | undefined;
  #isStopped = false;
  /** Resolved by `stop`. */
  readonly #stopped = Promise.withResolvers<undefined>();
  /** Attempts and connections in a row without progress, and why the last of them failed. */
  #failures = 0;
  #reason = "";
  #mayBeLostBytes = 0;
  /** Everything is sent and confirmed. */
  #isSent = false;
  #startMs: number | undefined;
  #endMs = 0;
  /** The frame that the consumer refuses for good, as an error. */
  #refused: SpillwayError | undefined;

  constructor(private readonly options: ReplayOptions) {
    const { confirm, feed } = options;
    this.#server = new ConnectionServer({
      ...options,
      mustRead: feed.progress.rewind === "auto",
      halfClose: false,
      sink: this.#refusalSink(typeof confirm === "string" ? 0 : confirm.attempts),
      pool: new BufferPool(REPLY_POOL),
      replies: undefined,
    });
  }

  /** Sends nothing more; `run` resolves soon, when it is known how far the replay has come. */
  stop(): void {
    this.#isStopped = true;
    this.options.stopping.abort();
    this.#stopped.resolve(undefined);
    this.#session?.finish(new StopDeadline(this.options.clock, CONFIRM_WAIT_MS + RESERVE_MS.inFlight));
  }

  /** Resolves at the end. Rejects if the archive cannot be read, or the consumer refuses a frame for good. */
  async run(): Promise<ReplayOutcome> {
    const { feed, connections } = this.options;
    try {
      while (!this.#isStopped && !this.#isSent) {
        const next = connections.next((error) => this.#noteFailure(messageOf(error)));
        // An attempt may take seconds; a connection that it makes after the stop is closed by its maker.
        const connection = await Promise.race([next, this.#stopped.promise]);
        if (connection === undefined) break;
        if (this.#isStopped) connection.close();
        else await this.#serve(connection);
        if (feed.failure !== undefined) throw feed.failure;
        if (this.#refused !== undefined) throw this.#refused;
      }
    } finally {
      this.#server.resetSilent();
      await feed.close();
    }
    const kind = this.#isSent ? "sent" : this.#isStopped ? "stopped" : "gave up";
    const elapsedMs = this.#startMs === undefined ? 0 : this.#endMs - this.#startMs;
    return { kind, reason: this.#reason, mayBeLostBytes: this.#mayBeLostBytes, elapsedMs };
  }

  /** An attempt has failed, or a connection has ended without everything being sent. */
  #noteFailure(reason: string): void {
    const { retries, stopping, log, feed } = this.options;
    this.#reason = reason;
    if (++this.#failures > retries) stopping.abort();
    // An outage is one line, not one per attempt.
    else if (this.#failures === 1) log.say("replay_interrupted", { reason, frame: feed.start });
  }

  async #serve(connection: Connection): Promise<void> {
    const { feed, connections, clock } = this.options;
    this.#server.resetSilent();
    this.#startMs ??= clock.monotonicMs();
    const before = feed.progress.doneUntil;
    const served = await this.#server.serve(
      connection,
      feed.begin(),
      (session) => this.#endOf(this.#session = session),
    );
    const { ended, mayRepeat, mayBeLostBytes, unreadBytes } = served;
    this.#session = undefined;
    // To a consumer that stays and does not read, nothing is sent again.
    this.#mayBeLostBytes += ended.by === "us" ? unreadBytes : mayBeLostBytes;
    const hasProgressed = feed.progress.doneUntil > before;
    if (hasProgressed) {
      this.#failures = 0;
      connections.progressed();
    }
    if (feed.failure !== undefined || this.#refused !== undefined) return;
    this.#isSent = await this.#isAllSent(ended, hasProgressed);
    if (this.#isSent || this.#isStopped) return;
    const repeats = mayRepeat === 0 ? "" : `, ${counted(mayRepeat, "frame")} may arrive twice`;
    this.#noteFailure(`${connection.peer} is lost: ${ended.reason}${repeats}`);
  }

  /** A consumer that stays and does not read has had its time: it is not sent the same frames again. */
  async #isAllSent(end: EndOfConnection, hasProgressed: boolean): Promise<boolean> {
    const { feed } = this.options;
    if (feed.isFinished || end.by === "us") return true;
    return hasProgressed && !this.#isStopped && await feed.isAtEnd();
  }

  /** Resolves when the connection is lost, or everything is confirmed and the consumer had time to close its side. */
  async #endOf(session: Session): Promise<EndOfConnection> {
    const { feed, clock } = this.options;
    let reason: string | undefined;
    session.ended.then((text) => {
      reason = text;
      feed.changed.notify();
    });
    while (reason === undefined && !feed.isAllConfirmed) await feed.changed.wait();
    this.#endMs = clock.monotonicMs();
    if (reason === undefined) {
      // A consumer that replies while it reads would fail on a closed connection. To close with unread bytes of the
      // consumer would reset it, and what it has not read would be lost.
      await session.closeAndWait(CLOSE_WAIT_MS, new StopDeadline(clock, CLOSE_WAIT_MS_MAX), 0);
    }
    if (reason !== undefined) return { by: "loss", reason };
    session.end("everything is confirmed");
    return { by: "us", reason: "" };
  }

  /** A replay has no quarantine: a frame that is refused too often ends it, and the user decides. */
  #refusalSink(attempts: number): RefusalSink {
    const { feed } = this.options;
    const refuse = (sequence: number) => {
      this.#refused = new SpillwayError(`the consumer refused frame ${sequence} ${attempts} times`, {
        hint: `--from ${sequence + 1} goes on without it; spillway cat --from ${sequence} --limit 1 shows it`,
      });
      return Promise.reject(this.#refused);
    };
    return {
      get confirmed() {
        return feed.confirmed;
      },
      refuse,
    };
  }
}
