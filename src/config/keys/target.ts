/** The keys of `[route.target]`. */
import { addressesOf, type ReplyOptions, type RouteOptions } from "../../relay/options.ts";
import { FRAMING } from "./framing.ts";
import { key, unsupported } from "./key.ts";
import { timer, zeroOrDuration, zeroOrSize } from "./rules.ts";
import {
  ADDRESS,
  ADDRESSES,
  ANY,
  BOOLEAN,
  DURATION,
  NETWORKS,
  oneOf,
  PATTERN,
  REWIND,
  SIZE,
  wholeNumber,
} from "./value_types.ts";

/** Less than 1000 bytes a second is no limit that anybody means. */
const RATE_BYTES_MIN = 1000;
const STALL_TIMEOUT_MS_MIN = 100;

/** What `check` prints of a key that has no effect with another `confirm`. */
function ofReply<T>(value: (reply: ReplyOptions) => T): (route: RouteOptions) => T | undefined {
  return ({ target: { confirm, reply } }) => confirm === "reply" ? value(reply) : undefined;
}

export const TARGET = {
  connect: key(ADDRESSES, undefined, {
    description: "The consumer to dial: host:port, [v6]:port, :port or unix:/path; or a list, most preferred first",
    example: "server-b:9001",
    comment: `The consumer to deliver to, or a list, most preferred first: ["server-b:9001", "server-c:9001"].
Instead, to let the consumer dial in:   listen = "0.0.0.0:9001"`,
    shown: ({ target: { endpoint } }) => endpoint.role === "connect" ? addressesOf(endpoint) : undefined,
    flag: { name: "to", value: "ADDR", description: "the consumer to connect to", required: true },
  }),
  listen: key(ADDRESS, undefined, {
    description: "Where the consumer dials in; one is served at a time: host:port, [v6]:port, :port or unix:/path",
    shown: ({ target: { endpoint } }) => endpoint.role === "listen" ? endpoint.address : undefined,
  }),
  allow: key(NETWORKS, [], {
    description: "Networks that consumers may come from where they dial in; empty: all",
    comment: "With listen: networks that consumers may come from; empty: all.",
    option: "allow",
  }),
  confirm: key(oneOf("written", "acked", "reply"), "acked", {
    description:
      "When a frame counts as delivered: our kernel took it, the consumer's TCP acknowledged it, or it was answered",
    comment: `When a frame counts as delivered. "acked": its bytes were acknowledged by the consumer's
kernel (TCP on Linux; elsewhere it means "written"). "written": our kernel took them.
"reply": the consumer answered it, with one frame for each, in order.`,
    option: "confirm",
    flag: { name: "confirm", value: "KIND", description: "{words}", defaultFirst: true },
  }),
  reply_framing: key(FRAMING, undefined, {
    description: 'With confirm = "reply": how answers are framed. Default: as the route is',
    usual: "line",
    comment: `The next five are for confirm = "reply" only.
How answers are framed: as the route is, if this is left out.`,
    shown: ofReply((reply) => reply.framing),
  }),
  reply_timeout: key(DURATION, "30s", {
    description: "Connect anew when an answer is this late",
    comment: true,
    rules: [timer(1)],
    shown: ofReply((reply) => reply.timeoutMs),
  }),
  reply_ok: key(PATTERN, "", {
    description: "A regular expression that a good answer matches; empty = any",
    comment: `A JavaScript regular expression that the content of a good answer matches, without delimiter or length.
After any other the frame is sent again. "" = every answer is good.`,
    shown: ofReply((reply) => reply.ok?.source ?? ""),
  }),
  reply_attempts: key(wholeNumber(1, 1000), 3, {
    description: "After so many bad answers a frame goes to quarantine",
    comment: "After so many bad answers a frame goes to quarantine/ and the next one follows.",
    shown: ofReply((reply) => reply.attempts),
  }),
  window: key(wholeNumber(1, 65_536), 1024, {
    description: "Frames sent and not yet answered, at most",
    comment: true,
    shown: ofReply((reply) => reply.window),
  }),
  rewind: key(REWIND, "auto", {
    description:
      "After a reconnect also resend what was confirmed and may not have been read (auto), or this much of it",
    comment: `On a new connection, send again what was confirmed and may not have been read, because the consumer's
kernel still held it: "auto", or this much of it, at most half of memory.max_bytes.`,
    option: "rewind",
    flag: {
      name: "rewind",
      value: "SIZE",
      description: "sent again on a new connection: {default} (default), what may be unread; or a size",
    },
  }),
  replies: key(oneOf("discard", "forward"), "discard", {
    description: "What becomes of bytes that the consumer sends",
    comment: `What the consumer sends: "discard", or "forward" to the producer (needs source.max_connections = 1).`,
    shown: ({ target }) => target.forwardReplies ? "forward" : "discard",
  }),
  rate: key(SIZE, "0B", {
    description: "Bytes a second at most; 0B = no limit",
    comment: "Bytes a second at most, backlog and live alike; 0B = no limit, else at least 1KB.",
    rules: [zeroOrSize(RATE_BYTES_MIN)],
    option: "rateBytes",
  }),
  half_close: key(BOOLEAN, false, {
    description: "May the consumer close its sending side and go on reading?",
    comment: "true: the consumer may close its sending side and still receive.",
    option: "halfClose",
  }),
  connect_timeout: key(DURATION, "3s", {
    description: "How long one attempt to connect may take",
    rules: [timer(1)],
    option: "connectTimeoutMs",
  }),
  retry_min: key(DURATION, "100ms", {
    description: "The first pause between attempts to connect",
    comment: "Pause between attempts to connect: doubles from the first to the second.",
    rules: [timer(1)],
    option: "retryMinMs",
  }),
  retry_max: key(DURATION, "2s", {
    description: "The longest pause between attempts to connect",
    rules: [timer(1)],
    option: "retryMaxMs",
  }),
  stall_timeout: key(DURATION, "30s", {
    description: "Connect anew when the consumer's kernel is silent so long; 0s = never",
    comment:
      `Connect anew when the consumer's kernel has not answered for so long (TCP on Linux; at least 1.5s); 0s = never.
One that merely reads slowly answers.`,
    rules: [timer(0), zeroOrDuration(STALL_TIMEOUT_MS_MIN)],
    option: "stallTimeoutMs",
  }),
  tls: unsupported(ANY, "leave it out and connect through a TLS proxy such as stunnel"),
};
