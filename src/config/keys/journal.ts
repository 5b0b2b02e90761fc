/** The keys of `[route.journal]`. */
import { key } from "./key.ts";
import { sizeFrom, timer, zeroOrDuration } from "./rules.ts";
import { BOOLEAN, DURATION, oneOf, PATH, SIZE } from "./value_types.ts";

/** In bytes. */
export const SEGMENT_BYTES_MIN = 64 * 1024;
/** A shorter age would drop frames that are merely on their way. */
const MAX_AGE_MS_MIN = 1000;

export const JOURNAL = {
  dir: key(PATH, undefined, {
    description: "Its directory, relative to the file. Default: spillway-data/NAME",
    usual: "spillway-data/feed",
    comment: "Relative to this file. The default has the route's name in it.",
    shown: ({ journal }) => journal.directory,
    flag: { name: "journal", value: "DIR", description: "the journal. Default: spillway-data/NAME" },
  }),
  mode: key(oneOf("overflow", "always"), "overflow", {
    description: "Append only what the target cannot take, or everything first",
    comment: `"overflow": journal only what the consumer cannot take now. "always": journal everything.`,
    option: "mode",
    flag: {
      name: "mode",
      value: "MODE",
      description: "{default} (default): journal what the consumer cannot take; always: everything",
    },
  }),
  sync: key(oneOf("os", "interval", "each"), "os", {
    description: "What power loss can take of what was appended: the page cache, sync_interval, nothing",
    comment: `What a power loss can take of what was appended. "os": the page cache. "interval": the last
sync_interval. "each": nothing.`,
    option: "sync",
    flag: { name: "sync", value: "WHEN", description: "{words}: what a power loss can take" },
  }),
  sync_interval: key(DURATION, "100ms", {
    description: 'How often is synced, with sync = "interval"',
    rules: [timer(1)],
    option: "syncIntervalMs",
  }),
  segment_bytes: key(SIZE, undefined, {
    description: "A segment is sealed at this size. Default: 64MiB, or an eighth of max_bytes",
    usual: "64MiB",
    comment: "Delivered frames are removed a whole segment at a time.",
    rules: [sizeFrom(SEGMENT_BYTES_MIN)],
    option: "segmentBytes",
  }),
  max_bytes: key(SIZE, "0B", {
    description: "The journal's limit; 0B = none of its own. A clean stop may pass it by what memory held",
    comment: "Limit of the journal; 0B = none of its own. A clean stop may pass it, by what memory held.",
    option: "maxBytes",
  }),
  min_free: key(SIZE, "64MiB", {
    description: "Keep this much of the file system free",
    comment: true,
    option: "minFreeBytes",
  }),
  when_full: key(oneOf("block", "drop-oldest", "drop-newest", "disconnect"), "block", {
    description: "What happens while there is no room",
    comment: `While there is no room: "block" stops reading, "drop-oldest" drops the oldest segment,
"drop-newest" drops what comes in, "disconnect" closes the producers' connections.`,
    option: "whenFull",
  }),
  retain: key(DURATION, "0s", {
    description: "Keep delivered segments this long",
    comment: "Keep delivered segments this long, and at most this much of them (0B = no limit).",
    option: "retainMs",
  }),
  retain_bytes: key(SIZE, "0B", {
    description: "And at most this much of them; 0B = no limit",
    option: "retainBytes",
  }),
  create: key(BOOLEAN, true, {
    description: "Make the directory where there is none? If not, that is an error: a mount that is missing",
    comment: "false: the directory must be there; one below a mount point tells when the mount is missing.",
    option: "create",
  }),
  max_age: key(DURATION, "0s", {
    description: "Pending frames older than this are dropped as expired; 0s = never",
    comment: "Give up pending frames that are older than this, counted as dropped{expired}; 0s = never.",
    rules: [zeroOrDuration(MAX_AGE_MS_MIN)],
    option: "maxAgeMs",
  }),
};
