/** The keys of `[route.source]`. */
import { key, unsupported } from "./key.ts";
import { timer } from "./rules.ts";
import { ADDRESS, ANY, DURATION, NETWORKS, TEXT, wholeNumber } from "./value_types.ts";

export const SOURCE = {
  listen: key(ADDRESS, undefined, {
    description: "Where producers connect: host:port, [v6]:port, :port or unix:/path",
    example: "0.0.0.0:9000",
    comment: `Where the producer connects: host:port, [v6]:port, :port (every address), unix:/path.sock.
Instead, to dial the producer again and again:   connect = "server-a:9000"`,
    shown: ({ source: { endpoint } }) => endpoint.role === "listen" ? endpoint.address : undefined,
    flag: {
      name: "listen",
      value: "ADDR",
      description: "where producers connect: host:port, [v6]:port, :port, unix:/path",
      required: true,
    },
  }),
  connect: key(ADDRESS, undefined, {
    description: "The producer to dial, again and again: host:port, [v6]:port, :port or unix:/path",
    shown: ({ source: { endpoint } }) => endpoint.role === "connect" ? endpoint.address : undefined,
  }),
  max_connections: key(wholeNumber(1, 1_000_000), undefined, {
    description: "Further ones are refused and counted; raw framing and connect allow 1",
    usual: 1024,
    comment: "Further connections are refused and counted.",
    option: "maxConnections",
  }),
  max_connections_per_ip: key(wholeNumber(0, 1_000_000), 0, {
    description: "Connections from one address at most; 0 = no limit of its own",
    comment: true,
    option: "maxConnectionsPerIp",
  }),
  allow: key(NETWORKS, [], {
    description: "Networks that producers may come from; empty: all",
    comment: 'Networks that producers may come from, e.g. ["10.0.0.0/8", "fd00::/8"]; empty: all.',
    option: "allow",
  }),
  idle_timeout: key(DURATION, "0s", {
    description: "Close a producer that has been silent this long and is owed no answer; 0s = never",
    comment: "Close a connection that has been silent this long and is owed no answer; 0s = never.",
    rules: [timer(0)],
    option: "idleTimeoutMs",
  }),
  reply: key(TEXT, "", {
    description:
      'Sent back for each frame once it is appended (and synced, with sync = "each"); needs journal.mode = "always"',
    comment: `Sent back to the producer for each frame once it is appended, and synced where journal.sync = "each".
Needs journal.mode = "always".`,
    option: "reply",
  }),
  tls: unsupported(ANY, "leave it out and put a TLS proxy such as stunnel in front"),
};
