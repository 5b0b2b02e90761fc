/**
 * The sink: takes what comes on a port, and says when the first and the last of
 * `bytes` came, in ms since 1970. It does not inspect the bytes.
 *
 * As a program: `deno run -A sink.ts PORT BYTES`; the first line it prints says
 * that it listens.
 */

const BUFFER_BYTES = 1 << 18;

const [port, total] = [Number(Deno.args[0]), Number(Deno.args[1])];
const listener = Deno.listen({ hostname: "127.0.0.1", port });
console.log(JSON.stringify({ listening: port }));
const buffer = new Uint8Array(BUFFER_BYTES);
let received = 0;
let firstMs = 0;
while (received < total) {
  const connection = await listener.accept();
  for (let count: number | null; received < total && (count = await connection.read(buffer)) !== null;) {
    if (received === 0) firstMs = performance.timeOrigin + performance.now();
    received += count;
  }
  if (received < total) {
    // A relay may connect to probe and then again; half a stream must not count as a whole one.
    console.error(`a connection ended after ${received} of ${total} bytes`);
    if (received > 0) Deno.exit(1);
  }
}
const lastMs = performance.timeOrigin + performance.now();
console.log(JSON.stringify({ firstMs, lastMs, received }));
Deno.exit(0);
