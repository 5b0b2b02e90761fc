/** What is wrong with a file is named: where it stands, what was found, what is allowed. */
import { assertEquals, assertThrows } from "../support/assert.ts";
import { ConfigError } from "../../src/config/problem.ts";
import { configFromFlags } from "../../src/config/flags.ts";
import { problemsOf, routeWith } from "./parse.ts";

/** A key of a route that is wrong, the whole problem after `spillway.toml:5: `, and its hint where it is not in there. */
const CASES: readonly [string, string, string?][] = [
  [
    'source.lisen = ":1"',
    'route[0].source.lisen (route "feed"): found an unknown key, allowed here: listen, connect, ' +
    "max_connections, max_connections_per_ip, allow, idle_timeout, reply, tls [did you mean listen?]",
  ],
  [
    'min_free = "1MiB"',
    'route[0].min_free (route "feed"): found an unknown key, allowed here: name, framing, source, ' +
    "target, memory, journal [min_free belongs in journal]",
  ],
  [
    "source.max_connections = 0",
    range('route[0].source.max_connections (route "feed")', "0", 1, 1_000_000),
    "spillway init config prints every key and what it means",
  ],
  [
    "source.max_connections = 1.5",
    range('route[0].source.max_connections (route "feed")', "1.5", 1, 1_000_000),
    "spillway init config prints every key and what it means",
  ],
  [
    'source.max_connections = "9"',
    range('route[0].source.max_connections (route "feed")', '"9"', 1, 1_000_000),
    "spillway init config prints every key and what it means",
  ],
  [
    'source.allow = "10.0.0.0/8"',
    'route[0].source.allow (route "feed"): found "10.0.0.0/8", allowed: a list of networks such as ' +
    '["10.0.0.0/8", "fd00::/8"]',
    "leave it out for the default, []",
  ],
  [
    'source.allow = ["10.0.0.0/8", "office"]',
    'route[0].source.allow (route "feed"): "office" is not a network',
    'write networks such as "10.0.0.0/8", "fd00::/8", or single addresses such as "192.0.2.7"',
  ],
  [
    'source.allow = ["10.0.0.0/33"]',
    'route[0].source.allow (route "feed"): "10.0.0.0/33" is not a network: a prefix has at most 32 bits here',
    'write networks such as "10.0.0.0/8", "fd00::/8", or single addresses such as "192.0.2.7"',
  ],
  [
    'target.allow = ["::1"]',
    'route[0].target.allow (route "feed"): found ["::1"], allowed: no network, because target.connect dials out ' +
    "[leave it out]",
  ],
  [
    "target.connect = []",
    'route[0].target.connect (route "feed"): found [], allowed: an address such as "server-b:9001", or a list of them',
    "spillway init config prints every key and what it means",
  ],
  [
    'target.connect = ["server-b:9001", 9002]',
    'route[0].target.connect (route "feed"): found a list, allowed: an address such as "server-b:9001", or a list of them',
    "spillway init config prints every key and what it means",
  ],
  [
    'target.connect = ["server-b:9001", "server-c"]',
    'route[0].target.connect (route "feed"): "server-c" is not an address: it has no port',
    "write host:port, [v6]:port, :port or unix:/path.sock",
  ],
  [
    'target.connect = ["server-b:9001", ":9002"]',
    'route[0].target.connect (route "feed"): found ["server-b:9001", ":9002"], allowed: a host and a port from 1 to ' +
    '65535, for example "server-b:9001"',
    "spillway init config prints every key and what it means",
  ],
  [
    'target.half_close = "yes"',
    'route[0].target.half_close (route "feed"): found "yes", allowed: true or false',
    "leave it out for the default, false",
  ],
  [
    'target.confirm = "aked"',
    'route[0].target.confirm (route "feed"): found "aked", allowed: "written", "acked", "reply" ' +
    "[did you mean acked?]",
  ],
  [
    "memory.max_bytes = 16",
    'route[0].memory.max_bytes (route "feed"): found 16, allowed: a size such as "16MiB" ' +
    "(B KB MB GB TB KiB MiB GiB TiB)",
    'leave it out for the default, "16MiB"',
  ],
  [
    'memory.max_bytes = "1023KiB"',
    'route[0].memory.max_bytes (route "feed"): found "1023KiB", allowed: at least "1MiB"',
    'leave it out for the default, "16MiB"',
  ],
  ['memory = "16MiB"', 'route[0].memory (route "feed"): found "16MiB", allowed: a table', "its keys are max_bytes"],
  [
    'target.rewind = "9MiB"',
    'route[0].target.rewind (route "feed"): found "9MiB", allowed: at most 8MiB, half of ' +
    'memory.max_bytes [or set memory.max_bytes to "18MiB"]',
  ],
  [
    'target.retry_min = "0s"',
    'route[0].target.retry_min (route "feed"): found "0s", allowed: 1ms to 24d',
    'leave it out for the default, "100ms"',
  ],
  [
    'target.connect_timeout = "30d"',
    'route[0].target.connect_timeout (route "feed"): found "30d", allowed: 1ms to 24d',
    'leave it out for the default, "3s"',
  ],
  [
    'journal.segment_bytes = "63KiB"',
    'route[0].journal.segment_bytes (route "feed"): found "63KiB", allowed: ' +
    'at least "64KiB"',
    "spillway init config prints every key and what it means",
  ],
  [
    'journal.max_bytes = "1MiB"',
    'route[0].journal.max_bytes (route "feed"): found "1MiB", allowed: "0B" for no limit, ' +
    "or at least 2MiB, twice the larger of journal.segment_bytes and the largest frame",
    'leave it out for the default, "0B"',
  ],
  [
    "journal.dir = 7",
    'route[0].journal.dir (route "feed"): found 7, allowed: a path',
    "spillway init config prints every key and what it means",
  ],
  [
    'framing = "lines"',
    'route[0].framing (route "feed"): found "lines", allowed: "raw", "line", "octet-count" or a table ' +
    '{ type = "…", … } [did you mean line?]',
  ],
  [
    'framing = "fixed"',
    'route[0].framing (route "feed"): found "fixed", allowed: "raw", "line", "octet-count" or a table ' +
    '{ type = "…", … } [this framing has settings: write framing = { type = "fixed", … }]',
  ],
  [
    'framing = { typ = "line" }',
    'route[0].framing.type (route "feed"): found nothing, allowed: "raw", "line", ' +
    '"length-prefix", "octet-count", "delimited", "fixed"',
    "spillway init config prints every key and what it means",
  ],
  [
    'framing = { type = "fixed" }',
    range('route[0].framing.size (route "feed")', "nothing", 1, 2 ** 30),
    "spillway init config prints every key and what it means",
  ],
  [
    'framing = { type = "fixed", size = 4194305 }',
    'route[0].framing.size (route "feed"): found 4194305, allowed: at most ' +
    '4MiB, a quarter of memory.max_bytes [or set memory.max_bytes to "16777220B" or more]',
  ],
  [
    'framing = { type = "line", delimiter = "" }',
    'route[0].framing.delimiter (route "feed"): found "", allowed: a string ' +
    "of 1 to 16 bytes",
    'leave it out for the default, "\\n"',
  ],
  [
    'framing = { type = "delimited", start = "<", end = ">", between = " <" }',
    'route[0].framing.between (route "feed"): found " <", allowed: bytes other than the first one of start ' +
    "[where start begins, a frame begins: leave its first byte out of between]",
  ],
  [
    'framing = { type = "delimited", start = "<", end = ">", between = "0123456789abcdefg" }',
    'route[0].framing.between (route "feed"): found "0123456789abcdefg", allowed: a string of at most 16 bytes',
    'leave it out for the default, "\\r\\n\\u0000"',
  ],
  [
    'framing = { type = "line", delimiter = "ééééééééé" }',
    'route[0].framing.delimiter (route "feed"): found "ééééééééé", ' +
    "allowed: a string of 1 to 16 bytes",
    'leave it out for the default, "\\n"',
  ],
  [
    'framing = { type = "length-prefix", width = 3 }',
    'route[0].framing.width (route "feed"): found 3, allowed: 1, 2, 4 or 8',
    "leave it out for the default, 4",
  ],
  [
    'framing = { type = "length-prefix", max_frame = "4B" }',
    'route[0].framing.max_frame (route "feed"): found "4B", ' +
    "allowed: more than the 4 B that every frame has besides its content",
    "spillway init config prints every key and what it means",
  ],
  [
    'framing = { type = "raw", max_frame = "1KiB" }',
    'route[0].framing.max_frame (route "feed"): found an unknown key, ' +
    "allowed here: type",
    "spillway init config prints every key and what it means",
  ],
  [
    "target.window = 0",
    range('route[0].target.window (route "feed")', "0", 1, 65_536),
    "leave it out for the default, 1024",
  ],
  [
    "target.window = 65537",
    range('route[0].target.window (route "feed")', "65537", 1, 65_536),
    "leave it out for the default, 1024",
  ],
  [
    "target.reply_attempts = 0",
    range('route[0].target.reply_attempts (route "feed")', "0", 1, 1000),
    "leave it out for the default, 3",
  ],
  [
    "target.reply_attempts = 1001",
    range('route[0].target.reply_attempts (route "feed")', "1001", 1, 1000),
    "leave it out for the default, 3",
  ],
  [
    "source.reply = 6",
    'route[0].source.reply (route "feed"): found 6, allowed: a string',
    'leave it out for the default, ""',
  ],
  [
    "target.reply_ok = true",
    'route[0].target.reply_ok (route "feed"): found true, allowed: a string',
    'leave it out for the default, ""',
  ],
  [
    'journal.when_full = "drop"',
    'route[0].journal.when_full (route "feed"): found "drop", allowed: "block", "drop-oldest", "drop-newest", ' +
    '"disconnect"',
    'leave it out for the default, "block"',
  ],
  [
    'target.connect = "server-b:0"',
    'route[0].target.connect (route "feed"): found "server-b:0", allowed: a host and a ' +
    'port from 1 to 65535, for example "server-b:9001"',
    "spillway init config prints every key and what it means",
  ],
  [
    'target.listen = ":9000"',
    'route[0].target.listen (route "feed"): found ":9000", allowed: an address of its own; ' +
    "route[0].source.listen has this one already",
    "choose another port, or another address of this host",
  ],
  [
    'name = "Feed"',
    'route[0].name: found "Feed", allowed: a name of a-z, 0-9, _ and - that begins with a letter or digit',
    "spillway init config prints every key and what it means",
  ],
];

