/** A listener that accepts the connections a test gives it. */
import { Condition } from "../../src/base/condition.ts";
import type { Listener, Net } from "../../src/runtime/net.ts";
import { ScriptedConnection } from "./scripted_connection.ts";

export class ScriptedListener implements Listener {
  readonly address = { kind: "tcp", host: "127.0.0.1", port: 9001 } as const;
  /** A network on which this is the one listener. */
  readonly net = { listen: () => Promise.resolve(this) } as unknown as Net;
  readonly #queue: ScriptedConnection[] = [];
  #closed = false;
  readonly #changed = new Condition();

  /** A peer connects. */
  connect(connection: ScriptedConnection = new ScriptedConnection()): ScriptedConnection {
    this.#queue.push(connection);
    this.#changed.notify();
    return connection;
  }

  async accept(): Promise<ScriptedConnection | null> {
    while (this.#queue.length === 0 && !this.#closed) await this.#changed.wait();
    return this.#queue.shift() ?? null;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#changed.notify();
    return Promise.resolve();
  }
}
