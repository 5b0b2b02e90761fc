/** A captured connection: its two ends, when it was seen, and how it ended. */
import type { Closures } from "./closures.ts";
import { End } from "./end.ts";
import { ACK, RST, type Segment, SYN } from "./segment.ts";

/** What an end did last. */
export interface Ending {
  /** `reset`: before both ends had sent FIN; `closed`: the first FIN. */
  readonly kind: "reset" | "closed";
  readonly by: End;
  readonly timeUs: number;
  /** The window that was closed last before it, if one ever was. */
  readonly stall: Stall | undefined;
}

export interface Stall {
  readonly of: End;
  readonly beganUs: number;
  /** Undefined: it was closed when the connection ended. */
  readonly endedUs: number | undefined;
}

export class Connection {
  readonly ends: readonly [End, End];
  readonly firstUs: number;
  lastUs: number;
  /** Packets whose time is before that of an earlier one; they count as sent at the time of that one. */
  timesBack = 0;
  /** Who sent the SYN, if it was captured, or what answers it. */
  opener: End | undefined;
  ending: Ending | undefined;
  #isOver = false;

  constructor(names: readonly [string, string], firstUs: number) {
    this.ends = [new End(names[0]), new End(names[1])];
    this.firstUs = this.lastUs = firstUs;
  }

  /** Does another connection of the same two ends begin with this segment? */
  isSucceededBy(segment: Segment, from: 0 | 1): boolean {
    if ((segment.flags & SYN) === 0) return false;
    const { ends, opener } = this;
    return ends[from].beginsAnew(segment) || this.#isOver && (opener !== undefined || (segment.flags & ACK) === 0);
  }

  take(segment: Segment, from: 0 | 1): void {
    const sender = this.ends[from];
    const peer = this.ends[1 - from];
    if (segment.timeUs < this.lastUs) {
      this.timesBack++;
      segment.timeUs = this.lastUs;
    } else this.lastUs = segment.timeUs;
    const { flags } = segment;
    if ((flags & SYN) !== 0) this.opener ??= (flags & ACK) === 0 ? sender : peer;
    const hadFin = sender.finUs !== undefined;
    sender.take(segment, peer.closures.isClosed);
    if ((flags & RST) !== 0) this.#reset(sender);
    else if (!hadFin && sender.finUs !== undefined) this.#fin(sender, peer);
  }

  /** The capture is over. */
  end(): void {
    for (const end of this.ends) end.end(this.lastUs);
  }

  #reset(by: End): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.ending = { kind: "reset", by, timeUs: this.lastUs, stall: this.#lastStall() };
    this.end();
  }

  #fin(by: End, peer: End): void {
    this.ending ??= { kind: "closed", by, timeUs: this.lastUs, stall: this.#lastStall() };
    if (peer.finUs !== undefined) this.#isOver = true;
  }

  #lastStall(): Stall | undefined {
    const [a, b] = this.ends;
    const of = lastOf(a.closures) >= lastOf(b.closures) ? a : b;
    const { count, isClosed, lastAtUs, lastUntilUs } = of.closures;
    return count === 0 ? undefined : { of, beganUs: lastAtUs, endedUs: isClosed ? undefined : lastUntilUs };
  }
}

/** A window that is closed still counts as later than any that was. */
function lastOf(closures: Closures): number {
  return closures.isClosed ? Number.POSITIVE_INFINITY : closures.lastAtUs;
}
