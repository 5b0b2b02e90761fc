/** Which peers a list of networks admits, and what is no network. */
import { Networks } from "../../src/runtime/networks.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const OFFICE = new Networks(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "fe80::/10"]);

const PEERS: readonly [string, boolean][] = [
  ["10.1.2.3:5000", true],
  ["10.255.255.255:1", true],
  ["11.0.0.0:5000", false],
  ["192.0.2.7:80", true],
  ["192.0.2.8:80", false],
  // As a socket of both families shows a peer of IPv4.
  ["[::ffff:10.1.2.3]:5000", true],
  ["[::ffff:a01:203]:5000", true],
  ["[::ffff:11.0.0.1]:5000", false],
  ["[fd12:3456::1]:5000", true],
  ["[fe80::1%eth0]:5000", true],
  ["[2001:db8::1]:5000", false],
  ["unix:/run/10.0.0.1", false],
];

Deno.test("a list of networks admits the peers in them and no others, an empty one all", () => {
  assertEquals(PEERS.map(([peer]) => [peer, OFFICE.admits(peer)]), PEERS.map((each) => [...each]));
  const all = new Networks([]);
  assertEquals(PEERS.filter(([peer]) => !all.admits(peer)), []);
  const ofIPv4 = new Networks(["0.0.0.0/0"]);
  assertEquals(["1.2.3.4:5", "[::ffff:1.2.3.4]:5", "[::1]:5"].map((peer) => ofIPv4.admits(peer)), [true, true, false]);
});

for (
  const text of [
    "",
    "office",
    "10.0.0.0/33",
    "::1/129",
    "10.0.0/8",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "1.2.3.4:5",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is no network`, () => {
    assertThrows(() => new Networks([text]), Error, `${JSON.stringify(text)} is not a network`);
  });
}
