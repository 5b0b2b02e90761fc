/** Which requests are meant for this server: addresses, localhost and its own names, and no others. */
import { isHostAllowed } from "../../../src/admin/http/host.ts";
import { assertEquals } from "../../support/assert.ts";

const OWN = ["relay-a", "relay-a.example.com"];

const HOSTS: readonly [string | undefined, boolean][] = [
  [undefined, true],
  ["127.0.0.1:9464", true],
  ["192.0.2.7", true],
  ["[::1]:9464", true],
  ["[2001:db8::1]", true],
  ["localhost:9464", true],
  ["LOCALHOST", true],
  ["spillway.localhost:9464", true],
  ["relay-a:9464", true],
  ["Relay-A.example.com.", true],
  ["", false],
  ["evil.example", false],
  ["evil.example:9464", false],
  ["relay-a.evil.example:9464", false],
  ["localhost.evil.example", false],
  ["127.0.0.1.evil.example:9464", false],
  ["127.0.0.1:9464:1", false],
];

Deno.test("a request is for this server if it names an address, localhost, or a name of its own", () => {
  assertEquals(HOSTS.map(([host]) => [host, isHostAllowed(host, OWN)]), HOSTS.map((each) => [...each]));
});
