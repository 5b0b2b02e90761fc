/** Lines of keys, in all the ways TOML has to write them. */
import { assertEquals } from "../support/assert.ts";
import { lineOf, locateKeys } from "../../src/config/locate.ts";
import type { KeyPath } from "../../src/config/problem.ts";

const TOML = `# comment with [table] and "quotes
title = "a # b"
dotted . "quoted.key" = 1
[[route]]
name = 'one'
[route.source]
listen = """
two
lines""" # x
list = [ 1, # ]
  { a = 2,
    b = 3 },
]
[[route]]
[route.target]
inline = { x.y = "}", z = [ [ 1 ], [ 2 ] ] }
"a\\"b" = '''
'''''
last = true
[route.journal]
`;

const CASES: readonly [KeyPath, number | undefined][] = [
  [["title"], 2],
  [["dotted", "quoted.key"], 3],
  [["route"], 4],
  [["route", 0], 4],
  [["route", 0, "name"], 5],
  [["route", 0, "source"], 6],
  [["route", 0, "source", "listen"], 7],
  [["route", 0, "source", "list"], 10],
  [["route", 0, "source", "list", 1], 11],
  [["route", 0, "source", "list", 1, "b"], 12],
  [["route", 1], 14],
  [["route", 1, "target", "inline", "x", "y"], 16],
  [["route", 1, "target", "inline", "z"], 16],
  [["route", 1, "target", 'a"b'], 17],
  [["route", 1, "target", "last"], 19],
  [["route", 1, "journal"], 20],
];

for (const [path, line] of CASES) {
  Deno.test(`the key ${path.join(" / ")} is found on line ${line}`, () => {
    assertEquals(lineOf(locateKeys(TOML), path), line);
  });
}

Deno.test("a key that is not there is placed at the table around it", () => {
  const lines = locateKeys(TOML);
  assertEquals(lineOf(lines, ["route", 0, "source", "absent", "deeper"]), 6);
  assertEquals(lineOf(lines, ["absent"]), undefined);
});

Deno.test("a long string may end in quotes of its own", () => {
  const lines = locateKeys("a = [ '''x''''', \"\"\"y\"\"\"\",\n  { b = 1 } ]\n");
  assertEquals(lineOf(lines, ["a", 2, "b"]), 2);
  assertEquals(lines.has("a[2].b"), true);
});

Deno.test("lines end as they end on Windows, too", () => {
  assertEquals(lineOf(locateKeys("a = 1\r\n\r\nb = 2\r\n"), ["b"]), 3);
});

Deno.test("text that is not TOML comes to an end", () => {
  for (
    const text of ["[", "[[", "a", "a =", "a = [", "a = {", "a = [}", "a = {]", '"', "'''", "= =", "a.b..c = 1", "]}"]
  ) {
    locateKeys(text);
    locateKeys(`[[route]]\n${text}\nname = 1`);
  }
});
