/**
 * Sends what an outlet has to a target, over as many connections as it takes:
 * the sending side of a route without a route. Each connection begins at the
 * first unconfirmed frame.
 */
import { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf, SpillwayError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { counted } from "../base/words.ts";
import type { Connection } from "../runtime/net.ts";
import { ByteConfirmer } from "../target/byte_confirmer.ts";
import type { Confirmer } from "../target/confirmer.ts";
import type { RefusalSink } from "../target/outlet.ts";
import type { Rate } from "../target/rate.ts";
import { Refusals } from "../target/refusals.ts";
import { ReplyConfirmer, type ReplyRules } from "../target/reply_confirmer.ts";
import { Session } from "../target/session.ts";
import type { ReplayOutlet } from "./outlet.ts";

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
  readonly outlet: ReplayOutlet;
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
  /** Frames that may have arrived more than once, over all connections. */
  readonly mayRepeat: number;
  /** From the first connection until the last frame was confirmed, or it was given up. */
  readonly elapsedMs: number;
}

/** So long the consumer may be silent, and not close its side, after we have closed ours. */
const PART_MS = 1000;
/** One that goes on to talk is given so long. */
const PART_MS_MAX = 30_000;

const ANSWER_POOL = { maxBytes: 4 * 1024 * 1024, reserveBytes: 0, bufferBytes: 64 * 1024 };

export class Replay {
  #session: Session | undefined;
  #stopped = false;
  /** Resolved by `stop`. */
  readonly #ended = Promise.withResolvers<undefined>();
  #failures = 0;
  #reason = "";
  #mayRepeat = 0;
  #startMs: number | undefined;
  #endMs = 0;
  /** When the consumer last sent something. */
  #heardMs = 0;
  /** Why it makes no sense to go on: a frame that the consumer will not have. */
  #refused: SpillwayError | undefined;
  #resetSilent: (() => void) | undefined;
  readonly #refusals = new Refusals();
  readonly #pool = new BufferPool(ANSWER_POOL);

  constructor(private readonly options: ReplayOptions) {}

  /** Ends it at once; `run` resolves when it is known how far it got. */
  stop(): void {
    this.#stopped = true;
    this.options.stopping.abort();
    this.#ended.resolve(undefined);
    this.#session?.end("stopped");
  }

  /** Resolves at the end, whichever it is; rejects where the files cannot be read, or the consumer refuses a frame for good. */
  async run(): Promise<Outcome> {
    const { outlet, connections } = this.options;
    try {
      while (!this.#stopped && !outlet.drained) {
        const next = connections.next((error) => this.#failed(messageOf(error)));
        // An attempt may take seconds; what comes of it after the end is closed by whoever made it.
        const connection = await Promise.race([next, this.#ended.promise]);
        if (connection === undefined) break;
        if (this.#stopped) connection.close();
        else await this.#serve(connection);
        if (outlet.failure !== undefined) throw outlet.failure;
        if (this.#refused !== undefined) throw this.#refused;
      }
    } finally {
      this.#resetSilent?.();
      await outlet.close();
    }
    const kind = outlet.drained ? "sent" : this.#stopped ? "stopped" : "gave up";
    const elapsedMs = this.#startMs === undefined ? 0 : this.#endMs - this.#startMs;
    return { kind, reason: this.#reason, mayRepeat: this.#mayRepeat, elapsedMs };
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
    const { log, outlet } = this.options;
    log.warn(`${reason}; trying again from frame ${outlet.confirmed}`);
  }

  async #serve(connection: Connection): Promise<void> {
    const { outlet, connections, clock, rate, stallTimeoutMs } = this.options;
    this.#resetSilent?.();
    this.#resetSilent = undefined;
    const before = outlet.confirmedFrames;
    this.#startMs ??= clock.monotonicMs();
    outlet.begin();
    const confirmer = this.#confirmer(connection);
    const session = new Session({ connection, outlet, confirmer, clock, rate, stallTimeoutMs, halfClose: false });
    this.#session = session;
    const reason = await this.#endOf(session, connection);
    // A consumer that serves one connection at a time would wait for more on this one.
    if (connection.unanswered()) this.#resetSilent = connection.holdForReset();
    const mayRepeat = await session.settle();
    this.#session = undefined;
    this.#mayRepeat += mayRepeat;
    if (outlet.confirmedFrames > before) {
      this.#failures = 0;
      connections.progressed();
    }
    const isOver = () => outlet.drained || this.#stopped || outlet.failure !== undefined || this.#refused !== undefined;
    if (isOver()) return;
    if (outlet.confirmedFrames > before) await outlet.lookForEnd();
    if (isOver()) return;
    const repeats = mayRepeat === 0 ? "" : `, ${counted(mayRepeat, "frame")} may arrive twice`;
    this.#failed(`${connection.peer} is lost: ${reason}${repeats}`);
  }

  /** Until the connection is lost, or everything is confirmed and the consumer had time to say good-bye. */
  async #endOf(session: Session, connection: Connection): Promise<string> {
    const { outlet, clock } = this.options;
    let reason: string | undefined;
    const ended = session.ended.then((text) => {
      reason = text;
      outlet.changed.notify();
    });
    while (reason === undefined && !outlet.drained) await outlet.changed.wait();
    this.#endMs = clock.monotonicMs();
    if (reason === undefined) {
      // To close with bytes of the consumer unread would reset what it has not read yet.
      await connection.closeWrite().catch(() => {});
      await this.#part(ended);
      session.end("everything is confirmed");
    }
    return reason ?? "";
  }

  /** Until the consumer has closed its side too. One that answers while it reads would be killed by an answer to nobody. */
  async #part(ended: Promise<void>): Promise<void> {
    const { clock } = this.options;
    const over = new AbortController();
    const closed = ended.then(() => over.abort());
    const begunMs = clock.monotonicMs();
    this.#heardMs = begunMs;
    while (!over.signal.aborted) {
      const leftMs = Math.min(this.#heardMs + PART_MS, begunMs + PART_MS_MAX) - clock.monotonicMs();
      if (leftMs <= 0) return;
      await Promise.race([closed, clock.sleep(leftMs, over.signal)]);
    }
  }

  #confirmer(connection: Connection): Confirmer {
    const { outlet, clock, log, confirm: rules } = this.options;
    if (typeof rules === "string") {
      const heard = () => {
        this.#heardMs = clock.monotonicMs();
        return Promise.resolve();
      };
      return new ByteConfirmer({ connection, outlet, clock, mode: rules, replies: { forward: heard } });
    }
    const spool = this.#sink(rules.attempts);
    return new ReplyConfirmer({ outlet, spool, clock, log, rules, refusals: this.#refusals, replies: undefined });
  }

  /** There is no quarantine here: a frame that is refused too often ends the replay, for the user to decide. */
  #sink(attempts: number): RefusalSink {
    const { outlet } = this.options;
    const quarantine = (sequence: number) => {
      this.#refused = new SpillwayError(`the consumer refused frame ${sequence} ${attempts} times`, {
        hint: `--from ${sequence + 1} goes on without it; spillway cat --from ${sequence} --limit 1 shows it`,
      });
      return Promise.reject(this.#refused);
    };
    return {
      get confirmed() {
        return outlet.confirmed;
      },
      refuse() {},
      options: { pool: this.#pool, journal: { quarantine } },
    };
  }
}
