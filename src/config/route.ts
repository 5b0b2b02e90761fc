/** From what a file says about one route to the route as it will run: defaults, and the rules that keys have together. */
import { resolve } from "node:path";
import type { Endpoint, JournalSettings, RouteOptions, RouteSource, RouteTarget } from "../relay/options.ts";
import { type AnswersContext, resolveAnswers, resolveSourceReply } from "./answers.ts";
import { formatDurationExactly, formatSizeExactly } from "./exact.ts";
import { checkFramingKeys, largestFrame, resolveFraming } from "./framing.ts";
import type { KeyPath } from "./problem.ts";
import type { RawRoute } from "./schema.ts";
import type { RouteScope } from "./scope.ts";
import { timer } from "./timer.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** A second's worth of bytes below this is no limit that anybody means. */
const RATE_BYTES_MIN = 1000;
const STALL_TIMEOUT_MS_MIN = 100;
/** The default of `target.stall_timeout`. */
export const STALL_TIMEOUT_MS = 30_000;

/**
 * The route with everything that the file leaves open filled in. What breaks a
 * rule is reported to `scope`; the result is then good for further rules only.
 * Undefined if an endpoint or the name is missing.
 */
export function resolveRoute(raw: RawRoute, scope: RouteScope): RouteOptions | undefined {
  if (raw.name === undefined && !scope.isBroken("name")) scope.refuse(["name"], 'a name, for example name = "feed"');
  const sourceEndpoint = resolveEndpoint("source", raw, scope);
  const targetEndpoint = resolveEndpoint("target", raw, scope);
  const memoryMaxBytes = raw.memory?.max_bytes ?? 16 * MIB;
  if (memoryMaxBytes < MIB) scope.refuse(["memory", "max_bytes"], 'at least "1MiB"');

  const framing = resolveFraming(raw.framing, memoryMaxBytes);
  const maxConnections = resolveMaxConnections(raw, sourceEndpoint, scope);
  const source = {
    maxConnections,
    idleTimeoutMs: timer(raw.source?.idle_timeout, 0, 0, ["source", "idle_timeout"], scope),
    reply: resolveSourceReply(raw, framing, scope),
  } satisfies Omit<RouteSource, "endpoint">;
  const target = resolveTarget(raw, { framing, maxConnections, memoryMaxBytes }, scope);
  const journal = resolveJournal(raw, largestFrame(framing), scope);
  checkFramingKeys(["framing"], framing, memoryMaxBytes, scope);

  if (raw.name === undefined || sourceEndpoint === undefined || targetEndpoint === undefined) return undefined;
  return {
    name: raw.name,
    framing,
    source: { endpoint: sourceEndpoint, ...source },
    target: { endpoint: targetEndpoint, ...target },
    memoryMaxBytes,
    journal,
  };
}

function resolveEndpoint(side: "source" | "target", raw: RawRoute, scope: RouteScope): Endpoint | undefined {
  const { listen, connect } = raw[side] ?? {};
  if (listen !== undefined && connect !== undefined) {
    scope.refuse([side, "connect"], "listen or connect, not both", `leave out ${side}.listen or ${side}.connect`);
    return undefined;
  }
  if (listen !== undefined) return { role: "listen", address: listen };
  if (connect === undefined) {
    if (!scope.isBroken(side)) scope.refuse([side, "listen"], `${side}.listen or ${side}.connect with an address`);
    return undefined;
  }
  if (connect.kind === "tcp" && (connect.host === "" || connect.port === 0)) {
    scope.refuse([side, "connect"], 'a host and a port from 1 to 65535, for example "server-b:9001"');
  }
  return { role: "connect", address: connect };
}

function resolveMaxConnections(raw: RawRoute, endpoint: Endpoint | undefined, scope: RouteScope): number {
  const given = raw.source?.max_connections;
  const type = typeof raw.framing === "object" ? raw.framing.type : raw.framing;
  const isSingle = type === "raw" || endpoint?.role === "connect";
  if (isSingle && given !== undefined && given !== 1) {
    const reason = type === "raw" ? "raw framing cannot tell producers apart" : "source.connect dials one producer";
    scope.refuse(["source", "max_connections"], `1, because ${reason}`, "leave it out");
  }
  return isSingle ? 1 : given ?? 1024;
}

