/**
 * The consumer of the story, in the relay's place: one thread, reads a few
 * hundred bytes at a time and does its work between reads. While it works
 * the socket is not read, so the kernel's window closes again and again.
 *
 * As a program: `deno run -A naive_consumer.ts '{"listen":…,"lines":…,"workMicros":100}'`.
 */
import { listenOn, type PeerAddress } from "./address.ts";

export interface NaiveOptions {
  readonly listen: PeerAddress;
  /** Ends after this number of lines. */
  readonly lines: number;
  /** Busy time for each line. */
  readonly workMicros: number;
}

const READ_BYTES = 400;
const NEWLINE = 10;

function work(micros: number): void {
  const end = performance.now() + micros / 1000;
  while (performance.now() < end);
}

const options: NaiveOptions = JSON.parse(Deno.args[0]);
const listener = listenOn(options.listen);
console.log(JSON.stringify({ ready: true }));
const connection = await listener.accept();
const begin = performance.now();
const buffer = new Uint8Array(READ_BYTES);
let lines = 0;
while (lines < options.lines) {
  const count = await connection.read(buffer);
  if (count === null) break;
  for (let i = buffer.indexOf(NEWLINE); i >= 0 && i < count; i = buffer.indexOf(NEWLINE, i + 1)) {
    lines++;
    work(options.workMicros);
  }
}
console.log(JSON.stringify({ lines, seconds: (performance.now() - begin) / 1000 }));
Deno.exit(0);
