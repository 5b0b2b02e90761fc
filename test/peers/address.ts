/** Addresses of the peers: plain data, so that they can be handed to a peer's process. */

export type PeerAddress = { readonly hostname: string; readonly port: number } | { readonly path: string };

/** A loopback TCP address. */
export function loopback(port: number): PeerAddress {
  return { hostname: "127.0.0.1", port };
}

/** As Spillway's configuration wants it. */
export function addressText(address: PeerAddress): string {
  if ("path" in address) return `unix:${address.path}`;
  return address.hostname.includes(":")
    ? `[${address.hostname}]:${address.port}`
    : `${address.hostname}:${address.port}`;
}

export async function connectTo(address: PeerAddress): Promise<Deno.Conn> {
  if ("path" in address) return await Deno.connect({ transport: "unix", path: address.path });
  const connection = await Deno.connect({ hostname: address.hostname, port: address.port });
  connection.setNoDelay(true);
  return connection;
}

export function listenOn(address: PeerAddress): Deno.Listener {
  if ("path" in address) return Deno.listen({ transport: "unix", path: address.path });
  return Deno.listen({ hostname: address.hostname, port: address.port, tcpBacklog: 4096 });
}

/** Connects until something listens; rejects after `limitMs`, or when `signal` is aborted. */
export async function connectEventually(
  address: PeerAddress,
  signal: AbortSignal,
  limitMs = Infinity,
): Promise<Deno.Conn> {
  const end = performance.now() + limitMs;
  while (true) {
    signal.throwIfAborted();
    try {
      return await connectTo(address);
    } catch (error) {
      // A listener that dies resets what is about to connect.
      const { ConnectionRefused, ConnectionReset, NotFound } = Deno.errors;
      const isAbsent = [ConnectionRefused, ConnectionReset, NotFound].some((type) => error instanceof type);
      if (!isAbsent || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
