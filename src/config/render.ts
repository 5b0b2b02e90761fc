/**
 * Writes routes as a configuration in which nothing that has an effect is left
 * to a default. What `check` prints is thereby exact, and a valid file itself.
 */
import type { Framing } from "../framing/framing.ts";
import type { ReplyOptions, RouteOptions } from "../relay/options.ts";
import { formatAddress } from "../runtime/address.ts";
import type { Config } from "./config.ts";
import { withoutReferences } from "./environment.ts";
import { formatDurationExactly as duration, formatSizeExactly as size } from "./exact.ts";

/** The whole configuration as TOML, equal signs aligned per table. */
export function renderConfig(config: Config): string {
  const log = table("[log]", { level: string(config.log.level), format: string(config.log.format) });
  return [...config.routes.map((route) => table("[[route]]", routeKeys(route))), log].join("\n");
}

function routeKeys(route: RouteOptions): Record<string, string> {
  const { source, target, journal } = route;
  return {
    "name": string(route.name),
    "framing": renderFraming(route.framing),
    [`source.${source.endpoint.role}`]: string(formatAddress(source.endpoint.address)),
    "source.max_connections": String(source.maxConnections),
    "source.idle_timeout": string(duration(source.idleTimeoutMs)),
    "source.reply": bytes(source.reply),
    [`target.${target.endpoint.role}`]: string(formatAddress(target.endpoint.address)),
    "target.confirm": string(target.confirm),
    ...target.confirm === "reply" ? replyKeys(target.reply) : {},
    "target.rewind": string(target.rewind === "auto" ? "auto" : size(target.rewind)),
    "target.replies": string(target.forwardReplies ? "forward" : "discard"),
    "target.rate": string(size(target.rateBytes)),
    "target.half_close": String(target.halfClose),
    "target.connect_timeout": string(duration(target.connectTimeoutMs)),
    "target.retry_min": string(duration(target.retryMinMs)),
    "target.retry_max": string(duration(target.retryMaxMs)),
    "target.stall_timeout": string(duration(target.stallTimeoutMs)),
    "memory.max_bytes": string(size(route.memoryMaxBytes)),
    "journal.dir": string(journal.directory),
    "journal.mode": string(journal.mode),
    "journal.sync": string(journal.sync),
    "journal.sync_interval": string(duration(journal.syncIntervalMs)),
    "journal.segment_bytes": string(size(journal.segmentBytes)),
    "journal.max_bytes": string(size(journal.maxBytes)),
    "journal.min_free": string(size(journal.minFreeBytes)),
    "journal.when_full": string(journal.whenFull),
    "journal.retain": string(duration(journal.retainMs)),
    "journal.retain_bytes": string(size(journal.retainBytes)),
    "journal.create": String(journal.create),
    "journal.max_age": string(duration(journal.maxAgeMs)),
  };
}

/** They have no effect with another `confirm`, and are left out there. */
function replyKeys(reply: ReplyOptions): Record<string, string> {
  return {
    "target.reply_framing": renderFraming(reply.framing),
    "target.reply_timeout": string(duration(reply.timeoutMs)),
    "target.reply_ok": string(reply.ok?.source ?? ""),
    "target.reply_attempts": String(reply.attempts),
    "target.window": String(reply.window),
  };
}

/** A framing as a table; equal texts are equal framings. */
export function renderFraming(framing: Framing): string {
  const keys: Record<string, string> = { type: string(framing.type) };
  switch (framing.type) {
    case "line":
      keys.delimiter = bytes(framing.delimiter);
      break;
    case "delimited":
      keys.start = bytes(framing.start);
      keys.end = bytes(framing.end);
      keys.between = bytes(framing.between ?? new Uint8Array(0));
      break;
    case "length-prefix":
      keys.width = String(framing.width);
      keys.endian = string(framing.endian);
      keys.offset = String(framing.offset);
      keys.includes_header = String(framing.includesHeader);
      break;
    case "fixed":
      keys.size = String(framing.size);
  }
  if ("maxFrame" in framing) keys.max_frame = string(size(framing.maxFrame));
  return `{ ${Object.entries(keys).map(([key, value]) => `${key} = ${value}`).join(", ")} }`;
}

function table(header: string, keys: Record<string, string>): string {
  const width = Math.max(...Object.keys(keys).map((key) => key.length));
  const lines = Object.entries(keys).map(([key, value]) => `${key.padEnd(width)} = ${value}`);
  return `${header}\n${lines.join("\n")}\n`;
}

/** A JSON string is a TOML basic string, DEL apart; dollar signs stand for themselves. */
function string(value: string): string {
  return JSON.stringify(withoutReferences(value)).replaceAll("\x7f", "\\u007f");
}

function bytes(value: Uint8Array): string {
  // A byte order mark is bytes like any others.
  return string(new TextDecoder("utf-8", { ignoreBOM: true }).decode(value));
}
