/** What a valid file means: the defaults, every kind of framing, paths, and that `check` prints it exactly. */
import { assertEquals } from "../support/assert.ts";
import { configFromFlags } from "../../src/config/flags.ts";
import { renderConfig } from "../../src/config/render.ts";
import type { Framing } from "../../src/framing/framing.ts";
import type { RouteOptions } from "../../src/relay/options.ts";
import { Networks } from "../../src/runtime/networks.ts";
import { CONFIG_TEMPLATE } from "../../src/cli/commands/init/config_template.ts";
import { read, routeWith } from "./parse.ts";

const MIB = 1024 * 1024;

const DEFAULTS: RouteOptions = {
  name: "feed",
  framing: { type: "line", delimiter: Uint8Array.of(10), maxFrame: MIB },
  source: {
    endpoint: { role: "listen", address: { kind: "tcp", host: "0.0.0.0", port: 9000 }, alternatives: [] },
    maxConnections: 1024,
    maxConnectionsPerIp: 0,
    allow: new Networks([]),
    idleTimeoutMs: 0,
    reply: new Uint8Array(0),
  },
  target: {
    endpoint: { role: "connect", address: { kind: "tcp", host: "server-b", port: 9001 }, alternatives: [] },
    allow: new Networks([]),
    confirm: "acked",
    reply: {
      framing: { type: "line", delimiter: Uint8Array.of(10), maxFrame: MIB },
      timeoutMs: 30_000,
      ok: undefined,
      attempts: 3,
      window: 1024,
    },
    forwardReplies: false,
    rateBytes: 0,
    stallTimeoutMs: 30_000,
    rewind: "auto",
    halfClose: false,
    connectTimeoutMs: 3000,
    retryMinMs: 100,
    retryMaxMs: 2000,
  },
  memoryMaxBytes: 16 * MIB,
  journal: {
    directory: "/etc/spillway/spillway-data/feed",
    mode: "overflow",
    sync: "os",
    syncIntervalMs: 100,
    segmentBytes: 64 * MIB,
    maxBytes: 0,
    minFreeBytes: 64 * MIB,
    whenFull: "block",
    retainMs: 0,
    retainBytes: 0,
    create: true,
    maxAgeMs: 0,
  },
};

const SMALLEST = `
[[route]]
name           = "feed"
source.listen  = "0.0.0.0:9000"
target.connect = "server-b:9001"
`;

Deno.test("the smallest file has the defaults of the contract", () => {
  const config = read(SMALLEST);
  assertEquals(config.routes, [DEFAULTS]);
  assertEquals(config.log, { level: "info", format: "text" });
});