function range(where: string, found: string, from: number, to: number): string {
  return `${where}: found ${found}, allowed: a whole number from ${from} to ${to}`;
}

for (const [line, problem, hint] of CASES) {
  Deno.test(`${line} is refused with what is allowed`, () => {
    const toml = routeWith(line);
    const at = toml.split("\n").indexOf(line) + 1;
    assertEquals(problemsOf(toml)[0], `spillway.toml:${at}: ${problem}${hint === undefined ? "" : ` [${hint}]`}`);
    assertEquals(problemsOf(toml).length, 1);
  });
}

for (const side of ["source", "target"]) {
  Deno.test(`${side}.tls is refused as coming later`, () => {
    const [problem, ...others] = problemsOf(routeWith(`${side}.tls = {}`));
    assertEquals(others, []);
    assertEquals(problem.includes("which comes with a later version; allowed now: nothing ["), true, problem);
  });
}

const ALWAYS = 'journal.mode = "always"';
const REPLY = 'target.confirm = "reply"';
const BELONGS =
  'while target.confirm is not "reply" [set target.confirm = "reply", to which it belongs, or leave it out]';

/** Lines that do not go together, the key that is named for it, what is allowed there and the hint. */
const CLASHES: readonly [readonly string[], string, string][] = [
  [
    ['source.reply = "ok"'],
    "source.reply",
    'nothing, unless journal.mode = "always" [set journal.mode = "always": only what is appended is safe]',
  ],
  [
    ['source.reply = "ok"', ALWAYS, 'journal.when_full = "drop-newest"'],
    "source.reply",
    'nothing with journal.when_full = "drop-newest" [use journal.when_full = "disconnect": a dropped frame has no ' +
    "answer, and later ones would be counted for it]",
  ],
  [
    ['source.reply = "ok"', ALWAYS, 'target.replies = "forward"', "source.max_connections = 1"],
    "source.reply",
    'nothing with target.replies = "forward" [a producer gets one answer to a frame: leave one of them out]',
  ],
  [
    ['source.reply = "ok"', ALWAYS, 'framing = "raw"'],
    "source.reply",
    "nothing with raw framing [without messages there is nothing to answer]",
  ],
  [
    [`source.reply = "${"é".repeat(512)}!"`, ALWAYS],
    "source.reply",
    "at most 1024 bytes; these are 1025 [a short acknowledgement is enough]",
  ],
  [
    [REPLY, 'framing = { type = "raw" }'],
    "target.confirm",
    '"written" or "acked" with raw framing [choose a framing that has messages, such as "line": without them there is ' +
    "nothing to answer]",
  ],
  [
    ['target.replies = "forward"', "source.max_connections = 2"],
    "target.replies",
    '"discard", unless source.max_connections = 1 [set source.max_connections = 1: with several producers nobody could ' +
    "tell whose answer it is]",
  ],
  [['target.reply_framing = "raw"'], "target.reply_framing", `the route's framing, ${BELONGS}`],
  [
    ['framing = "octet-count"', 'target.reply_framing = "line"'],
    "target.reply_framing",
    `the route's framing, ${BELONGS}`,
  ],
  [
    ['target.reply_framing = { type = "line", max_frame = "8MiB" }'],
    "target.reply_framing",
    `the route's framing, ${BELONGS}`,
  ],
  [['target.reply_timeout = "0s"'], "target.reply_timeout", `"30s", ${BELONGS}`],
  [['target.confirm = "written"', 'target.reply_ok = "^OK"'], "target.reply_ok", `"", ${BELONGS}`],
  [["target.reply_attempts = 1"], "target.reply_attempts", `3, ${BELONGS}`],
  [["target.window = 1"], "target.window", `1024, ${BELONGS}`],
  [[REPLY, 'target.reply_timeout = "0s"'], "target.reply_timeout", '1ms to 24d [leave it out for the default, "30s"]'],
  [
    [REPLY, 'target.reply_framing = { type = "line", max_frame = "8MiB" }'],
    "target.reply_framing.max_frame",
    'at most 4MiB, a quarter of memory.max_bytes [or set memory.max_bytes to "32MiB" or more]',
  ],
  [
    [REPLY, 'target.reply_framing = { type = "fixed", size = 524288 }', 'memory.max_bytes = "1MiB"'],
    "target.reply_framing.size",
    'at most 256KiB, a quarter of memory.max_bytes [or set memory.max_bytes to "2MiB" or more]',
  ],
  [
    [REPLY, 'target.reply_framing = { type = "length-prefix", max_frame = "4B" }'],
    "target.reply_framing.max_frame",
    "more than the 4 B that every frame has besides its content [spillway init config prints every key and what it means]",
  ],
  [['target.rate = "999B"'], "target.rate", '"0B", or 1KB or more [leave it out for the default, "0B"]'],
  [
    ['target.stall_timeout = "99ms"'],
    "target.stall_timeout",
    '"0s", or 100ms or more [leave it out for the default, "30s"]',
  ],
  [['target.stall_timeout = "25d"'], "target.stall_timeout", '0s to 24d [leave it out for the default, "30s"]'],
];

