/** Addresses as users write them: what is read, what is refused and why, how they are shown. */
import { SpillwayError } from "../../src/base/error.ts";
import { formatAddress, parseAddress } from "../../src/runtime/address.ts";
import type { Address } from "../../src/runtime/net.ts";
import { assertEquals, assertMatch, assertThrows } from "../support/assert.ts";

const PRINTED: [string, Address][] = [
  ["127.0.0.1:9000", { kind: "tcp", host: "127.0.0.1", port: 9000 }],
  ["server-b.example:65535", { kind: "tcp", host: "server-b.example", port: 65535 }],
  [":0", { kind: "tcp", host: "", port: 0 }],
  ["[::1]:80", { kind: "tcp", host: "::1", port: 80 }],
  ["[::]:80", { kind: "tcp", host: "::", port: 80 }],
  ["[fe80::1%eth0]:80", { kind: "tcp", host: "fe80::1%eth0", port: 80 }],
  ["unix:/run/spillway.sock", { kind: "unix", path: "/run/spillway.sock" }],
];

Deno.test("every form of address is read, and printed as it was written", () => {
  for (const [text, address] of PRINTED) {
    assertEquals(parseAddress(text), address);
    assertEquals(formatAddress(address), text);
  }
});

Deno.test("an IPv4 address that is mapped into IPv6 is printed as IPv4", () => {
  assertEquals(formatAddress({ kind: "tcp", host: "::ffff:192.0.2.7", port: 9000 }), "192.0.2.7:9000");
  assertEquals(formatAddress({ kind: "tcp", host: "::FFFF:192.0.2.7", port: 9000 }), "192.0.2.7:9000");
});

Deno.test("what is no address is refused with what was found, why, and the forms allowed", () => {
  const refused: [string, RegExp][] = [
    ["", /it has no port/],
    ["localhost", /it has no port/],
    ["9000", /it has no port/],
    ["[::1]", /it has no port/],
    ["host:", /the port "" is not a number from 0 to 65535/],
    ["host:http", /the port "http"/],
    ["host:65536", /the port "65536"/],
    ["host:-1", /the port "-1"/],
    ["host:1e3", /the port "1e3"/],
    ["::1:9000", /an IPv6 address stands in brackets/],
    ["[]:9000", /"" is not an IPv6 address/],
    ["[localhost]:9000", /"localhost" is not an IPv6 address/],
    ["a host:9000", /"a host" is not a host name/],
    ["http://host:80", /the host stands there without http:\/\//],
    ["unix:relative.sock", /must be absolute/],
    ["unix:", /must be absolute/],
    ["unix:/", /names a directory/],
    ["unix:/run/", /names a directory/],
    ["unix:/a\0b", /zero byte/],
    ["a\0b:9000", /is not a host name/],
    [`unix:/${"é".repeat(54)}`, /at most 107 bytes, this one 109/],
  ];
  for (const [text, why] of refused) {
    const error = assertThrows(() => parseAddress(text), SpillwayError);
    assertMatch(error.message, why);
    assertEquals(error.message.startsWith(`${JSON.stringify(text)} is not an address: `), true, error.message);
    assertMatch(error.hint!, /host:port, \[v6\]:port, :port or unix:\/path\.sock/);
    assertEquals(error.exit, 2);
  }
});
