/** From what a file says about one route to the route as it will run: defaults, and the rules that keys have together. */
import { resolve } from "node:path";
import { hasMessages, largestFrame } from "../framing/framing.ts";
import type { Endpoint, JournalSettings, RouteOptions, RouteTarget } from "../relay/options.ts";
import { formatDurationExactly, formatSizeExactly } from "./format_exact.ts";
import { checkFramingKeys, resolveFraming } from "./framing.ts";
import { MEMORY, ROUTE } from "./keys/config.ts";
import { JOURNAL, SEGMENT_BYTES_MIN } from "./keys/journal.ts";
import { defaultOf } from "./keys/key.ts";
import { SOURCE } from "./keys/source.ts";
import { TARGET } from "./keys/target.ts";
import { optionsOf, valueOf } from "./options.ts";
import { checkSourceReply, type ReplyContext, resolveForward, resolveReply } from "./replies.ts";
import type { RawRoute } from "./schema.ts";
import type { RouteScope } from "./scope.ts";

const SEGMENT_BYTES = defaultOf({ ...JOURNAL.segment_bytes, default: JOURNAL.segment_bytes.usual });

/**
 * The route with everything that the file leaves open filled in. What breaks a
 * rule is reported to `scope`; the result is then good for further rules only.
 * Undefined if an endpoint or the name is missing.
 */
export function resolveRoute(raw: RawRoute, scope: RouteScope): RouteOptions | undefined {
  if (raw.name === undefined && !scope.isBroken("name")) scope.refuse(["name"], 'a name, for example name = "feed"');
  const sourceEndpoint = resolveEndpoint("source", raw, scope);
  const targetEndpoint = resolveEndpoint("target", raw, scope);
  checkAllow("source", raw, scope);
  checkAllow("target", raw, scope);
  const memoryMaxBytes = valueOf(MEMORY.max_bytes, raw.memory?.max_bytes, ["memory", "max_bytes"], scope);
  const framing = resolveFraming(raw.framing ?? defaultOf(ROUTE.framing), memoryMaxBytes);
  const isSingle = !hasMessages(framing) || sourceEndpoint?.role === "connect";
  const maxConnections = resolveMaxConnections(raw, isSingle, hasMessages(framing), scope);
  const source = { ...optionsOf(SOURCE, raw.source, ["source"], scope), maxConnections };
  checkSourceReply(source.reply, raw, framing, scope);
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
  if (listen !== undefined) return { role: "listen", address: listen, alternatives: [] };
  if (connect === undefined) {
    if (!scope.isBroken(side)) scope.refuse([side, "listen"], `${side}.listen or ${side}.connect with an address`);
    return undefined;
  }
  const [address, ...alternatives] = Array.isArray(connect) ? connect : [connect];
  for (const each of [address, ...alternatives]) {
    if (each.kind !== "tcp" || each.host !== "" && each.port !== 0) continue;
    scope.refuse([side, "connect"], 'a host and a port from 1 to 65535, for example "server-b:9001"');
  }
  return { role: "connect", address, alternatives };
}

/** To say who may come in means something only where somebody with an address can. */
function checkAllow(side: "source" | "target", raw: RawRoute, scope: RouteScope): void {
  const { listen, connect, allow } = raw[side] ?? {};
  if (allow === undefined || allow.texts.length === 0) return;
  const reason = connect !== undefined
    ? `${side}.connect dials out`
    : listen?.kind === "unix"
    ? "peers on a unix socket have no address"
    : undefined;
  if (reason !== undefined) scope.refuse([side, "allow"], `no network, because ${reason}`, "leave it out");
}

/** `isSingle`: there is one producer at a time, because it is dialled or because there are no messages. */
function resolveMaxConnections(raw: RawRoute, isSingle: boolean, messages: boolean, scope: RouteScope): number {
  const given = raw.source?.max_connections;
  if (isSingle && given !== undefined && given !== 1) {
    const reason = messages ? "source.connect dials one producer" : "raw framing cannot tell producers apart";
    scope.refuse(["source", "max_connections"], `1, because ${reason}`, "leave it out");
  }
  return isSingle ? 1 : given ?? SOURCE.max_connections.usual;
}

function resolveTarget(raw: RawRoute, context: ReplyContext, scope: RouteScope): Omit<RouteTarget, "endpoint"> {
  const target = optionsOf(TARGET, raw.target, ["target"], scope);
  const { memoryMaxBytes } = context;
  const { rewind, confirm } = target;
  if (rewind !== "auto" && rewind > memoryMaxBytes / 2 && !scope.isBroken("memory")) {
    const half = formatSizeExactly(Math.floor(memoryMaxBytes / 2));
    const needed = formatSizeExactly(rewind * 2);
    scope.refuse(
      ["target", "rewind"],
      `at most ${half}, half of memory.max_bytes`,
      `or set memory.max_bytes to "${needed}"`,
    );
  }
  // The default of one gives way to the other one where only that is given.
  const retryMinMs = raw.target?.retry_min ?? Math.min(target.retryMinMs, raw.target?.retry_max ?? Infinity);
  const retryMaxMs = raw.target?.retry_max ?? Math.max(target.retryMaxMs, retryMinMs);
  if (retryMinMs > retryMaxMs) {
    scope.refuse(["target", "retry_min"], `at most target.retry_max, which is ${formatDurationExactly(retryMaxMs)}`);
  }
  return {
    ...target,
    retryMinMs,
    retryMaxMs,
    reply: resolveReply(confirm, raw, context, scope),
    forwardReplies: resolveForward(raw, context.maxConnections, scope),
  };
}

function resolveJournal(raw: RawRoute, largestFrameBytes: number, scope: RouteScope): JournalSettings {
  const journal = optionsOf(JOURNAL, raw.journal, ["journal"], scope);
  const { maxBytes } = journal;
  const segmentBytes = journal.segmentBytes ?? defaultSegmentBytes(maxBytes);
  const leastBytes = 2 * Math.max(segmentBytes, largestFrameBytes);
  if (maxBytes !== 0 && maxBytes < leastBytes && !scope.isBroken("framing")) {
    const why = "twice the larger of journal.segment_bytes and the largest frame";
    scope.refuse(["journal", "max_bytes"], `"0B" for no limit, or at least ${formatSizeExactly(leastBytes)}, ${why}`);
  }
  return { ...journal, directory: journalDirectory(raw, scope.directory), segmentBytes };
}

/** The route's journal directory as an absolute path; relative ones are relative to `directory`. */
export function journalDirectory(raw: RawRoute, directory: string): string {
  return resolve(directory, raw.journal?.dir ?? `spillway-data/${raw.name ?? ""}`);
}

/** Whole segments are freed, so a small quota needs small ones: 64 MiB, or an eighth of the quota. */
function defaultSegmentBytes(maxBytes: number): number {
  if (maxBytes === 0) return SEGMENT_BYTES;
  return Math.max(SEGMENT_BYTES_MIN, Math.min(SEGMENT_BYTES, Math.floor(maxBytes / 8)));
}