for (const [lines, key, allowed] of CLASHES) {
  Deno.test(`${lines.join(" with ").slice(0, 90)}: ${key} is refused with what is allowed and what to do`, () => {
    const [problem, ...others] = problemsOf(routeWith(...lines));
    assertEquals(others, []);
    const [where, text] = problem.split(/found .*?, allowed: /);
    assertEquals(where.replace(/^spillway.toml:\d+: /, ""), `route[0].${key} (route "feed"): `);
    assertEquals(text, allowed);
  });
}

Deno.test("everything that is wrong with the keys for replies is named in one run", () => {
  const problems = problemsOf(routeWith(
    'framing = "raw"',
    'source.reply = "ok"',
    'target.replies = "forward"',
    "target.window = 2",
    "target.reply_attempts = 2",
    'journal.when_full = "drop-newest"',
  ));
  assertEquals(problems.map((problem) => problem.split(" ")[1]), [
    "route[0].source.reply",
    "route[0].source.reply",
    "route[0].source.reply",
    "route[0].source.reply",
    "route[0].target.window",
    "route[0].target.reply_attempts",
  ]);
});

/** A key with a mistyped value, and one whose rule depends on what was meant by it. */
const FOLLOWERS: readonly (readonly [string, string])[] = [
  ['target.confirm = "replied"', "target.window = 5"],
  ['target.confirm = "replied"', 'target.reply_framing = "octet-count"'],
  ['journal.mode = "allways"', 'source.reply = "ok"'],
  ['source.max_connections = "1"', 'target.replies = "forward"'],
  ['source.connect = "9000"', 'target.replies = "forward"'],
  ['framing = "row"', 'target.replies = "forward"'],
  ['framing = "octet-cuont"', 'target.reply_framing = "octet-count"'],
];

