/** Whole connections, packet by packet. */
import type { TcpPacket } from "./packets.ts";

export const CLIENT = "10.0.0.1:40312";
export const SERVER = "10.0.0.2:9000";
const SCALE = 7;

type Said = Omit<TcpPacket, "from" | "to" | "ms">;

/** Writes packets of one connection; both ends' data begins at sequence 1001 and 5001. */
export class Conversation {
  readonly packets: TcpPacket[] = [];

  constructor(readonly client = CLIENT, readonly server = SERVER) {}

  handshake(ms = 0): this {
    this.fromClient(ms, { flags: "S", sequence: 1000, window: 64_240, scale: SCALE });
    this.fromServer(ms + 1, { flags: "S.", sequence: 5000, acknowledgment: 1001, window: 65_160, scale: SCALE });
    return this.fromClient(ms + 2, { flags: ".", sequence: 1001, acknowledgment: 5001, window: 502 });
  }

  /** The client says something. */
  fromClient(ms: number, said: Said): this {
    this.packets.push({ from: this.client, to: this.server, ms, ...said });
    return this;
  }

  fromServer(ms: number, said: Said): this {
    this.packets.push({ from: this.server, to: this.client, ms, ...said });
    return this;
  }

  /** The client sends data that begins `offset` bytes after the first. */
  data(ms: number, offset: number, payload: number, more: Partial<Said> = {}): this {
    return this.fromClient(ms, {
      flags: ".",
      sequence: (1001 + offset) >>> 0,
      acknowledgment: 5001,
      window: 502,
      payload,
      ...more,
    });
  }

  /** The server advertises its window, having received `received` bytes. */
  ack(ms: number, received: number, window: number): this {
    return this.fromServer(ms, { flags: ".", sequence: 5001, acknowledgment: (1001 + received) >>> 0, window });
  }
}

/**
 * A reader that stops: its window is closed from 100 ms to 2,200 ms, from 3,000
 * to 3,400, and from 9,600 ms on; the client resets at 10,000 ms.
 */
export function stalled(client = CLIENT, server = SERVER): Conversation {
  return new Conversation(client, server).handshake()
    .data(10, 0, 1000).ack(12, 1000, 300)
    .data(90, 1000, 1000).ack(100, 2000, 0)
    .data(400, 1999, 0).ack(401, 2000, 0) // a probe
    .ack(2200, 2000, 500)
    .data(2300, 2000, 1400).ack(3000, 3400, 0).ack(3400, 3400, 500)
    .data(9500, 3400, 1400).ack(9600, 4800, 0)
    .fromClient(10_000, { flags: "R.", sequence: 5801, window: 0 });
}
