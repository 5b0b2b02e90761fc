/** The parts of one route, and how each is connected to the others. */
import type { Clock } from "../base/clock.ts";
import { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import { createFramer, type Framer } from "../framing/framing.ts";
import type { Journal } from "../journal/journal.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Source } from "../source/source.ts";
import { Appender } from "../spool/appender.ts";
import { Expiry } from "../spool/expiry.ts";
import { RiskBound } from "../spool/risk_bound.ts";
import type { RewindPolicy } from "../spool/rewind.ts";
import { Spool } from "../spool/spool.ts";
import { SpoolFeed, type SpoolFeedOptions } from "../spool/spool_feed.ts";
import { AcceptedConnections } from "../target/accept.ts";
import { DialledConnections } from "../target/consumer_connections.ts";
import { Rate } from "../target/rate.ts";
import { Target } from "../target/target.ts";
import type { MemoryPlan } from "./memory.ts";
import type { RouteOptions } from "./options.ts";
import type { RouteTimes } from "./route_times.ts";

/** What a route needs of the process around it. */
export interface RouteContext {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  /** The name of this process's user, for messages about permissions and locks. */
  readonly user: string;
  /** Limits the incoming connections of all routes together. */
  readonly connectionLimit: ConnectionLimit;
}

export interface RouteParts {
  readonly times: RouteTimes;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly memory: MemoryPlan;
  readonly spool: Spool;
  readonly appender: Appender;
  readonly risk: RiskBound;
  /** Undefined where frames have no maximum age. */
  readonly expiry: Expiry | undefined;
  /** Where connections to the consumer come from. */
  readonly consumers: DialledConnections | AcceptedConnections;
  readonly source: Source;
  readonly target: Target;
}

/** Nothing is bound, dialled or read yet: each part begins with its `bind` or `start`. */
export function createParts(
  options: RouteOptions,
  context: RouteContext,
  framer: Framer,
  memory: MemoryPlan,
  journal: Journal,
  times: RouteTimes,
): RouteParts {
  const { log, clock } = context;
  const { mode, whenFull, maxAgeMs } = options.journal;
  const ledger = new Ledger(clock);
  ledger.carry(journal.recovery.pendingFrames, journal.recovery.pendingBytes);
  const shared = { ...memory, journal, framer, ledger, log, clock, whenFull };
  const spool = new Spool({
    ...shared,
    mode,
    rewind: rewindOf(options),
    listener: {
      appended: (end) => source.noteSafe(end),
      advanced: () => risk.riskFell(),
      shut: (reason) => source.shut(reason),
      reopen: () => source.reopen(),
    },
  });
  journal.onDamage = (damage) => spool.dropped.noteDamage(damage);
  const risk = new RiskBound({
    journal,
    spool,
    maxBytes: options.memoryMaxBytes,
    readAheadBytesMax: context.runtime.net.readAheadBytesMax,
    clock,
    log,
  });
  const source = createSource(options, context, { framer, memory, ledger, spool, risk });
  const consumers = createConsumers(options, context);
  const target = createTarget(options, { ...shared, deliveryTimes: times.delivery, spool, source, consumers });
  const appender = new Appender({ ...shared, spool });
  const expiry = maxAgeMs > 0 ? new Expiry({ spool, clock, log, maxAgeMs }) : undefined;
  return { times, journal, ledger, memory, spool, appender, risk, expiry, consumers, source, target };
}

/** A reply comes from the program that has read the frame: nothing that a reply has confirmed has to be sent again. */
export function rewindOf({ target }: RouteOptions): RewindPolicy {
  return target.rewind === "auto" && target.confirm === "reply" ? 0 : target.rewind;
}

function createSource(
  { source, target }: RouteOptions,
  context: RouteContext,
  parts: Pick<RouteParts, "memory" | "ledger" | "spool" | "risk"> & { readonly framer: Framer },
): Source {
  const { endpoint, ...limits } = source;
  const { connectTimeoutMs, retryMinMs, retryMaxMs } = target;
  const { framer, memory, ledger, spool, risk } = parts;
  return new Source({
    ...sharedBy(context),
    ...memory,
    ...endpoint,
    ledger,
    framer,
    sink: spool,
    patience: spool.patience,
    riskLimit: risk,
    ...limits,
    forwards: target.forwardReplies,
    connectTimeoutMs,
    retryMinMs,
    retryMaxMs,
  });
}

function createConsumers({ target }: RouteOptions, context: RouteContext): RouteParts["consumers"] {
  const { endpoint, allow, connectTimeoutMs, retryMinMs, retryMaxMs } = target;
  const { address, alternatives } = endpoint;
  if (endpoint.role === "listen") return new AcceptedConnections({ ...sharedBy(context), address, allow });
  return new DialledConnections({
    ...sharedBy(context),
    address,
    alternatives,
    connectTimeoutMs,
    retryMinMs,
    retryMaxMs,
  });
}

type TargetParts = Pick<RouteParts, "consumers" | "source"> & { readonly clock: Clock };

function createTarget(
  options: RouteOptions,
  { source, consumers, ...parts }: TargetParts & Omit<SpoolFeedOptions, "appendFirst" | "eachFrame">,
): Target {
  const { confirm, reply, forwardReplies, rateBytes, stallTimeoutMs, halfClose } = options.target;
  const { mode, sync } = options.journal;
  const { framing, ...rules } = reply;
  const appendFirst = mode === "always" && sync === "each";
  return new Target({
    ...parts,
    connections: consumers,
    feed: new SpoolFeed({ ...parts, appendFirst, eachFrame: confirm === "reply" }),
    confirm: confirm === "reply" ? { ...rules, framer: createFramer(framing) } : confirm,
    mustRead: rewindOf(options) === "auto",
    replies: forwardReplies ? source.forwarding : undefined,
    rate: rateBytes > 0 ? new Rate(parts.clock, rateBytes) : undefined,
    stallTimeoutMs,
    halfClose,
  });
}

function sharedBy({ runtime, connectionLimit, clock, log }: RouteContext) {
  return { net: runtime.net, connectionLimit, clock, log, random: Math.random };
}
