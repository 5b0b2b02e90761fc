/** Names of sockets compare as text, however an address is written and whatever the kernel calls it. */
import { socketName, socketNameOf } from "../../src/runtime/socket_name.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("every way to write one address gives one socket name", () => {
  const loopback = socketName("::1", 9000);
  assertEquals(loopback, "00000000000000000000000000000001:9000");
  for (const text of ["0:0:0:0:0:0:0:1", "0000::0001", "::0.0.0.1", "::1%lo"]) {
    assertEquals(socketName(text, 9000), loopback, text);
  }
  assertEquals(socketName("192.0.2.7", 1), socketName("::ffff:192.0.2.7", 1));
  assertEquals(socketName("192.0.2.7", 1), socketName("::FFFF:c000:207", 1));
  assertEquals(socketName("2001:db8::", 1), "20010db8000000000000000000000000:1");
  assertEquals(socketName("::", 1), socketName("0:0:0:0:0:0:0:0", 1));
});

Deno.test("sockets that share a port but no address have different names", () => {
  assert(socketName("127.0.0.1", 9000) !== socketName("127.0.0.2", 9000));
  assert(socketName("127.0.0.1", 9000) !== socketName("127.0.0.1", 9001));
  assert(socketName("::1", 9000) !== socketName("127.0.0.1", 9000));
});

Deno.test("what is no literal address has no socket name", () => {
  for (const text of ["localhost", "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1::2::3", "1:2:3", "1:2:3:4:5:6:7:8:9"]) {
    assertEquals(socketName(text, 1), undefined, text);
  }
  assertEquals(socketName("12345::", 1), undefined);
});

Deno.test("a sockaddr of the kernel has the name of its text", () => {
  const v4 = new Uint8Array(32);
  v4.set([2, 0, 0x23, 0x28, 192, 0, 2, 7]);
  assertEquals(socketNameOf(v4), socketName("192.0.2.7", 9000));
  const v6 = new Uint8Array(32);
  v6.set([10, 0, 0x23, 0x28]);
  v6.set([0x20, 1, 0xd, 0xb8], 8);
  v6[23] = 1;
  assertEquals(socketNameOf(v6), socketName("2001:db8::1", 9000));
  assertEquals(socketNameOf(new Uint8Array(32).fill(1, 0, 1)), undefined); // AF_UNIX
});
