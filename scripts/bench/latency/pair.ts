/**
 * A producer at a fixed rate and the consumer of its frames, as two threads of one
 * process, so that both have one monotonic clock. The first two seconds are not
 * counted: the programs between are still being compiled then.
 *
 * As a program: `deno run -A pair.ts '{"source":…}'` with {@link PairOptions} as JSON;
 * the first line it prints says that the consumer listens, the second one is a
 * {@link Percentiles}. It ends when its standard input does.
 */
import type { Payload } from "../payloads.ts";
import type { Percentiles } from "./percentiles.ts";

export interface PairOptions {
  /** Where the producer connects, as soon as something listens there. */
  readonly source: number;
  /** Where the consumer listens. */
  readonly target: number;
  readonly payload: Payload;
  readonly framesPerSecond: number;
  readonly seconds: number;
}

export const SECONDS_NOT_COUNTED = 2;

if (import.meta.main) main();

function main(): void {
  const options: PairOptions = JSON.parse(Deno.args[0]);
  const { seconds, framesPerSecond } = options;
  const notCounted = SECONDS_NOT_COUNTED * framesPerSecond;
  const amount = { ...options, notCounted, frames: notCounted + seconds * framesPerSecond };
  const [receiver, sender] = [start("receiver.ts"), start("sender.ts")];
  receiver.onmessage = ({ data }: MessageEvent<"listening" | Percentiles>) => {
    if (data === "listening") {
      console.log(JSON.stringify({ listening: options.target }));
      sender.postMessage(amount);
    } else {
      console.log(JSON.stringify(data));
    }
  };
  receiver.postMessage(amount);
  Deno.stdin.read(new Uint8Array(1)).then(() => Deno.exit(0));
}

function start(file: string): Worker {
  const worker = new Worker(new URL(file, import.meta.url), { type: "module" });
  worker.onerror = ({ message }) => {
    console.error(`${file}: ${message}`);
    Deno.exit(1);
  };
  return worker;
}
