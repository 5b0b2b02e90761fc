/** Passes Bun's socket callbacks to the connection that each socket carries. One set serves all, so none is allocated per socket. */
import type { BunSocket, SocketHandlers } from "./api.ts";

/** Receives the events of a socket. */
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

/** For a socket that has its owner already, when Bun gets it back. */
export const reattachedHandlers: SocketHandlers<SocketOwner> = {
  ...connectionHandlers,
  open: (socket) => socket.data.attached(socket),
};

const NO_OWNER: SocketOwner = { attached() {}, received() {}, drained() {}, ended() {}, gone() {} };

/** Closes Bun's socket while another descriptor of it is open: nothing is sent to the peer, and no event follows. */
export function letGo(socket: BunSocket<SocketOwner>): void {
  socket.data = NO_OWNER;
  socket.end();
}