for (const [mistyped, follower] of FOLLOWERS) {
  Deno.test(`${follower} is not held against a file whose fault is ${mistyped}`, () => {
    const [problem, ...others] = problemsOf(routeWith(mistyped, follower));
    assertEquals(others, []);
    assertEquals(problem.includes(`route[0].${mistyped.split(" ")[0]} (`), true, problem);
  });
}

for (const pattern of ["(OK", "(OK\\n"]) {
  Deno.test(`the reply_ok "${pattern}" is refused with what is wrong with it, in one line`, () => {
    const [problem, ...others] = problemsOf(routeWith(REPLY, `target.reply_ok = "${pattern}"`));
    assertEquals(others, []);
    const start = `spillway.toml:6: route[0].target.reply_ok (route "feed"): found "${pattern}", allowed: ` +
      "a JavaScript regular expression; this is none: ";
    assertEquals(problem.startsWith(start), true, problem);
    assertEquals(
      problem.slice(start.length),
      "Unterminated group " + // in V8's words: the tests run on Deno
        "[between single quotes, as in 'MSA\\|A[AC]', TOML leaves backslashes alone]",
    );
  });
}

Deno.test("[admin] is a table, with an address that no route has and a group", () => {
  const taken = routeWith('source.listen = ":1"') + '[admin]\nlisten = ":1"\ncontrol_group = "a b"\n';
  assertEquals(problemsOf(taken), [
    'spillway.toml:6: admin.listen: found ":1", allowed: an address of its own; route[0].source.listen has this one ' +
    "already [choose another port, or another address of this host]",
    'spillway.toml:7: admin.control_group: found "a b", allowed: the name or the number of a group ' +
    "[spillway init config prints every key and what it means]",
  ]);
  assertEquals(problemsOf(routeWith() + "[admin]\n"), []);
  assertEquals(problemsOf("admin = 9464\n" + routeWith()), [
    "spillway.toml:1: admin: found 9464, allowed: a table [its keys are listen, control_group]",
  ]);
});

