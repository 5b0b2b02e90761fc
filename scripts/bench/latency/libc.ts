/**
 * Clock, sleep and blocking sockets of the C library, for the two threads that measure
 * latency. The asynchronous ones of the runtime add tens of microseconds and a tail
 * of their own; these cost about a microsecond a call, and allocate next to nothing.
 */

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_NOSIGNAL = 0x4000;
const CLOCK_MONOTONIC = 1;
const TIMER_ABSTIME = 1;
const PR_SET_TIMERSLACK = 29;

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  clock_nanosleep: { parameters: ["i32", "i32", "buffer", "pointer"], result: "i32" },
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // Counts fit into 32 bits, which spares another bigint for each call.
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
});

const timespec = new Uint32Array(4);

/** The machine's monotonic clock in ns, the same one in all threads and processes. */
export function nowNs(): number {
  libc.clock_gettime(CLOCK_MONOTONIC, timespec);
  return timespec[0] * 1e9 + timespec[2];
}

/** Blocks this thread until that time of {@link nowNs}. */
export function sleepUntilNs(time: number): void {
  timespec[0] = Math.floor(time / 1e9);
  timespec[1] = 0;
  timespec[2] = time % 1e9;
  timespec[3] = 0;
  libc.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, timespec, null);
}

/** By default the kernel lets a thread sleep up to 50 µs longer than it asked for; this thread it wakes in time. */
export function wakeInTime(): void {
  libc.prctl(PR_SET_TIMERSLACK, 1n, 0n, 0n, 0n);
}

/** A TCP socket whose calls block the thread. */
export class BlockingSocket {
  private constructor(private readonly descriptor: number) {}

  static listen(port: number): BlockingSocket {
    const socket = BlockingSocket.#make();
    setOption(socket.descriptor, SOL_SOCKET, SO_REUSEADDR);
    const isBound = libc.bind(socket.descriptor, loopback(port), 16) === 0 && libc.listen(socket.descriptor, 8) === 0;
    if (!isBound) throw new Error(`port ${port} cannot be listened on`);
    return socket;
  }

  /** Undefined where nothing listens. */
  static connect(port: number): BlockingSocket | undefined {
    const socket = BlockingSocket.#make();
    if (libc.connect(socket.descriptor, loopback(port), 16) === 0) return socket;
    socket.close();
    return undefined;
  }

  static #make(): BlockingSocket {
    const descriptor = libc.socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) throw new Error("no socket could be made");
    setOption(descriptor, IPPROTO_TCP, TCP_NODELAY);
    return new BlockingSocket(descriptor);
  }

  accept(): BlockingSocket {
    const descriptor = libc.accept(this.descriptor, null, null);
    if (descriptor < 0) throw new Error("accept failed");
    return new BlockingSocket(descriptor);
  }

  /** All of the bytes. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    const sent = libc.send(this.descriptor, bytes, BigInt(bytes.length), MSG_NOSIGNAL);
    if (sent === bytes.length) return;
    if (sent < 0) throw new Error("the connection was lost while sending");
    this.send(bytes.subarray(sent));
  }

  /** How many bytes came; 0 at the end. */
  receive(bytes: Uint8Array<ArrayBuffer>): number {
    const count = libc.recv(this.descriptor, bytes, BigInt(bytes.length), 0);
    if (count < 0) throw new Error("the connection was lost while receiving");
    return count;
  }

  close(): void {
    libc.close(this.descriptor);
  }
}

function setOption(descriptor: number, level: number, option: number): void {
  libc.setsockopt(descriptor, level, option, new Int32Array([1]), 4);
}

/** A sockaddr_in of 127.0.0.1. */
function loopback(port: number): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  address.set([127, 0, 0, 1], 4);
  return address;
}
