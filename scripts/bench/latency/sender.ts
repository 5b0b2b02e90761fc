/**
 * The thread that sends one frame at a time, at a fixed rate: it sleeps until a frame is
 * due, stamps it with the time and sends it. When it wakes late, what is due
 * follows at once, each frame with its own time.
 */
import { BlockingSocket, nowNs, sleepUntilNs, wakeInTime } from "./libc.ts";
import type { PairOptions } from "./pair.ts";
import { StampedFrame } from "./stamped_frame.ts";

const DIAL_EVERY_NS = 10e6;

// @ts-ignore: the type of a worker's global scope is not among the libraries of this project
self.onmessage = ({ data }: MessageEvent<PairOptions & { frames: number }>) => send(data);

function send({ source, payload, framesPerSecond, frames }: PairOptions & { frames: number }): void {
  wakeInTime();
  const frame = new StampedFrame(payload);
  const socket = dial(source);
  const began = nowNs();
  for (let i = 0; i < frames; i++) {
    const due = began + Math.floor(i * 1e9 / framesPerSecond);
    if (nowNs() < due) sleepUntilNs(due);
    frame.stamp(nowNs());
    socket.send(frame.bytes);
  }
}

/** Until the relay listens. */
function dial(port: number): BlockingSocket {
  while (true) {
    const socket = BlockingSocket.connect(port);
    if (socket !== undefined) return socket;
    sleepUntilNs(nowNs() + DIAL_EVERY_NS);
  }
}
