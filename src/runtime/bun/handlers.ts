/** Leads Bun's socket callbacks to the connection that each socket carries; one set for all, so none is allocated per socket. */
import type { SocketHandlers } from "./api.ts";
import type { BunConnection } from "./connection.ts";

/** All but `open`, which differs between accepted and connected sockets and sets `socket.data`. */
export const connectionHandlers: Omit<SocketHandlers<BunConnection>, "open"> = {
  binaryType: "uint8array",
  data: (socket, chunk) => socket.data.received(chunk),
  drain: (socket) => socket.data.drained(),
  end: (socket) => socket.data.ended(),
  close: (socket, error) => socket.data.gone(error),
  error: (socket, error) => socket.data.gone(error),
};
