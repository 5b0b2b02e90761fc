/**
 * A producer that is itself the slow one: it works for each frame before it
 * sends it, so nothing ever waits on the way.
 *
 * As a program: `deno run -A busy_producer.ts '{"connect":…,"frames":…,"workMicros":1000}'`.
 */
import { connectEventually, type PeerAddress } from "./address.ts";
import { frameFormat, type FrameKind } from "./frames.ts";

export interface BusyProducerOptions {
  readonly connect: PeerAddress;
  readonly frames: FrameKind;
  /** Busy time for each frame. */
  readonly workMicros: number;
}

const options: BusyProducerOptions = JSON.parse(Deno.args[0]);
const connection = await connectEventually(options.connect, new AbortController().signal);
const format = frameFormat(options.frames);
const frame = new Uint8Array(format.sizeMax);
for (let sequence = 0;; sequence++) {
  const end = performance.now() + options.workMicros / 1000;
  while (performance.now() < end);
  const length = format.write(frame, 0, 0, sequence);
  for (let sent = 0; sent < length;) sent += await connection.write(frame.subarray(sent, length));
}
