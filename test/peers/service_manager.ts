/// <reference lib="deno.unstable" />
/**
 * A service manager as far as notifications go (sd_notify(3)): prints each that
 * comes to its socket as a line of JSON, with what is asked for at that moment.
 * Started with --unstable-net, which datagrams to unix sockets need.
 */
import { isListening } from "../e2e/rig/ports.ts";

export interface ServiceManagerOptions {
  readonly path: string;
  /** Is this port listened on when the notification comes? */
  readonly port: number;
}

export interface Notification {
  readonly state: string;
  readonly listening: boolean;
}

if (import.meta.main) {
  const { path, port }: ServiceManagerOptions = JSON.parse(Deno.args[0]);
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  console.log(JSON.stringify({ path }));
  for await (const [bytes] of socket) {
    const notification: Notification = { state: new TextDecoder().decode(bytes), listening: isListening(port) };
    console.log(JSON.stringify(notification));
  }
}