function resolveTarget(raw: RawRoute, context: AnswersContext, scope: RouteScope): Omit<RouteTarget, "endpoint"> {
  const target = raw.target ?? {};
  const { memoryMaxBytes } = context;
  const rewind = target.rewind ?? "auto";
  if (rewind !== "auto" && rewind > memoryMaxBytes / 2 && !scope.isBroken("memory")) {
    const half = formatSizeExactly(Math.floor(memoryMaxBytes / 2));
    const needed = formatSizeExactly(rewind * 2);
    scope.refuse(
      ["target", "rewind"],
      `at most ${half}, half of memory.max_bytes`,
      `or set memory.max_bytes to "${needed}"`,
    );
  }
  const retryMaxGiven = target.retry_max ?? Infinity;
  const retryMinMs = timer(target.retry_min, Math.min(100, retryMaxGiven), 1, ["target", "retry_min"], scope);
  const retryMaxMs = timer(target.retry_max, Math.max(2000, retryMinMs), 1, ["target", "retry_max"], scope);
  if (retryMinMs > retryMaxMs) {
    scope.refuse(["target", "retry_min"], `at most target.retry_max, which is ${formatDurationExactly(retryMaxMs)}`);
  }
  return {
    ...resolveAnswers(raw, context, scope),
    rateBytes: zeroOrMore(target.rate ?? 0, RATE_BYTES_MIN, formatSizeExactly, ["target", "rate"], scope),
    stallTimeoutMs: zeroOrMore(
      timer(target.stall_timeout, STALL_TIMEOUT_MS, 0, ["target", "stall_timeout"], scope),
      STALL_TIMEOUT_MS_MIN,
      formatDurationExactly,
      ["target", "stall_timeout"],
      scope,
    ),
    rewind,
    halfClose: target.half_close ?? false,
    connectTimeoutMs: timer(target.connect_timeout, 3000, 1, ["target", "connect_timeout"], scope),
    retryMinMs,
    retryMaxMs,
  };
}

/** Less would drop what is merely on its way. */
const MAX_AGE_MS_MIN = 1000;

function resolveJournal(raw: RawRoute, largestFrameBytes: number, scope: RouteScope): JournalSettings {
  const journal = raw.journal ?? {};
  const maxBytes = journal.max_bytes ?? 0;
  const segmentBytes = journal.segment_bytes ?? defaultSegmentBytes(maxBytes);
  if (segmentBytes < 64 * KIB) scope.refuse(["journal", "segment_bytes"], 'at least "64KiB"');
  const leastBytes = 2 * Math.max(segmentBytes, largestFrameBytes);
  if (maxBytes !== 0 && maxBytes < leastBytes && !scope.isBroken("framing")) {
    const why = "twice the larger of journal.segment_bytes and the largest frame";
    scope.refuse(["journal", "max_bytes"], `"0B" for no limit, or at least ${formatSizeExactly(leastBytes)}, ${why}`);
  }
  return {
    directory: journalDirectory(raw, scope.directory),
    mode: journal.mode ?? "overflow",
    sync: journal.sync ?? "os",
    syncIntervalMs: timer(journal.sync_interval, 100, 1, ["journal", "sync_interval"], scope),
    segmentBytes,
    maxBytes,
    minFreeBytes: journal.min_free ?? 64 * MIB,
    whenFull: journal.when_full ?? "block",
    retainMs: journal.retain ?? 0,
    retainBytes: journal.retain_bytes ?? 0,
    create: journal.create ?? true,
    maxAgeMs: zeroOrMore(
      journal.max_age ?? 0,
      MAX_AGE_MS_MIN,
      formatDurationExactly,
      ["journal", "max_age"],
      scope,
    ),
  };
}

/** 0 switches it off; else at least `min`. */
function zeroOrMore(
  value: number,
  min: number,
  format: (value: number) => string,
  path: KeyPath,
  scope: RouteScope,
): number {
  if (value > 0 && value < min) scope.refuse(path, `${JSON.stringify(format(0))}, or ${format(min)} or more`);
  return value;
}

/** The route's journal directory as an absolute path; relative ones are relative to `directory`. */
export function journalDirectory(raw: RawRoute, directory: string): string {
  return resolve(directory, raw.journal?.dir ?? `spillway-data/${raw.name ?? ""}`);
}

/** Whole segments are freed, so a small quota needs small ones: 64 MiB, or an eighth of the quota. */
function defaultSegmentBytes(maxBytes: number): number {
  if (maxBytes === 0) return 64 * MIB;
  return Math.max(64 * KIB, Math.min(64 * MIB, Math.floor(maxBytes / 8)));
}
