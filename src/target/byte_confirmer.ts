/**
 * `written` and `acked`: what is delivered is known as a position in the
 * connection's byte stream (DESIGN 5, Confirmation).
 *
 * `acked` asks the kernel how many of the written bytes the peer's TCP has not
 * acknowledged: SIOCOUTQ, the same figure as `tx_queue` in /proc/net/tcp, for
 * one socket, about a microsecond, still right after a reset. So it can be
 * asked after every write and no /proc file has to be read.
 */
import type { Clock } from "../base/clock.ts";
import type { Connection } from "../runtime/net.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import type { ByteOutlet } from "./outlet.ts";

export interface ByteConfirmerOptions {
  readonly connection: Connection;
  readonly outlet: ByteOutlet;
  readonly clock: Clock;
  readonly mode: "written" | "acked";
  /** Where the consumer's bytes go; undefined: nowhere. */
  readonly replies: ReplySink | undefined;
}

export class ByteConfirmer implements Confirmer {
  progressMs: number;
  #written = 0;
  #confirmed = 0;
  #over = false;
  readonly #mode: "written" | "acked";

  constructor(private readonly options: ByteConfirmerOptions) {
    this.#mode = usableMode(options);
    this.progressMs = options.clock.monotonicMs();
  }

  get inFlight(): boolean {
    return this.#written > this.#confirmed;
  }

  get progressed(): boolean {
    return this.#confirmed > 0;
  }

  room(): Promise<number> {
    return Promise.resolve(this.#over ? 0 : Number.POSITIVE_INFINITY);
  }

  handedOut(): void {}

  wrote(bytes: number): void {
    if (!this.inFlight) this.progressMs = this.options.clock.monotonicMs();
    this.#written += bytes;
    this.follow();
  }

  async received(bytes: Uint8Array): Promise<void> {
    await this.options.replies?.forward(bytes, undefined);
  }

  follow(): undefined {
    if (!this.inFlight) return;
    const position = this.#position();
    // Closed meanwhile: the last known value counts.
    if (position === undefined || position <= this.#confirmed) return;
    this.#confirmed = position;
    this.progressMs = this.options.clock.monotonicMs();
    if (!this.#over) this.options.outlet.confirm(position);
  }

  stop(): void {
    this.#over = true;
  }

  settle(): Promise<number> {
    return this.options.outlet.settle(this.#confirmed, this.#written);
  }

  /**
   * Position up to which bytes are confirmed; undefined where the system cannot
   * tell: no news, which is not zero and not everything.
   */
  #position(): number | undefined {
    if (this.#mode === "written") return this.#written;
    const unacknowledged = this.options.connection.unacknowledgedBytes();
    return unacknowledged === undefined ? undefined : Math.max(0, this.#written - unacknowledged);
  }
}

/** Asked before the first write: later "cannot tell" must mean "no news", never "all of it". */
function usableMode({ connection, mode }: ByteConfirmerOptions): "written" | "acked" {
  return mode === "acked" && connection.unacknowledgedBytes() === undefined ? "written" : mode;
}