Deno.test("five different mistakes in one file are all named, in the order of their lines", () => {
  const problems = problemsOf(`[[route]]
name = "feed"
framing = { type = "line", max_frame = "8MiB" }

[route.source]
lisen = ":9000"

[route.target]
connect = "server-b:9001"
connect_timeout = "3 seconds"
half_close = 1

[[route]]
name = "feed"
source.listen = ":9001"
source.connect = "server-a:9001"
target.connect = "server-b:9001"
`);
  assertEquals(problems.map((problem) => problem.split(" ").slice(0, 2).join(" ").replace(/:$/, "")), [
    "spillway.toml:3: route[0].framing.max_frame",
    "spillway.toml:6: route[0].source.lisen",
    "spillway.toml:10: route[0].target.connect_timeout",
    "spillway.toml:11: route[0].target.half_close",
    "spillway.toml:14: route[1].name",
    "spillway.toml:16: route[1].source.connect",
  ]);
});

Deno.test("a route with faults is compared with the others all the same", () => {
  const problems = problemsOf(`[[route]]
name = "a"
source.listen = "0.0.0.0:9000"
journal.dir = "data"
[[route]]
name = "b"
source.listen = "127.0.0.1:9000"
target.connect = "x:1"
journal.dir = "/etc/spillway/./data/"
`);
  assertEquals(problems, [
    'spillway.toml:1: route[0].target.listen (route "a"): found nothing, allowed: target.listen or target.connect with ' +
    "an address [spillway init config prints every key and what it means]",
    'spillway.toml:7: route[1].source.listen (route "b"): found "127.0.0.1:9000", allowed: an address of its own; ' +
    "route[0].source.listen has this one already [choose another port, or another address of this host]",
    'spillway.toml:9: route[1].journal.dir (route "b"): found "/etc/spillway/./data/", allowed: a directory of its own; ' +
    "route[0] has /etc/spillway/data too [leave journal.dir out: its default has the route's name in it]",
  ]);
});