Deno.test("every key that init config shows commented has its real default there", () => {
  const uncommented = CONFIG_TEMPLATE.replaceAll(/^#(?=[a-z_]+ = )/gm, "");
  assertEquals(read(CONFIG_TEMPLATE), read(SMALLEST));
  const { admin, ...rest } = read(uncommented);
  const { admin: none, ...smallest } = read(SMALLEST);
  assertEquals(rest, smallest);
  // What is off unless it is set has no default; it is shown as it may be set.
  assertEquals(none, { listen: undefined, controlGroup: undefined });
  assertEquals(admin, { listen: { kind: "tcp", host: "127.0.0.1", port: 9464 }, controlGroup: "adm" });
});

Deno.test("init config shows every key that can be set in this version", () => {
  const shown = new Set([...CONFIG_TEMPLATE.matchAll(/^#?([a-z_]+) = /gm)].map((match) => match[1]));
  const all = renderConfig(read(routeWith('target.confirm = "reply"')));
  const keys = [...all.matchAll(/^([a-z_.]+) += /gm)].map((match) => match[1].split(".").at(-1)!);
  assertEquals(keys.filter((key) => !shown.has(key)), []);
});

Deno.test("every key reaches the route", () => {
  const { routes: [route], log } = read(`
    [[route]]
    name = "other"
    framing = { type = "line", delimiter = "\\r\\n", max_frame = "2KiB" }
    [route.source]
    connect = "[::1]:1"
    idle_timeout = "1m"
    reply = "\\u0006"
    [route.target]
    listen = "unix:/run/b.sock"
    confirm = "reply"
    reply_framing = { type = "fixed", size = 1 }
    reply_timeout = "5s"
    reply_ok = "^[^a-z]"
    reply_attempts = 9
    window = 7
    rate = "1MB"
    stall_timeout = "2s"
    rewind = "64KiB"
    half_close = true
    connect_timeout = "1s"
    retry_min = "10ms"
    retry_max = "20ms"
    [route.memory]
    max_bytes = "1MiB"
    [route.journal]
    dir = "../elsewhere"
    mode = "always"
    sync = "each"
    sync_interval = "1s"
    segment_bytes = "64KiB"
    max_bytes = "1GB"
    min_free = "0B"
    when_full = "drop-oldest"
    retain = "7d"
    retain_bytes = "10GiB"
    create = false
    [log]
    level = "debug"
    format = "json"
  `);
  assertEquals(route, {
    name: "other",
    framing: { type: "line", delimiter: Uint8Array.of(13, 10), maxFrame: 2048 },
    source: {
      endpoint: { role: "connect", address: { kind: "tcp", host: "::1", port: 1 }, alternatives: [] },
      maxConnections: 1,
      maxConnectionsPerIp: 0,
      allow: new Networks([]),
      idleTimeoutMs: 60_000,
      reply: Uint8Array.of(6),
    },
    target: {
      endpoint: { role: "listen", address: { kind: "unix", path: "/run/b.sock" }, alternatives: [] },
      allow: new Networks([]),
      confirm: "reply",
      reply: {
        framing: { type: "fixed", size: 1 },
        timeoutMs: 5000,
        ok: new RegExp("^[^a-z]"),
        attempts: 9,
        window: 7,
      },
      forwardReplies: false,
      rateBytes: 1_000_000,
      stallTimeoutMs: 2000,
      rewind: 65536,
      halfClose: true,
      connectTimeoutMs: 1000,
      retryMinMs: 10,
      retryMaxMs: 20,
    },
    memoryMaxBytes: MIB,
    journal: {
      directory: "/etc/elsewhere",
      mode: "always",
      sync: "each",
      syncIntervalMs: 1000,
      segmentBytes: 65536,
      maxBytes: 1e9,
      minFreeBytes: 0,
      whenFull: "drop-oldest",
      retainMs: 7 * 86_400_000,
      retainBytes: 10 * 1024 * MIB,
      create: false,
      maxAgeMs: 0,
    },
  });
  assertEquals(log, { level: "debug", format: "json" });
});

const FRAMINGS: readonly [string, Framing][] = [
  ['"line"', { type: "line", delimiter: Uint8Array.of(10), maxFrame: MIB }],
  ['"raw"', { type: "raw" }],
  ['"octet-count"', { type: "octet-count", maxFrame: MIB }],
  ['{ type = "raw" }', { type: "raw" }],
  ['{ type = "line" }', { type: "line", delimiter: Uint8Array.of(10), maxFrame: MIB }],
  ['{ type = "line", delimiter = "|" }', { type: "line", delimiter: Uint8Array.of(124), maxFrame: MIB }],
  ['{ type = "octet-count", max_frame = "8KiB" }', { type: "octet-count", maxFrame: 8192 }],
  ['{ type = "fixed", size = 188 }', { type: "fixed", size: 188 }],
  ['{ type = "delimited", start = "\\u000b", end = "\\u001c\\r" }', {
    type: "delimited",
    start: Uint8Array.of(11),
    end: Uint8Array.of(28, 13),
    between: Uint8Array.of(13, 10, 0),
    maxFrame: MIB,
  }],
  ['{ type = "delimited", start = "\\r!", end = ">" }', {
    type: "delimited",
    start: Uint8Array.of(13, 33),
    end: Uint8Array.of(62),
    between: Uint8Array.of(10, 0),
    maxFrame: MIB,
  }],
  ['{ type = "delimited", start = "<", end = ">", between = "" }', {
    type: "delimited",
    start: Uint8Array.of(60),
    end: Uint8Array.of(62),
    between: new Uint8Array(0),
    maxFrame: MIB,
  }],
  ['{ type = "delimited", start = "<", end = ">", between = " >" }', {
    type: "delimited",
    start: Uint8Array.of(60),
    end: Uint8Array.of(62),
    between: Uint8Array.of(32, 62),
    maxFrame: MIB,
  }],
  ['{ type = "length-prefix" }', {
    type: "length-prefix",
    width: 4,
    endian: "big",
    offset: 0,
    includesHeader: false,
    maxFrame: MIB,
  }],
  [
    '{ type = "length-prefix", width = 2, endian = "little", offset = 6, includes_header = true, max_frame = "64KiB" }',
    {
      type: "length-prefix",
      width: 2,
      endian: "little",
      offset: 6,
      includesHeader: true,
      maxFrame: 65536,
    },
  ],
];

for (const [written, framing] of FRAMINGS) {
  Deno.test(`framing = ${written} is understood, and printed so that it means the same`, () => {
    const config = read(routeWith(`framing = ${written}`));
    assertEquals(config.routes[0].framing, framing);
    assertEquals(read(renderConfig(config)), config);
  });
}

Deno.test("raw framing has one producer at a time", () => {
  assertEquals(read(routeWith('framing = "raw"')).routes[0].source.maxConnections, 1);
});

Deno.test("a default gives way to a smaller limit that is written", () => {
  const [small] = read(routeWith('memory.max_bytes = "1MiB"')).routes;
  assertEquals(small.framing, { type: "line", delimiter: Uint8Array.of(10), maxFrame: MIB / 4 });
  const [quota] = read(routeWith('journal.max_bytes = "8MiB"')).routes;
  assertEquals(quota.journal.segmentBytes, MIB);
  const [slow] = read(routeWith('target.retry_min = "5s"')).routes;
  assertEquals([slow.target.retryMinMs, slow.target.retryMaxMs], [5000, 5000]);
  const [quick] = read(routeWith('target.retry_max = "50ms"')).routes;
  assertEquals([quick.target.retryMinMs, quick.target.retryMaxMs], [50, 50]);
});

Deno.test('keys that belong to confirm = "reply" may stand elsewhere with their defaults', () => {
  const harmless = [
    'source.reply = ""',
    'target.reply_framing = "line"',
    'target.reply_timeout = "30s"',
    'target.reply_ok = ""',
    "target.reply_attempts = 3",
    "target.window = 1024",
    'target.replies = "discard"',
    'target.rate = "0B"',
    'target.stall_timeout = "30s"',
    'journal.when_full = "block"',
  ];
  assertEquals(read(routeWith(...harmless)), read(routeWith()));
  const table = 'target.reply_framing = { type = "line", delimiter = "\\n", max_frame = "1MiB" }';
  assertEquals(read(routeWith(table)), read(routeWith()));
  const counted = 'framing = "octet-count"';
  assertEquals(read(routeWith(counted, 'target.reply_framing = "octet-count"')), read(routeWith(counted)));
});

Deno.test("the limits of rate, stall_timeout and source.reply are allowed themselves", () => {
  const reply = "é".repeat(512);
  const [route] = read(routeWith(
    'target.rate = "1KB"',
    'target.stall_timeout = "100ms"',
    `source.reply = "${reply}"`,
    'journal.mode = "always"',
    'journal.when_full = "disconnect"',
  )).routes;
  assertEquals([route.target.rateBytes, route.target.stallTimeoutMs], [1000, 100]);
  assertEquals(route.source.reply, new TextEncoder().encode(reply));
  assertEquals(route.journal.whenFull, "disconnect");
  assertEquals(read(routeWith('target.stall_timeout = "0s"')).routes[0].target.stallTimeoutMs, 0);
});

for (const single of ["source.max_connections = 1", 'source.connect = "server-a:9000"', 'framing = "raw"']) {
  Deno.test(`replies can be forwarded with ${single}: there is one producer at a time`, () => {
    const [route] = read(routeWith(single, 'target.replies = "forward"')).routes;
    assertEquals([route.target.forwardReplies, route.source.maxConnections], [true, 1]);
  });
}

Deno.test("one byte may be a whole reply", () => {
  const [route] = read(routeWith('target.confirm = "reply"', 'target.reply_framing = "raw"')).routes;
  assertEquals(route.target.reply.framing, { type: "raw" });
});

Deno.test("replies are framed as the route is, unless reply_framing says otherwise", () => {
  const mllp: Framing = {
    type: "delimited",
    start: Uint8Array.of(11),
    end: Uint8Array.of(28, 13),
    between: Uint8Array.of(13, 10, 0),
    maxFrame: MIB,
  };
  const framing = 'framing = { type = "delimited", start = "\\u000b", end = "\\u001c\\r" }';
  const forward = ['target.confirm = "reply"', 'target.replies = "forward"', "source.max_connections = 1"];
  const [same] = read(routeWith(framing, ...forward)).routes;
  assertEquals(same.target.reply.framing, mllp);
  assertEquals(same.target.forwardReplies, true);
  const [other] = read(routeWith(framing, ...forward, 'target.reply_framing = "line"')).routes;
  assertEquals(other.target.reply.framing, DEFAULTS.framing);
});

Deno.test("what is printed of a configuration means the same", () => {
  const config = read(
    routeWith(
      'target.rewind = "1500B"',
      'source.idle_timeout = "1500ms"',
      'journal.retain = "36h"',
      'journal.dir = "/x \\"y"',
    ),
  );
  assertEquals(read(renderConfig(config)), config);
});

Deno.test("what is printed of the keys for replies means the same", () => {
  const asked = read(routeWith(
    'framing = "octet-count"',
    'target.confirm = "reply"',
    'target.reply_framing = { type = "delimited", start = "\\u000b", end = "\\u001c\\r" }',
    'target.reply_timeout = "1500ms"',
    "target.reply_ok = 'MSA\\|A[AC]/\"'",
    "target.reply_attempts = 1000",
    "target.window = 65536",
    'target.replies = "forward"',
    'target.rate = "1500B"',
    "source.max_connections = 1",
    'target.stall_timeout = "0s"',
    'journal.when_full = "drop-newest"',
  ));
  assertEquals(asked.routes[0].target.reply.ok?.test('MSA|AC/"'), true);
  assertEquals(read(renderConfig(asked)), asked);
  const answering = read(routeWith('source.reply = "\\ufeff\\u0006\\u007f\\r\\n"', 'journal.mode = "always"'));
  assertEquals(answering.routes[0].source.reply, Uint8Array.of(0xef, 0xbb, 0xbf, 6, 127, 13, 10));
  assertEquals(read(renderConfig(answering)), answering);
});

Deno.test("flags make the route that a file with the same keys makes", () => {
  const fromFlags = configFromFlags({
    listen: ":9000",
    to: "b:9001",
    framing: "raw",
    journal: "/j",
    mode: "always",
    sync: "each",
    memory: "2MiB",
    "log-level": "warn",
  });
  const fromFile = read(`
    log.level = "warn"
    [[route]]
    name = "main"
    framing = "raw"
    source.listen = ":9000"
    target.connect = "b:9001"
    memory.max_bytes = "2MiB"
    journal = { dir = "/j", mode = "always", sync = "each" }
  `);
  assertEquals(fromFlags.routes, fromFile.routes);
  assertEquals(fromFlags.log, fromFile.log);
});

Deno.test("networks that may connect reach the route, and check prints them", () => {
  const text = routeWith('source.allow = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"]', "source.max_connections_per_ip = 5");
  const { source } = read(text).routes[0];
  assertEquals(source.allow.texts, ["10.0.0.0/8", "fd00::/8", "192.0.2.7"]);
  assertEquals(source.maxConnectionsPerIp, 5);
  assertEquals(read(renderConfig(read(text))), read(text));
});

Deno.test("a target may be a list, and check prints it as one", () => {
  const text = routeWith('target.connect = ["server-b:9001", "[::1]:9002", "unix:/run/c.sock"]');
  const { endpoint } = read(text).routes[0].target;
  assertEquals(endpoint, {
    role: "connect",
    address: { kind: "tcp", host: "server-b", port: 9001 },
    alternatives: [{ kind: "tcp", host: "::1", port: 9002 }, { kind: "unix", path: "/run/c.sock" }],
  });
  assertEquals(read(renderConfig(read(text))), read(text));
  assertEquals(renderConfig(read(text)).includes('["server-b:9001", "[::1]:9002", "unix:/run/c.sock"]'), true);
  assertEquals(
    read(routeWith('target.connect = ["server-b:9001"]')),
    read(routeWith('target.connect = "server-b:9001"')),
  );
});
