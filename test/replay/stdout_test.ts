/** Standard output as a target: what is taken is confirmed, and neither a reader that went away nor one that sleeps holds it up. */
import { SystemError } from "../../src/base/error.ts";
import { onlyStdout, StdoutConnection } from "../../src/replay/stdout_connection.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const BYTES = Uint8Array.of(1, 2, 3);

Deno.test("what standard output has taken is confirmed, and our end of stream ends the reading", async () => {
  const written: (string | Uint8Array)[] = [];
  const connection = new StdoutConnection({ write: (bytes) => Promise.resolve(void written.push(bytes)) });
  assertEquals(await connection.write(BYTES), 3);
  assertEquals(written, [BYTES]);
  assertEquals(connection.unacknowledgedBytes(), undefined);
  const read = connection.read();
  await connection.closeWrite();
  assertEquals(await read, null);
});

Deno.test("a write to a pipe that is not read ends when the connection is closed", async () => {
  const connection = new StdoutConnection({ write: () => new Promise(() => {}) });
  const writing = connection.write(BYTES);
  const reading = connection.read();
  connection.close();
  await assertRejects(() => writing, SystemError, "EBADF");
  await assertRejects(() => reading, SystemError, "EBADF");
});

Deno.test("there is one connection, and a second one is refused with the error that ended the first", async () => {
  const gone = new SystemError("EPIPE", "write", "standard output");
  const connections = onlyStdout({ write: () => Promise.reject(gone) });
  const first = await connections.next(() => {});
  await assertRejects(() => first!.write(BYTES), SystemError);
  assertEquals(await assertRejects(() => connections.next(() => {}), SystemError), gone);
});
