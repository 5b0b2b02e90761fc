/** The demo proves that nothing is missing on machines that keep more unread than Linux does by default, too. */
import { configFor, unreadBytesMax } from "../../../../src/cli/commands/demo/config.ts";
import { read } from "../../../config/parse.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

const MIB = 1024 * 1024;

Deno.test("the kernel's own limit counts, and Linux's default where it does not say", () => {
  assertEquals(unreadBytesMax("4096\t131072\t33554432\n"), 32 * MIB);
  assertEquals(unreadBytesMax(""), 6 * MIB);
});

for (const unread of [6 * MIB, 32 * MIB, 200 * MIB]) {
  Deno.test(`with ${unread / MIB} MiB unread in a consumer that dies, all of it is sent again`, () => {
    const [{ memoryMaxBytes }] = read(configFor("/tmp/demo", "127.0.0.1:9001", unread)).routes;
    assert(memoryMaxBytes / 2 > unread);
  });
}
