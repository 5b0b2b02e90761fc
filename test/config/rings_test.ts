/** Rings are found by whatever name or address of this machine a target has, and nothing else is one. */
import { findRings, namesToLookUp, ringText } from "../../src/config/rings.ts";
import { assertEquals } from "../support/assert.ts";
import { read } from "./parse.ts";

const HOSTS = {
  own: ["127.0.0.1", "::1", "192.0.2.2", "fd00::2"],
  addressesOf: (host: string) =>
    ({
      localhost: ["::1", "127.0.0.1"],
      "this-host": ["192.0.2.2"],
      "server-b": ["192.0.2.3"],
    } as Record<string, string[]>)[host] ?? [],
};

/** Each a route: its source, its target. */
function routesOf(routes: readonly (readonly [string, string])[]) {
  const text = routes.map(([source, target], i) => `[[route]]\nname = "${"abcdef"[i]}"\n${source}\n${target}\n`);
  return read(text.join("\n")).routes;
}

function ringsOf(routes: readonly (readonly [string, string])[]): string[] {
  return findRings(routesOf(routes), HOSTS).map((ring) => ring.map(({ name }) => name).join(""));
}

const listen = (address: string) => `source.listen = "${address}"`;
const connect = (address: string) => `target.connect = "${address}"`;

const ITSELF: readonly (readonly [string, string, boolean])[] = [
  [":9000", "localhost:9000", true],
  [":9000", "127.0.0.1:9000", true],
  [":9000", "127.1.2.3:9000", true],
  [":9000", "[::1]:9000", true],
  [":9000", "[::ffff:127.0.0.1]:9000", true],
  [":9000", "192.0.2.2:9000", true],
  [":9000", "[fd00::2]:9000", true],
  [":9000", "this-host:9000", true],
  [":9000", "0.0.0.0:9000", true],
  ["[::]:9000", "this-host:9000", true],
  ["0.0.0.0:9000", "this-host:9000", true],
  ["0.0.0.0:9000", "[::1]:9000", false],
  ["0.0.0.0:9000", "localhost:9000", true],
  ["[::1]:9000", "[0:0:0:0:0:0:0:1]:9000", true],
  ["[::1]:9000", "localhost:9000", true],
  ["192.0.2.2:9000", "this-host:9000", true],
  ["192.0.2.2:9000", "192.0.2.2:9000", true],
  ["192.0.2.2:9000", "127.0.0.1:9000", false],
  ["127.0.0.1:9000", "127.0.0.2:9000", false],
  [":9000", "server-b:9000", false],
  [":9000", "unknown:9000", false],
  [":9000", "localhost:9001", false],
  ["unix:/run/a.sock", "unix:/run/a.sock", true],
  ["unix:/run/a.sock", "unix:/run/../run/a.sock", true],
  ["unix:/run/a.sock", "unix:/run/b.sock", false],
];

for (const [source, target, isRing] of ITSELF) {
  Deno.test(`a route from ${source} to ${target} is ${isRing ? "a" : "no"} ring`, () => {
    assertEquals(ringsOf([[listen(source), connect(target)]]), isRing ? ["a"] : []);
  });
}

Deno.test("rings of several routes are found, each once, and chains are none", () => {
  assertEquals(
    ringsOf([[listen(":9000"), connect("localhost:9001")], [listen(":9001"), connect("127.0.0.1:9000")]]),
    ["ab"],
  );
  assertEquals(
    ringsOf([
      [listen(":9000"), connect("[::1]:9001")],
      [listen(":9001"), connect("this-host:9002")],
      [listen(":9002"), connect("localhost:9001")],
      [listen(":9003"), connect("localhost:9003")],
    ]),
    ["bc", "d"],
  );
  assertEquals(
    ringsOf([[listen(":9000"), connect("localhost:9001")], [listen(":9001"), connect("server-b:9000")]]),
    [],
  );
});

Deno.test("a target that listens feeds the source that dials it", () => {
  assertEquals(
    ringsOf([
      [listen(":9000"), 'target.listen = "127.0.0.1:9001"'],
      ['source.connect = "localhost:9001"', connect("localhost:9000")],
    ]),
    ["ab"],
  );
});

Deno.test("a ring is named in the order in which frames pass it", () => {
  const routes = routesOf([
    [listen(":9000"), connect("localhost:9002")],
    [listen(":9001"), connect("localhost:9000")],
    [listen(":9002"), connect("localhost:9001")],
  ]);
  assertEquals(
    findRings(routes, HOSTS).map(ringText),
    ["routes feed each other in a ring: a to c to b to a: what they deliver comes in again, without end"],
  );
});

Deno.test("only names that could be part of a ring are looked up", () => {
  const routes = routesOf([
    [listen("this-host:9000"), connect("server-b:9001")],
    [listen(":9002"), connect("localhost:9000")],
    [listen(":9003"), connect("127.0.0.1:9003")],
  ]);
  assertEquals(namesToLookUp(routes), ["this-host", "localhost"]);
});
