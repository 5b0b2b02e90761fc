/** The consumer is dialled by us. */
import { Dialler, type DialOptions } from "../runtime/dial_again.ts";
import type { Connection } from "../runtime/net.ts";
import type { Supply } from "./supply.ts";

export class DialSupply implements Supply {
  readonly #stopping = new AbortController();
  readonly #dialler: Dialler;

  constructor(options: DialOptions) {
    this.#dialler = new Dialler(options, "the target", this.#stopping.signal);
  }

  get trouble(): string | undefined {
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
