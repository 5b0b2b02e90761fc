/**
 * TUN devices (the kernel's Documentation/networking/tuntap.rst): what the
 * kernel would put on such an interface is read here, and what is written here
 * is received by it, one IP packet at a time.
 */

const libc = () =>
  Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
    write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
    poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
  }).symbols;
let opened: ReturnType<typeof libc> | undefined;
const calls = () => opened ??= libc();

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const TUNSETIFF = 0x400454can;
/** IFF_TUN | IFF_NO_PI: whole IP packets and nothing before them. */
const FLAGS = 0x1001;
/** struct ifreq: 16 bytes of name, then what is asked for. */
const IFREQ_BYTES = 40;
const NAME_BYTES_MAX = 15;
const POLLIN = 1;
const POLLFD_BYTES = 8;

export const PACKET_BYTES_MAX = 65_536;

/** A device that lasts until it is closed. */
export class Tun {
  readonly descriptor: number;

  constructor(readonly name: string) {
    const request = new Uint8Array(IFREQ_BYTES);
    if (name.length > NAME_BYTES_MAX) throw new RangeError(`${name} is too long for an interface's name`);
    request.set(new TextEncoder().encode(name));
    new DataView(request.buffer).setInt16(16, FLAGS, true);
    this.descriptor = calls().open(new TextEncoder().encode("/dev/net/tun\0"), O_RDWR | O_NONBLOCK);
    if (this.descriptor < 0) throw new Error("/dev/net/tun cannot be opened");
    if (calls().ioctl(this.descriptor, TUNSETIFF, request) !== 0) throw new Error(`no TUN device ${name} to be had`);
  }

  /** The next packet's length; 0 if there is none now. */
  read(into: Uint8Array<ArrayBuffer>): number {
    return Math.max(0, calls().read(this.descriptor, into, BigInt(into.length)));
  }

  /** A packet that the kernel cannot take is lost, as on any wire. */
  write(packet: Uint8Array<ArrayBuffer>): void {
    calls().write(this.descriptor, packet, BigInt(packet.length));
  }

  close(): void {
    calls().close(this.descriptor);
  }
}

/** Waits until one of the devices has a packet, at most `ms`. */
export async function somePacket(devices: readonly Tun[], ms: number): Promise<void> {
  const polled = new Int32Array(devices.length * POLLFD_BYTES / 4);
  devices.forEach(({ descriptor }, i) => polled.set([descriptor, POLLIN], i * POLLFD_BYTES / 4));
  await calls().poll(polled, BigInt(devices.length), ms);
}

/** Why there are no TUN devices here; undefined if there are. */
export function lackOfTun(): string | undefined {
  if (Deno.uid() !== 0) return "needs root for TUN devices";
  try {
    new Tun(`swtry${Deno.pid}`.slice(0, NAME_BYTES_MAX)).close();
    return undefined;
  } catch {
    return "this kernel has no TUN devices";
  }
}
