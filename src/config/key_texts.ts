/**
 * What every key of the configuration means, for the JSON Schema. A test holds
 * the list to schema.ts and the defaults to route.ts.
 */

export interface KeyText {
  readonly says: string;
  /** What its string is. */
  readonly kind?: "size" | "rewind" | "duration" | "address" | "delimiter";
  /** Where it is left out, and where that can be said without the rest of the route. */
  readonly default?: string | number | boolean;
}

function size(says: string, byDefault?: string): KeyText {
  return { says, kind: "size", default: byDefault };
}

function duration(says: string, byDefault?: string): KeyText {
  return { says, kind: "duration", default: byDefault };
}

function address(says: string): KeyText {
  return { says: `${says}: host:port, [v6]:port, :port or unix:/path`, kind: "address" };
}

export const KEYS: Readonly<Record<string, KeyText>> = {
  "route": { says: "One FIFO each: one source, one target, one journal" },
  "route.name": { says: "Unique: a-z 0-9 _ -" },
  "route.framing": { says: "How the stream is cut into messages (frames)", default: "line" },
  "route.framing.type": { says: "The kind of framing" },
  "route.framing.delimiter": { says: "What a frame ends with, 1 to 16 bytes", kind: "delimiter", default: "\n" },
  "route.framing.max_frame": size("The largest frame; at most a quarter of memory.max_bytes"),
  "route.framing.width": { says: "Bytes of the length", default: 4 },
  "route.framing.endian": { says: "Order of the length's bytes", default: "big" },
  "route.framing.offset": { says: "Bytes of fixed header before the length", default: 0 },
  "route.framing.includes_header": { says: "Does the length count the header too?", default: false },
  "route.framing.start": { says: "What a frame begins with, 1 to 16 bytes", kind: "delimiter" },
  "route.framing.end": { says: "What a frame ends with, 1 to 16 bytes", kind: "delimiter" },
  "route.framing.between": {
    says: "Bytes that are passed over between two frames, dropped and counted; not the first one of start",
    default: "\r\n\0",
  },
  "route.framing.size": { says: "Bytes of every frame" },

  "route.source": { says: "Where frames come from: listen or connect" },
  "route.source.listen": address("Where producers connect"),
  "route.source.connect": address("The producer to dial, again and again"),
  "route.source.max_connections": { says: "Further ones are refused and counted; raw framing and connect allow 1" },
  "route.source.idle_timeout": duration(
    "Close a producer that has been silent this long and is owed no answer; 0s = never",
    "0s",
  ),
  "route.source.reply": {
    says:
      'Sent back for each frame once it is appended (and synced, with sync = "each"); needs journal.mode = "always"',
    default: "",
  },

  "route.target": { says: "Where frames go: listen or connect" },
  "route.target.connect": address("The consumer to dial"),
  "route.target.listen": address("Where the consumer dials in; one is served at a time"),
  "route.target.confirm": {
    says:
      "When a frame counts as delivered: our kernel took it, the consumer's TCP acknowledged it, or it was answered",
    default: "acked",
  },
  "route.target.reply_framing": { says: 'With confirm = "reply": how answers are framed. Default: as the route is' },
  "route.target.reply_timeout": duration("Connect anew when an answer is this late", "30s"),
  "route.target.reply_ok": { says: "A regular expression that a good answer matches; empty = any", default: "" },
  "route.target.reply_attempts": { says: "After so many bad answers a frame goes to quarantine", default: 3 },
  "route.target.window": { says: "Frames sent and not yet answered, at most", default: 1024 },
  "route.target.rewind": {
    says: "After a reconnect also resend what was confirmed and may not have been read (auto), or this much of it",
    kind: "rewind",
    default: "auto",
  },
  "route.target.replies": { says: "What becomes of bytes that the consumer sends", default: "discard" },
  "route.target.rate": size("Bytes a second at most; 0B = no limit", "0B"),
  "route.target.half_close": { says: "May the consumer close its sending side and go on reading?", default: false },
  "route.target.connect_timeout": duration("How long one attempt to connect may take", "3s"),
  "route.target.retry_min": duration("The first pause between attempts to connect", "100ms"),
  "route.target.retry_max": duration("The longest pause between attempts to connect", "2s"),
  "route.target.stall_timeout": duration(
    "Connect anew when the consumer's kernel is silent so long; 0s = never",
    "30s",
  ),

  "route.memory": { says: "The memory of the route" },
  "route.memory.max_bytes": size("All buffers at their capacity; at least 1MiB", "16MiB"),

  "route.journal": { says: "The journal on disk" },
  "route.journal.dir": { says: "Its directory, relative to the file. Default: spillway-data/NAME" },
  "route.journal.mode": { says: "Append only what the target cannot take, or everything first", default: "overflow" },
  "route.journal.sync": {
    says: "What power loss can take of what was appended: the page cache, sync_interval, nothing",
    default: "os",
  },
  "route.journal.sync_interval": duration('How often is synced, with sync = "interval"', "100ms"),
  "route.journal.segment_bytes": size("A segment is sealed at this size. Default: 64MiB, or an eighth of max_bytes"),
  "route.journal.max_bytes": size(
    "The journal's limit; 0B = none of its own. A clean stop may pass it by what memory held",
    "0B",
  ),
  "route.journal.min_free": size("Keep this much of the file system free", "64MiB"),
  "route.journal.when_full": { says: "What happens while there is no room", default: "block" },
  "route.journal.retain": duration("Keep delivered segments this long", "0s"),
  "route.journal.retain_bytes": size("And at most this much of them; 0B = no limit", "0B"),
  "route.journal.create": {
    says: "Make the directory where there is none? If not, that is an error: a mount that is missing",
    default: true,
  },
  "route.journal.max_age": duration("Pending frames older than this are dropped as expired; 0s = never", "0s"),

  "log": { says: "The log on standard error" },
  "log.level": { says: "The least that is logged", default: "info" },
  "log.format": { says: "Lines of text, or a JSON object each", default: "text" },
};
