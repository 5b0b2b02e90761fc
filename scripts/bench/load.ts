/**
 * The load generator: `bytes` of 512-byte lines to a port as fast as they are
 * taken, from one prepared buffer. Then it keeps the connection open until its
 * standard input ends or delivers anything, so that the measured process can still
 * be inspected.
 *
 * As a program: `deno run -A load.ts HOST PORT BYTES`; prints when it began and
 * when the last byte was accepted, in ms since 1970.
 */

const LINE_BYTES = 512;
const BUFFER_BYTES = 1 << 20;

const [hostname, port, total] = [Deno.args[0], Number(Deno.args[1]), Number(Deno.args[2])];
const buffer = new Uint8Array(BUFFER_BYTES).map((_, i) => i % LINE_BYTES === LINE_BYTES - 1 ? 10 : 97 + i % 26);
const connection = await Deno.connect({ hostname, port });
const beganMs = performance.timeOrigin + performance.now();
for (let sent = 0; sent < total;) {
  // Continues where the kernel stopped taking bytes, so that lines stay whole.
  const offset = sent % BUFFER_BYTES;
  sent += await connection.write(buffer.subarray(offset, Math.min(BUFFER_BYTES, offset + total - sent)));
}
const acceptedMs = performance.timeOrigin + performance.now();
console.log(JSON.stringify({ beganMs, acceptedMs }));
await Deno.stdin.read(new Uint8Array(1));
connection.close();
