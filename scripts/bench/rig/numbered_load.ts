/**
 * The load generator of numbered lines: all are made first, then written as
 * fast as they are taken. It keeps the connection open until its standard input
 * ends, so that the measured process can still be inspected.
 *
 * As a program: `deno run -A numbered_load.ts '{"port":…,"lines":…}'`; prints when it began
 * to write and when the last byte was accepted, in ms since 1970.
 */
import { numberedLines } from "./numbered_lines.ts";

const WRITE_BYTES = 1 << 20;

const options: { readonly port: number; readonly lines: number } = JSON.parse(Deno.args[0]);
const lines = numberedLines(options.lines);
const connection = await Deno.connect({ hostname: "127.0.0.1", port: options.port });
const beganMs = performance.timeOrigin + performance.now();
for (let sent = 0; sent < lines.length;) {
  sent += await connection.write(lines.subarray(sent, sent + WRITE_BYTES));
}
const acceptedMs = performance.timeOrigin + performance.now();
console.log(JSON.stringify({ beganMs, acceptedMs }));
await Deno.stdin.read(new Uint8Array(1));
connection.close();
