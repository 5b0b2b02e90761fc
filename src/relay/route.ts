/** One route: source, spool, journal and target wired together, with its start and its stop. */
import { type Clock, randomBytes } from "../base/clock.ts";
import { SystemError } from "../base/error.ts";
import { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import { StopDeadline } from "../base/stop_deadline.ts";
import { createFramer } from "../framing/create.ts";
import type { Framer } from "../framing/framing.ts";
import type { Journal, SkipLimit } from "../journal/journal.ts";
import { openJournal } from "../journal/open.ts";
import { formatAddress } from "../runtime/address.ts";
import type { Address } from "../runtime/net.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Source } from "../source/source.ts";
import { Appender } from "../spool/appender.ts";
import { Expiry } from "../spool/expiry.ts";
import { firstSince } from "../spool/oldest.ts";
import { type GivenUp, skipUntil } from "../spool/operator_skip.ts";
import { RiskBound } from "../spool/risk_bound.ts";
import type { RewindPolicy } from "../spool/rewind.ts";
import { Spool } from "../spool/spool.ts";
import { SpoolFeed } from "../spool/spool_feed.ts";
import { AcceptSupply } from "../target/accept.ts";
import { DialSupply } from "../target/dial.ts";
import { Target } from "../target/target.ts";
import { figuresOf, type RouteFigures } from "./figures.ts";
import { cannotListen } from "./listen_errors.ts";
import { type MemoryPlan, planMemory } from "./memory.ts";
import type { RouteOptions } from "./options.ts";
import { stopRoute } from "./stop.ts";
import { tellUnclean } from "./unclean_start.ts";

/** What a route needs of the process around it. */
export interface RouteContext {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  /** Who we are, for messages about permissions and locks. */
  readonly user: string;
  /** For connections that come in, of all routes. */
  readonly connectionLimit: ConnectionLimit;
}

export class Route {
  readonly ledger: Ledger;
  /** Called at the stop when all is settled, before another process can have the journal. */
  beforeRelease: () => Promise<void> = () => Promise.resolve();
  readonly #source: Source;
  readonly #target: Target;
  readonly #spool: Spool;
  readonly #appender: Appender;
  readonly #risk: RiskBound;
  readonly #expiry: Expiry | undefined;
  readonly #supply: DialSupply | AcceptSupply;
  #stopping = false;

  private constructor(
    readonly options: RouteOptions,
    private readonly context: RouteContext,
    private readonly journal: Journal,
    framer: Framer,
    private readonly memory: MemoryPlan,
  ) {
    const { log, clock } = context;
    this.ledger = new Ledger(clock);
    this.ledger.carry(journal.recovery.pendingFrames, journal.recovery.pendingBytes);
    this.#spool = new Spool({
      ...memory,
      journal,
      framer,
      ledger: this.ledger,
      log,
      clock,
      mode: options.journal.mode,
      whenFull: options.journal.whenFull,
      appendFirst: options.journal.mode === "always" && options.journal.sync === "each",
      rewind: rewindOf(options),
    });
    this.#appender = new Appender(this.#spool, clock);
    this.#risk = new RiskBound({
      journal,
      spool: this.#spool,
      maxBytes: options.memoryMaxBytes,
      readAheadBytesMax: context.runtime.net.readAheadBytesMax,
      clock,
      log,
    });
    const { maxAgeMs } = options.journal;
    if (maxAgeMs > 0) this.#expiry = new Expiry({ spool: this.#spool, clock, log, maxAgeMs });
    this.#supply = this.#createSupply();
    this.#source = this.#createSource(framer, memory);
    this.#target = this.#createTarget();
    this.#spool.onSettled = () => this.#risk.settled();
    this.#spool.onAppended = (end) => this.#source.safe(end);
    this.#spool.overload.onShut = (reason) => this.#source.shut(reason);
    this.#spool.overload.onReopen = () => this.#source.reopen();
    journal.onDamage = (damage) => this.#spool.damaged(damage);
  }

  /** Opens the journal and binds the addresses; rejects with everything released again. */
  static async open(options: RouteOptions, context: RouteContext): Promise<Route> {
    const framer = createFramer(options.framing);
    const memory = planMemory(options.memoryMaxBytes, framer.maxFrame);
    const rewind = rewindOf(options);
    const journal = await openJournal({
      ...options.journal,
      files: context.runtime.files,
      clock: context.clock,
      log: context.log,
      randomBytes,
      holder: `pid ${context.runtime.pid}, route ${options.name}`,
      user: context.user,
      framer,
      recordBytes: memory.recordBytes,
      rewindBytes: rewind === "auto" ? 0 : rewind,
      dropsOldest: options.journal.whenFull === "drop-oldest",
    });
    // Said now: closing the journal again, should an address be in use, forgets it.
    if (!journal.recovery.clean) tellUnclean(context.log, journal.recovery);
    const route = new Route(options, context, journal, framer, memory);
    try {
      await bound(options.name, "source.listen", route.#source.bind());
      if (route.#supply instanceof AcceptSupply) await bound(options.name, "target.listen", route.#supply.bind());
    } catch (error) {
      await route.abandon();
      throw error;
    }
    return route;
  }

  /** Releases what `open` took, for a route that was never started. */
  async abandon(): Promise<void> {
    await this.#source.stop(new StopDeadline(this.context.clock));
    await this.#supply.stop();
    await this.journal.close();
  }

  start(): void {
    const { journal } = this;
    this.#risk.start();
    this.#appender.start();
    this.#expiry?.start();
    this.#target.start();
    this.#source.start();
    this.context.log.info("route ready", {
      ...this.endpoints,
      journal: this.options.journal.directory,
      pending_frames: this.ledger.pending.frames,
      pending_bytes: this.ledger.pending.bytes,
      sequence: journal.end,
    });
  }

  /** Where source and target are, in words, as bound. */
  get endpoints(): { readonly source: string; readonly target: string } {
    const { source, target } = this.options;
    return {
      source: describe(source.endpoint.role, this.#source.address ?? source.endpoint.address),
      target: describe(target.endpoint.role, this.#targetAddress()),
    };
  }

  /** What it does now. Rejects with a SystemError if the journal would have to be read and cannot be. */
  figures(): Promise<RouteFigures> {
    return figuresOf({
      ledger: this.ledger,
      journal: this.journal,
      pool: this.memory.pool,
      source: this.#source,
      spool: this.#spool,
      target: this.#target,
      supply: this.#supply,
      stopping: this.#stopping,
    });
  }

  /** The connection to the consumer that is being served. */
  get serving(): Target["serving"] {
    return this.#target.serving;
  }

  /** Sequences of the next frame to deliver and the next to be received. */
  get range(): { readonly cursor: number; readonly end: number } {
    return { cursor: this.#spool.confirmed, end: this.#spool.window.end };
  }

  /**
   * Gives up what is pending below a sequence, or before the first frame that
   * came at `beforeUs` (µs since 1970) or later; with `preview` only tells what
   * that would be. Rejects with a SpillwayError if that is beyond what was
   * received, with a SystemError if it cannot be counted; then all is as before.
   */
  async skip(limit: SkipLimit, preview: boolean): Promise<GivenUp> {
    const isOperator = "until" in limit;
    const until = isOperator ? limit.until : await firstSince(this.#spool, limit.beforeUs);
    const givenUp = await skipUntil(this.#spool, until, preview, isOperator ? "operator" : "expired");
    if (!isOperator && !preview && givenUp.frames + givenUp.inFlight > 0) {
      const { from, frames, bytes, inFlight, unreadFrames } = givenUp;
      const fields = { from, until, frames, bytes, in_flight_frames: inFlight, unread_frames: unreadFrames };
      this.context.log.warn("frames are given up by the operator, for they are too old", fields);
    }
    return givenUp;
  }

  /** The clean stop. Resolves to false if frames were lost by it. */
  stop(deadline: StopDeadline): Promise<boolean> {
    this.#stopping = true;
    return stopRoute({
      ledger: this.ledger,
      log: this.context.log,
      journal: this.journal,
      source: this.#source,
      target: this.#target,
      supply: this.#supply,
      spool: this.#spool,
      appender: this.#appender,
      risk: this.#risk,
      expiry: this.#expiry,
      beforeRelease: () => this.beforeRelease(),
    }, deadline);
  }

  #createSource(framer: Framer, memory: MemoryPlan): Source {
    const { endpoint, maxConnections, idleTimeoutMs, reply } = this.options.source;
    const { connectTimeoutMs, retryMinMs, retryMaxMs } = this.options.target;
    return new Source({
      ...this.#shared(),
      ...memory,
      ledger: this.ledger,
      framer,
      sink: this.#spool,
      bound: this.#risk,
      role: endpoint.role,
      address: endpoint.address,
      maxConnections,
      idleTimeoutMs,
      reply,
      forwards: this.options.target.forwardReplies,
      connectTimeoutMs,
      retryMinMs,
      retryMaxMs,
    });
  }

  #createTarget(): Target {
    const { clock, log } = this.context;
    const { confirm, reply, forwardReplies, rateBytes, stallTimeoutMs, halfClose } = this.options.target;
    const { framing, ...rules } = reply;
    return new Target({
      supply: this.#supply,
      spool: this.#spool,
      feed: new SpoolFeed(this.#spool, confirm === "reply"),
      clock,
      log,
      confirm: confirm === "reply" ? { ...rules, framer: createFramer(framing) } : confirm,
      replies: forwardReplies ? this.#source.forwarding : undefined,
      rateBytes,
      stallTimeoutMs,
      halfClose,
    });
  }

  #createSupply(): DialSupply | AcceptSupply {
    const { endpoint, connectTimeoutMs, retryMinMs, retryMaxMs } = this.options.target;
    const { address } = endpoint;
    if (endpoint.role === "listen") return new AcceptSupply({ ...this.#shared(), address });
    return new DialSupply({ ...this.#shared(), address, connectTimeoutMs, retryMinMs, retryMaxMs });
  }

  #shared() {
    const { runtime, connectionLimit, clock, log } = this.context;
    return { net: runtime.net, connectionLimit, clock, log, random: Math.random };
  }

  #targetAddress(): Address {
    const bound = this.#supply instanceof AcceptSupply ? this.#supply.address : undefined;
    return bound ?? this.options.target.endpoint.address;
  }
}

/** An answer comes from the program that has read the frame: nothing that is confirmed by it has to be sent again. */
function rewindOf({ target }: RouteOptions): RewindPolicy {
  return target.rewind === "auto" && target.confirm === "reply" ? 0 : target.rewind;
}

/** `key` says which address could not be bound. */
async function bound(route: string, key: string, binding: Promise<void>): Promise<void> {
  try {
    await binding;
  } catch (error) {
    throw error instanceof SystemError ? cannotListen(route, key, error) : error;
  }
}

function describe(role: "listen" | "connect", address: Address): string {
  return `${role === "listen" ? "listens on" : "connects to"} ${formatAddress(address)}`;
}
