/**
 * A consumer that accepts and is gone at once, every time: a crash loop, or a
 * proxy without a server behind it.
 */
import { listenOn, type PeerAddress } from "./address.ts";

/** `close`: right after accepting. `reset`: as soon as something came, most of it unread, which makes the kernel send RST. */
export type Rudeness = "close" | "reset";

export class RudeConsumer {
  connections = 0;
  readonly #listener: Deno.Listener;
  readonly #ended: Promise<void>;
  #stopped = false;

  constructor(listen: PeerAddress, private readonly rudeness: Rudeness) {
    this.#listener = listenOn(listen);
    this.#ended = this.#refuseAll();
  }

  async stop(): Promise<void> {
    if (!this.#stopped) this.#listener.close();
    this.#stopped = true;
    await this.#ended;
  }

  async #refuseAll(): Promise<void> {
    for await (const connection of this.#listener) {
      this.connections++;
      try {
        if (this.rudeness === "reset") await connection.read(new Uint8Array(1));
      } catch { // the relay was faster
      }
      connection.close();
    }
  }
}
