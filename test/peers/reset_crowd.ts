/**
 * Many producers that are reset all at once, each with as much as the kernels
 * take of what it sends.
 *
 * As a program: `deno run -A reset_crowd.ts '{"connect":…}'`. It connects all,
 * sends `first` frames on each and prints `{"sent":FRAMES}`; at SIGUSR2 it sends
 * `more` frames on each, prints how many bytes the kernels took once no more
 * are; at SIGTERM the kernel sends an RST on each connection, and it ends.
 */
import { connectTo, type PeerAddress } from "./address.ts";
import { frameFormat, type FrameKind } from "./frames.ts";

export interface ResetCrowdOptions {
  readonly connect: PeerAddress;
  readonly frames: FrameKind;
  readonly size: number;
  /** Frames of each connection. */
  readonly first: number;
  readonly more: number;
}

/** Nothing was taken for this long, in ms. */
const STILL_MS = 1_000;

/** Frames [from, from + count) of producer `number`. */
function framesOf(kind: FrameKind, number: number, from: number, count: number): Uint8Array {
  const format = frameFormat(kind);
  const bytes = new Uint8Array(count * format.sizeMax);
  let end = 0;
  for (let i = 0; i < count; i++) end = format.write(bytes, end, number, from + i);
  return bytes.subarray(0, end);
}

/** Dissolves every connection of this process to that port: connect(2) to AF_UNSPEC makes the kernel send RST. */
function resetAll(port: number): number {
  const { symbols: libc } = Deno.dlopen("libc.so.6", {
    connect: { parameters: ["i32", "buffer", "i32"], result: "i32" },
    getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  });
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const address = new Uint8Array(16);
    if (libc.getpeername(Number(name), address, new Uint32Array([16])) !== 0) continue;
    if ((address[2] << 8 | address[3]) !== port) continue;
    if (libc.connect(Number(name), new Uint8Array(16), 16) === 0) count++;
  }
  return count;
}

if (import.meta.main) {
  const options: ResetCrowdOptions = JSON.parse(Deno.args[0]);
  const { connect, frames, size, first, more } = options;
  const connections: Deno.Conn[] = [];
  let taken = 0;
  const send = async (connection: Deno.Conn, bytes: Uint8Array) => {
    for (let from = 0; from < bytes.length;) {
      const count = await connection.write(bytes.subarray(from));
      from += count;
      taken += count;
    }
  };
  Deno.addSignalListener("SIGUSR2", async () => {
    taken = 0;
    connections.forEach((each, i) => send(each, framesOf(frames, i, first, more)).catch(() => {}));
    for (let last = -1; taken !== last;) {
      last = taken;
      await new Promise((resolve) => setTimeout(resolve, STILL_MS));
    }
    console.log(JSON.stringify({ taken }));
  });
  Deno.addSignalListener("SIGTERM", () => {
    console.log(JSON.stringify({ reset: resetAll("port" in connect ? connect.port : 0) }));
    Deno.exit(0);
  });
  for (let i = 0; i < size; i++) connections.push(await connectTo(connect));
  await Promise.all(connections.map((each, i) => send(each, framesOf(frames, i, 0, first))));
  console.log(JSON.stringify({ sent: size * first }));
  setInterval(() => {}, 60_000); // a program that waits for signals alone ends
}
