/** Leads Bun's socket callbacks to the connection that each socket carries; one set for all, so none is allocated per socket. */
import type { BunSocket, SocketHandlers } from "./api.ts";

/** Who is told what happens to a socket. */
export interface SocketOwner {
  /** Bun's `open`, where a socket goes back to Bun. */
  attached(socket: BunSocket<SocketOwner>): void;
  /** Bun's `data`. */
  received(chunk: Uint8Array): void;
  /** Bun's `drain`. */
  drained(): void;
  /** Bun's `end`. */
  ended(): void;
  /** Bun's `close`. */
  gone(error: Error | undefined): void;
}

/** All but `open`, which differs between accepted and connected sockets and sets `socket.data`. */
export const connectionHandlers: Omit<SocketHandlers<SocketOwner>, "open"> = {
  binaryType: "uint8array",
  data: (socket, chunk) => socket.data.received(chunk),
  drain: (socket) => socket.data.drained(),
  end: (socket) => socket.data.ended(),
  close: (socket, error) => socket.data.gone(error),
  error: (socket, error) => socket.data.gone(error),
};

/** For a socket that has its owner already. */
export const reattachedHandlers: SocketHandlers<SocketOwner> = {
  ...connectionHandlers,
  open: (socket) => socket.data.attached(socket),
};

const NOBODY: SocketOwner = { attached() {}, received() {}, drained() {}, ended() {}, gone() {} };

/** Closes Bun's socket, of which another descriptor is open: nothing is sent to the peer, and nobody hears of it. */
export function letGo(socket: BunSocket<SocketOwner>): void {
  socket.data = NOBODY;
  socket.end();
}