const SPELLED_TWO_WAYS: readonly (readonly [string, string])[] = [
  ["[::1]:9000", "[0:0:0::0:1]:9000"],
  ["[0::0]:9000", "127.0.0.1:9000"],
  ["[FE80::1]:9000", "[fe80:0::1]:9000"],
  ["[::ffff:127.0.0.1]:9000", "127.0.0.1:9000"],
  ["localhost:9000", "LocalHost:9000"],
  ["unix:/run/a.sock", "unix:/run/../run//a.sock"],
];

for (const [one, other] of SPELLED_TWO_WAYS) {
  Deno.test(`${one} and ${other} are one address`, () => {
    const toml = routeWith(`source.listen = "${one}"`, `target.listen = "${other}"`);
    assertEquals(problemsOf(toml), [
      `spillway.toml:4: route[0].target.listen (route "feed"): found "${other}", allowed: an address of its own; ` +
      "route[0].source.listen has this one already [choose another port, or another address of this host]",
    ]);
  });
}

Deno.test("addresses that differ, or that the kernel chooses, do not clash", () => {
  const routes = ['"127.0.0.1:9000"', '"127.0.0.2:9000"', '"[::1]:9000"', '":0"', '":0"', '"unix:/a"', '"unix:/b"'];
  const toml = routes.map((address, i) =>
    `[[route]]\nname = "r${i}"\nsource.listen = ${address}\ntarget.connect = "b:1"\n`
  );
  assertEquals(problemsOf(toml.join("")), []);
});

for (
  const address of [
    "9000",
    "",
    "host:99999",
    "unix:relative",
    "::1:9000",
    "a b:1",
    "unix:/",
    "unix:/run/",
    "unix:/a\\u0000b",
    "a\\u0000b:1",
  ]
) {
  Deno.test(`the address "${address}" is refused`, () => {
    const [problem, ...others] = problemsOf(routeWith(`source.listen = "${address}"`));
    assertEquals(others, []);
    assertEquals(problem.startsWith('spillway.toml:4: route[0].source.listen (route "feed"): '), true, problem);
  });
}

Deno.test("a file without routes says where to get an example", () => {
  assertEquals(problemsOf(""), [
    "spillway.toml: route: found nothing, allowed: one or more [[route]] tables [spillway init config prints a complete example]",
  ]);
  assertEquals(problemsOf("[route]\n"), [
    "spillway.toml:1: route: found a table, allowed: one or more [[route]] tables " +
    "[a route begins with [[route]], in double brackets]",
  ]);
});

