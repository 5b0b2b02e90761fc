/** What is said of keys that have no effect where a route runs; nothing where they have, or ask for nothing. */
import { assertEquals } from "../support/assert.ts";
import { warningsOf } from "../../src/config/warnings.ts";
import { read, routeWith } from "./parse.ts";

const UNIX = 'target.connect = "unix:/run/b.sock"';
const ACKED_DARWIN =
  'target.confirm = "acked" means "written" on darwin: what the kernel took counts as delivered, and nothing is told of what was not read';
const STALL_UNIX = "target.stall_timeout has no effect on a unix socket: there is no link that could fall silent";
const STALL_DARWIN = "target.stall_timeout has no effect on darwin: a silent consumer is noticed by TCP alone";

/** Keys of a route, the platform it runs on, what is said. */
const CASES: readonly [readonly string[], string, readonly string[]][] = [
  [[], "linux", []],
  [['target.stall_timeout = "5s"'], "linux", []],
  [[UNIX], "linux", []],
  [[UNIX, 'target.confirm = "written"'], "linux", []],
  [[UNIX, 'target.confirm = "reply"', 'target.stall_timeout = "5s"'], "linux", [STALL_UNIX]],
  [[UNIX, 'target.confirm = "reply"', 'target.stall_timeout = "0s"'], "linux", []],
  [[], "darwin", [ACKED_DARWIN]],
  [['target.stall_timeout = "30s"'], "darwin", [ACKED_DARWIN]],
  [['target.stall_timeout = "0s"'], "darwin", [ACKED_DARWIN]],
  [['target.stall_timeout = "5s"'], "darwin", [ACKED_DARWIN, STALL_DARWIN]],
  [[UNIX, 'target.stall_timeout = "5s"'], "darwin", [ACKED_DARWIN, STALL_UNIX]],
  [['target.confirm = "reply"', 'journal.when_full = "drop-oldest"'], "linux", []],
  [['journal.retain_bytes = "1GiB"'], "linux", [
    'journal.retain_bytes has no effect while journal.retain is "0s": delivered segments are removed',
  ]],
  [['journal.retain_bytes = "1GiB"', 'journal.retain = "1d"'], "linux", []],
];

for (const [lines, platform, said] of CASES) {
  const [route] = read(routeWith(...lines)).routes;
  Deno.test(`${lines.join(", ") || "the smallest route"} on ${platform}: warnings: ${said.length}`, () => {
    assertEquals(warningsOf(route, platform), said);
  });
}
