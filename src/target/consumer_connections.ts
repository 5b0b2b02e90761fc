/** Where connections to the consumer come from: it connects to us (see accept.ts), or we connect to it. */
import { Dialler, type DialOptions } from "../runtime/dial_again.ts";
import type { Connection } from "../runtime/net.ts";
import type { Session } from "./session.ts";

export interface ConsumerConnections {
  /**
   * The next connection; waits for it however long. Undefined after `stop`.
   * `lost` is called as soon as it is clear that there is none for now. The
   * session on a connection has to end before the next one is asked for.
   */
  next(lost: () => void): Promise<Connection | undefined>;
  /** The connection that `next` gave is in use by this session. */
  serving(session: Session): void;
  /** That session has ended; `progressed` if anything was confirmed on it. */
  ended(progressed: boolean): void;
  /** Why there is no connection just now, as far as is known. */
  readonly lastError: string | undefined;
  stop(): Promise<void>;
}

/** Connections that we dial, again and again. */
export class DialledConnections implements ConsumerConnections {
  readonly #stopping = new AbortController();
  readonly #dialler: Dialler;

  constructor(options: DialOptions) {
    this.#dialler = new Dialler(options, "target_unreachable", this.#stopping.signal);
  }

  get lastError(): string | undefined {
    return this.#dialler.failing;
  }

  next(lost: () => void): Promise<Connection | undefined> {
    return this.#dialler.next(lost);
  }

  serving(): void {}

  ended(progressed: boolean): void {
    if (progressed) this.#dialler.progressed();
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return Promise.resolve();
  }
}
