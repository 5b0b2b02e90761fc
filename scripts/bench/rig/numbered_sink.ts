/**
 * The consumer of numbered lines: takes what comes on a port, over as many
 * connections as the relay makes, until it has had each line once or its time
 * is up.
 *
 * As a program: `deno run -A numbered_sink.ts '{"port":…,"lines":…,"windowMs":…}'`; the
 * first line it prints says that it listens, the second is a {@link Received}. It
 * ends when its standard input does.
 */
import { LINE_BYTES, numberAt } from "./numbered_lines.ts";

/** Times are in ms since 1970. */
export interface Received {
  readonly listeningMs: number;
  /** First and last line that was not a repeat; 0 if there was none. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Different lines. */
  readonly lines: number;
  readonly repeats: number;
  /** Lines that, repeats left aside, were not the one after the highest before. */
  readonly outOfOrder: number;
}

const BUFFER_BYTES = 512 * LINE_BYTES;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const { port, lines: count, windowMs }: { port: number; lines: number; windowMs: number } = JSON.parse(Deno.args[0]);
  Deno.stdin.read(new Uint8Array(1)).then(() => Deno.exit(0));
  const had = new Uint8Array(count);
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const received = { listeningMs: now(), firstMs: 0, lastMs: 0, lines: 0, repeats: 0, outOfOrder: 0 };
  let highest = -1;

  const finish = (): never => {
    console.log(JSON.stringify(received satisfies Received));
    Deno.exit(0);
  };
  const take = (number: number): void => {
    if (had[number] === 1) {
      received.repeats++;
      return;
    }
    had[number] = 1;
    received.lines++;
    if (number !== highest + 1) received.outOfOrder++;
    highest = Math.max(highest, number);
  };
  const serve = async (connection: Deno.Conn): Promise<void> => {
    const buffer = new Uint8Array(BUFFER_BYTES);
    let held = 0;
    for (let got: number | null; (got = await connection.read(buffer.subarray(held))) !== null;) {
      const before = received.lines;
      const end = held + got;
      let at = 0;
      for (; end - at >= LINE_BYTES; at += LINE_BYTES) take(numberAt(buffer, at));
      buffer.copyWithin(0, at, end);
      held = end - at;
      if (received.lines === before) continue;
      received.lastMs = now();
      if (before === 0) received.firstMs = received.lastMs;
      if (received.lines === count) finish();
    }
  };

  console.log(JSON.stringify({ listening: port }));
  setTimeout(finish, windowMs);
  for await (const connection of listener) {
    serve(connection).catch((error) => {
      // After a reset the relay may connect again; a line that was never sent is a failure.
      if (error instanceof Deno.errors.ConnectionReset) return;
      console.error(error);
      Deno.exit(1);
    });
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
