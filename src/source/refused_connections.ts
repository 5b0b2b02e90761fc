/** Connections that are turned away: all counted, and a crowd of them is one line a second in the log. */
import type { Log } from "../base/log.ts";
import type { Connection } from "../runtime/net.ts";

export class RefusedConnections {
  /** How many so far. */
  count = 0;
  #countLogged = 0;
  /** One was logged since the last report. */
  #logged = false;

  constructor(private readonly log: Log, private readonly maxConnections: number) {}

  refuse(connection: Connection, why: string): void {
    this.#note(connection.peer, why);
    connection.close();
  }

  /** This one was closed as it came, for want of a descriptor. */
  withoutDescriptor(peer: string): void {
    this.#note(peer, "the limit of open files (ulimit -n) leaves no room for more connections");
  }

  #note(peer: string, why: string): void {
    this.count++;
    if (!this.#logged) {
      this.#logged = true;
      this.log.warn("source connection refused", { peer, why, max_connections: this.maxConnections });
      this.#countLogged = this.count;
    }
  }

  /** Called about once a second: tells of those that were not logged one by one. */
  report(): void {
    const more = this.count - this.#countLogged;
    if (more > 0) this.log.warn("more source connections refused", { connections: more });
    this.#logged = more > 0;
    this.#countLogged = this.count;
  }
}
