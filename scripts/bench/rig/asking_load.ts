/**
 * Producers that wait: each sends one frame, waits until it is answered, and sends the
 * next one. The first second is not counted: the relay is still being compiled then.
 *
 * As a program: `deno run -A asking_load.ts '{"port":…}'` with {@link AskingOptions} as
 * JSON; prints an {@link AskingReport} when the time is over. It ends when its
 * standard input does.
 */
import { type Payload, prepareFrames } from "../payloads.ts";

export interface AskingOptions {
  readonly port: number;
  readonly payload: Payload;
  readonly connections: number;
  /** How long answers are counted. */
  readonly seconds: number;
  /** The length of one answer. */
  readonly replyBytes: number;
}

export interface AskingReport {
  readonly answered: number;
  /** The longest time from a frame to its answer. */
  readonly longestWaitMs: number;
}

export const SECONDS_NOT_COUNTED = 1;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const options: AskingOptions = JSON.parse(Deno.args[0]);
  const { port, connections, seconds, replyBytes } = options;
  const { buffer, ends } = prepareFrames(options.payload);
  const count = { answered: 0, longestWaitMs: 0 };
  const fromMs = performance.now() + SECONDS_NOT_COUNTED * 1000;
  const untilMs = fromMs + seconds * 1000;

  const ask = async (connection: Deno.Conn): Promise<void> => {
    const reply = new Uint8Array(replyBytes);
    for (let i = 0; performance.now() < untilMs; i = (i + 1) % ends.length) {
      const askedMs = performance.now();
      const frame = buffer.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
      for (let sent = 0; sent < frame.length;) sent += await connection.write(frame.subarray(sent));
      for (let got = 0; got < replyBytes;) {
        const more = await connection.read(reply.subarray(got));
        if (more === null) throw new Error("the relay closed a connection");
        got += more;
      }
      const nowMs = performance.now();
      if (askedMs < fromMs || nowMs > untilMs) continue;
      count.answered++;
      count.longestWaitMs = Math.max(count.longestWaitMs, nowMs - askedMs);
    }
  };

  const dialled = await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connection.setNoDelay(true);
      return connection;
    }),
  );
  await Promise.all(dialled.map(ask));
  console.log(JSON.stringify(count satisfies AskingReport));
  await Deno.stdin.read(new Uint8Array(1));
}
