/**
 * Every key of the configuration, once, in the order in which a file has them.
 * A new key is an entry in one of these tables, and its use.
 */
import { FRAMING, framingComment } from "./framing.ts";
import { JOURNAL } from "./journal.ts";
import { key, type Table } from "./key.ts";
import { sizeFrom } from "./rules.ts";
import { SOURCE } from "./source.ts";
import { TARGET } from "./target.ts";
import { ADDRESS, GROUP, NAME, oneOf, SIZE } from "./value_types.ts";

/** In bytes. */
const MEMORY_BYTES_MIN = 1024 * 1024;

/** A connection is made from one of the two sides. */
const EITHER_END = { oneOf: [{ required: ["listen"] }, { required: ["connect"] }] };

export const MEMORY = {
  max_bytes: key(SIZE, "16MiB", {
    description: "All buffers at their capacity; at least 1MiB",
    comment: "Everything that is held in memory for this route.",
    rules: [sizeFrom(MEMORY_BYTES_MIN)],
    shown: ({ memoryMaxBytes }) => memoryMaxBytes,
    flag: { name: "memory", value: "SIZE", description: "most memory for what is under way. Default: {default}" },
  }),
};

export const ROUTE = {
  name: key(NAME, undefined, {
    description: "Unique: a-z 0-9 _ -",
    example: "feed",
    comment: "Required, unique: a-z 0-9 _ -",
    option: "name",
    flag: { name: "name", value: "NAME", description: "the route's name. Default: {default}", default: "main" },
  }),
  framing: key(FRAMING, "line", {
    description: "How the stream is cut into messages (frames)",
    comment: framingComment(),
    option: "framing",
    flag: { name: "framing", value: "KIND", description: "{words}", defaultFirst: true },
  }),
  source: { description: "Where frames come from: listen or connect", keys: SOURCE, json: EITHER_END },
  target: { description: "Where frames go: listen or connect", keys: TARGET, json: EITHER_END },
  memory: { description: "The memory of the route", keys: MEMORY },
  journal: { description: "The journal on disk", keys: JOURNAL },
};

export const LOG = {
  level: key(oneOf("debug", "info", "warn", "error"), "info", {
    description: "The least that is logged",
    comment: "debug, info, warn, error",
    option: "level",
    flag: { name: "log-level", value: "LEVEL", description: "{words}" },
  }),
  format: key(oneOf("text", "json"), "text", {
    description: "Lines of text, or a JSON object each",
    comment: "text, json",
    option: "format",
    flag: { name: "log-format", value: "KIND", description: "{words}" },
  }),
};

export const ADMIN = {
  listen: key(ADDRESS, undefined, {
    description: "HTTP: /metrics, /status, /healthz, /readyz and a page to look at; off unless set",
    usual: "127.0.0.1:9464",
    comment: `HTTP for metrics, health checks and a page to look at: host:port, or unix:/path.sock for this user alone.
Off unless it is set. Nothing can be changed through it, and whoever can connect can read it.`,
    option: "listen",
  }),
  control_group: key(GROUP, undefined, {
    description: "A group, by name or number, whose members may use status and skip; else the daemon's user alone",
    usual: "adm",
    comment: `A group, by name or number, whose members may use status and skip too; the daemon's user is one of them.
It may then pass through the journals' directories (0710) to their sockets (0660), and read no frame.
None unless it is set.`,
    option: "controlGroup",
  }),
};

export const CONFIG = {
  description: "Spillway's configuration",
  keys: {
    route: {
      description: "One FIFO each: one source, one target, one journal",
      keys: ROUTE,
      repeated: true,
      json: { required: ["name", "source", "target"] },
    },
    log: { description: "The log on standard error", keys: LOG },
    admin: { description: "What the daemon tells over HTTP, and to whom", keys: ADMIN },
  },
} as const satisfies Table;
