/**
 * A sink for files that are sent one connection each, or all in one: counts
 * only the time from each connection's first byte to its last, so that the start
 * of a sender for each file is not counted against it.
 *
 * As a program: `deno run -A files_sink.ts '{"port":…,"bytes":…}'`; the first line it
 * prints says that it listens, the second one how long the bytes took, in ms. It
 * ends when its standard input does.
 */

const BUFFER_BYTES = 1 << 18;

const { port, bytes }: { readonly port: number; readonly bytes: number } = JSON.parse(Deno.args[0]);
Deno.stdin.read(new Uint8Array(1)).then(() => Deno.exit(0));
const listener = Deno.listen({ hostname: "127.0.0.1", port });
console.log(JSON.stringify({ listening: port }));
const buffer = new Uint8Array(BUFFER_BYTES);
let received = 0;
let busyMs = 0;
while (received < bytes) {
  const connection = await listener.accept();
  let firstMs: number | undefined;
  let lastMs = 0;
  for (let count: number | null; (count = await connection.read(buffer)) !== null;) {
    lastMs = performance.now();
    firstMs ??= lastMs;
    received += count;
  }
  // The sender ends its side when it has sent everything, and may wait for this: then everything was read.
  connection.close();
  if (firstMs !== undefined) busyMs += lastMs - firstMs;
}
console.log(JSON.stringify({ busyMs, received }));