Deno.test("where a whole table is wrong, what it lacks is not held against it", () => {
  assertEquals(problemsOf("route = [ 1 ]\n"), [
    "spillway.toml:1: route[0]: found 1, allowed: a table [its keys are name, framing, source, target, memory, journal]",
  ]);
  assertEquals(problemsOf('[[route]]\nname = "a"\nsource = 1\ntarget.connect = "b:1"\n'), [
    'spillway.toml:3: route[0].source (route "a"): found 1, allowed: a table ' +
    "[its keys are listen, connect, max_connections, max_connections_per_ip, allow, idle_timeout, reply, tls]",
  ]);
});

Deno.test("a date is no table", () => {
  assertEquals(
    problemsOf(`${routeWith("memory = 1979-05-27", "framing = 1979-05-27")}log = 1979-05-27\nadmin = 07:32:00\n`),
    [
      'spillway.toml:5: route[0].memory (route "feed"): found the date 1979-05-27, allowed: a table ' +
      "[its keys are max_bytes]",
      'spillway.toml:6: route[0].framing (route "feed"): found the date 1979-05-27, allowed: "raw", "line", "octet-count" ' +
      'or a table { type = "…", … } [leave it out for the default, "line"]',
      'spillway.toml:7: route[0].log (route "feed"): found an unknown key, allowed here: name, framing, source, target, ' +
      "memory, journal [log belongs outside of [[route]], as [log]]",
      'spillway.toml:8: route[0].admin (route "feed"): found an unknown key, allowed here: name, framing, source, target, ' +
      "memory, journal [admin belongs outside of [[route]], as [admin]]",
    ],
  );
  assertEquals(problemsOf(`log = 1979-05-27\nadmin = 07:32:00\n${routeWith()}`), [
    "spillway.toml:1: log: found the date 1979-05-27, allowed: a table [its keys are level, format]",
    "spillway.toml:2: admin: found the date 07:32:00.000, allowed: a table [its keys are listen, control_group]",
  ]);
});

Deno.test("a path with a zero byte is refused", () => {
  assertEquals(problemsOf(routeWith('journal.dir = "a\\u0000b"')), [
    'spillway.toml:5: route[0].journal.dir (route "feed"): found "a\\u0000b", allowed: a path ' +
    "[spillway init config prints every key and what it means]",
  ]);
});

Deno.test("a key that stands twice is refused with what was probably meant", () => {
  assertEquals(problemsOf(`${routeWith()}name = "b"\n`), [
    "spillway.toml:5:1: not valid TOML: trying to redefine an already defined table or value " +
    "[each key stands once in its table; another [[route]] begins another route]",
  ]);
});

Deno.test("a file that is not TOML is refused with line and column", () => {
  assertEquals(problemsOf('[[route]]\nname = "feed"\nsource.listen = :9000\n'), [
    'spillway.toml:3:17: not valid TOML: invalid value [strings, sizes, durations and addresses stand in quotes: ":9000"]',
  ]);
});

Deno.test("whatever stands in a file, there are problems or routes, never a defect", () => {
  const values = [
    "1",
    "-0.5",
    '"x"',
    '""',
    "true",
    "[]",
    "[1]",
    "{}",
    "1979-05-27",
    "nan",
    "[{}]",
    "{ type = 1 }",
    "9007199254740991",
  ];
  const paths = ["route", "log", "admin", "x", "log.level", '"a b".c'];
  for (const path of paths) for (const value of values) problemsOf(`${path} = ${value}\n`);
  const keys = [
    "name",
    "framing",
    "source",
    "source.listen",
    "source.reply",
    "target",
    "target.reply_framing",
    "memory",
    "journal",
    "y",
  ];
  for (const key of keys) for (const value of values) problemsOf(routeWith(`${key} = ${value}`));
});

Deno.test("faults of flags are named by the flags", () => {
  const error = assertThrows(
    () => configFromFlags({ listen: "9000", to: "b:9001", mode: "allways", memory: "1KiB" }),
    ConfigError,
  );
  assertEquals(error.problems.map((problem) => problem.message), [
    '--listen: "9000" is not an address: it has no port',
    '--mode: found "allways", allowed: "overflow", "always"',
    '--memory: found "1KiB", allowed: at least "1MiB"',
  ]);
  assertEquals(error.exit, 2);
});
