/** One route from its start to its stop. */
import { randomBytes } from "../base/clock.ts";
import { SystemError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { StopDeadline } from "../base/stop_deadline.ts";
import { createFramer } from "../framing/framing.ts";
import type { Recovery, SkipLimit } from "../journal/journal.ts";
import { openJournal } from "../journal/open.ts";
import { formatAddress } from "../runtime/address.ts";
import type { Address } from "../runtime/net.ts";
import type { SkippedFrames } from "../spool/skip.ts";
import { AcceptedConnections } from "../target/accept.ts";
import { cannotListen } from "./listen_errors.ts";
import { planMemory } from "./memory.ts";
import { addressesOf, type RouteOptions } from "./options.ts";
import { createParts, rewindOf, type RouteContext, type RouteParts } from "./route_parts.ts";
import { RouteTimes } from "./route_times.ts";
import { stopRoute } from "./stop.ts";

export class Route {
  /** What is still to be closed before another process may open the journal. */
  #beforeRelease: () => Promise<void> = () => Promise.resolve();
  #stopping = false;

  private constructor(
    readonly options: RouteOptions,
    /** For callers that only read: their figures are the route's state. */
    readonly parts: RouteParts,
    private readonly context: RouteContext,
  ) {}

  /** Opens the journal and binds the addresses; rejects with everything released again. */
  static async open(options: RouteOptions, context: RouteContext): Promise<Route> {
    const { log, clock, runtime, user } = context;
    const framer = createFramer(options.framing);
    const memory = planMemory(options.memoryMaxBytes, framer.maxFrame);
    const rewind = rewindOf(options);
    const times = new RouteTimes();
    const journal = await openJournal({
      ...options.journal,
      files: runtime.files,
      clock,
      log,
      randomBytes,
      holder: `pid ${runtime.pid}, route ${options.name}`,
      user,
      framer,
      recordBytes: memory.recordBytes,
      syncTimes: times.sync,
      rewindBytes: rewind === "auto" ? 0 : rewind,
      dropsOldest: options.journal.whenFull === "drop-oldest",
    });
    // Logged now: if an address is in use the journal is closed again, and that clears this state.
    if (!journal.recovery.clean) logUncleanStart(log, journal.recovery);
    const route = new Route(options, createParts(options, context, framer, memory, journal, times), context);
    const { source, consumers } = route.parts;
    try {
      await bound(options.name, "source.listen", source.bind());
      if (consumers instanceof AcceptedConnections) await bound(options.name, "target.listen", consumers.bind());
    } catch (error) {
      await route.abandon();
      throw error;
    }
    return route;
  }

  /** Releases what `open` took, for a route that was never started. */
  async abandon(): Promise<void> {
    const { source, consumers, journal } = this.parts;
    await source.stop(new StopDeadline(this.context.clock));
    await consumers.stop();
    await journal.close();
  }

  start(): void {
    const { risk, appender, expiry, target, source, ledger, journal } = this.parts;
    risk.start();
    appender.start();
    expiry?.start();
    target.start();
    source.start();
    this.context.log.say("route_ready", {
      ...this.endpoints,
      journal: this.options.journal.directory,
      pending_frames: ledger.pending.frames,
      pending_bytes: ledger.pending.bytes,
      sequence: journal.end,
    });
  }

  /** Where source and target are, in words, as bound. */
  get endpoints(): { readonly source: string; readonly target: string } {
    const { source, target } = this.options;
    const { consumers } = this.parts;
    const targetAddress = consumers instanceof AcceptedConnections ? consumers.address : undefined;
    return {
      source: describe(source.endpoint.role, this.parts.source.address ?? source.endpoint.address),
      target: describe(target.endpoint.role, ...targetAddress ? [targetAddress] : addressesOf(target.endpoint)),
    };
  }

  /** Has the clean stop begun? */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Has `close` called by the stop, after the last frame is accounted for and before the journal's locks are released. */
  closeBeforeRelease(close: () => Promise<void>): void {
    this.#beforeRelease = close;
  }

  /**
   * Drops what is pending below a sequence, or before the first frame that
   * arrived at `beforeUs` (µs since 1970) or later; with `preview` only reports
   * what that would be. Rejects with a SpillwayError if the sequence is beyond
   * what was received, with a SystemError if the frames cannot be counted; then
   * nothing has changed.
   */
  async skip(limit: SkipLimit, preview: boolean): Promise<SkippedFrames> {
    const { spool } = this.parts;
    const isOperator = "until" in limit;
    const until = isOperator ? limit.until : await spool.backlog.firstSince(limit.beforeUs);
    const skipped = await spool.skipUntil(until, { preview, reason: isOperator ? "operator" : "expired" });
    if (!isOperator && !preview && skipped.frames + skipped.inFlight > 0) {
      const { from, frames, bytes, inFlight, unreadFrames } = skipped;
      const fields = { from, until, frames, bytes, in_flight_frames: inFlight, unread_frames: unreadFrames };
      this.context.log.say("old_frames_given_up", fields);
    }
    return skipped;
  }

  /** The clean stop. Resolves to false if frames were lost by it. */
  stop(deadline: StopDeadline): Promise<boolean> {
    this.#stopping = true;
    return stopRoute(this.parts, this.context.log, this.#beforeRelease, deadline);
  }
}

/** One line about a last run that did not stop cleanly: what it may have lost, and what may arrive twice. */
function logUncleanStart(log: Log, { atRiskBytes, truncatedBytes, unreadFrames }: Recovery): void {
  const lost = atRiskBytes === undefined
    ? "what was in memory alone is lost, nobody knows how much"
    : "at most at_risk_bytes were in memory alone and are lost";
  log.say("unclean_stop", {
    at_risk_bytes: atRiskBytes,
    truncated_bytes: truncatedBytes,
    unread_frames: unreadFrames,
    note:
      `${lost}, what it delivered last may arrive twice; a consumer that died with it may not have read unread_frames`,
  });
}

/** `key` names the address in the configuration, for the error where it cannot be bound. */
async function bound(route: string, key: string, binding: Promise<void>): Promise<void> {
  try {
    await binding;
  } catch (error) {
    throw error instanceof SystemError ? cannotListen(route, key, error) : error;
  }
}

function describe(role: "listen" | "connect", ...addresses: readonly Address[]): string {
  return `${role === "listen" ? "listens on" : "connects to"} ${addresses.map(formatAddress).join(", else ")}`;
}
