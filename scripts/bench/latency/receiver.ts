/** The thread that receives the frames, and sets the time at which each came beside its stamp. */
import { BlockingSocket, nowNs } from "./libc.ts";
import type { PairOptions } from "./pair.ts";
import { percentiles } from "./percentiles.ts";
import { StampedFrame } from "./stamped_frame.ts";

const BUFFER_BYTES = 4 << 20;

// @ts-ignore: the type of a worker's global scope is not among the libraries of this project
const thread = self as unknown as Worker;

thread.onmessage = ({ data }: MessageEvent<PairOptions & { frames: number; notCounted: number }>) => {
  const listener = BlockingSocket.listen(data.target);
  thread.postMessage("listening");
  thread.postMessage(percentiles(receive(listener.accept(), data)));
};

/** The latencies in ns of all frames but the first ones. */
function receive(
  socket: BlockingSocket,
  { payload, frames, notCounted }: PairOptions & { frames: number; notCounted: number },
): Float64Array {
  const frame = new StampedFrame(payload);
  const size = frame.bytes.length;
  const buffer = new Uint8Array(BUFFER_BYTES);
  const latencies = new Float64Array(frames - notCounted);
  let held = 0;
  for (let number = 0; number < frames;) {
    const count = socket.receive(buffer.subarray(held));
    if (count === 0) throw new Error(`the connection ended after ${number} of ${frames} frames`);
    const now = nowNs();
    const end = held + count;
    let at = 0;
    for (; end - at >= size; at += size, number++) {
      if (number >= notCounted) latencies[number - notCounted] = now - frame.stampAt(buffer, at);
    }
    buffer.copyWithin(0, at, end);
    held = end - at;
  }
  return latencies;
}
