/**
 * One end of a captured connection: what it sent, and the window that it
 * advertised for what it receives.
 */
import { Closures } from "./closures.ts";
import { Gaps } from "./gaps.ts";
import { ACK, FIN, NO_SCALE, RST, type Segment, SYN } from "./segment.ts";
import { WindowSeries } from "./window_series.ts";

/** What fills a gap this soon was overtaken on its way; what was lost takes a round trip at least to come again. */
const REORDERED_US = 3000;

export class End {
  packets = 0;
  /** Bytes of data, each counted once however often it was sent. */
  bytes = 0;
  /** Segments of which a part had been sent before, or that came after later ones; of SYN and FIN too. */
  retransmissions = 0;
  /** Bytes that were seen more than once. */
  retransmittedBytes = 0;
  /** Segments that others overtook. */
  reordered = 0;
  /** Keep-alives, and probes of a closed window (RFC 9293, 3.8.4 and 3.8.6.1). */
  probes = 0;
  /** Packets that are the packet before once more, seen on another interface. */
  copies = 0;
  /** Segments with a window of zero, SYN, FIN and RST apart: what Wireshark calls tcp.analysis.zero_window. */
  zeroWindowSegments = 0;
  readonly closures = new Closures();
  /** The window as advertised last, not scaled; undefined before the first one. */
  window: number | undefined;
  largestWindow = 0;
  smallestWindow = 0;
  series: WindowSeries | undefined;
  /** The SYN's option; undefined if no SYN was seen. */
  scaleOption: number | undefined;
  /** Was its SYN the answer to one? */
  hasAnswered = false;
  /** When its first FIN was seen. */
  finUs: number | undefined;

  readonly name: string;
  /** The sequence number behind all that was sent. */
  #next = 0;
  #isSequenced = false;
  #synSequence = 0;
  #gaps: Gaps | undefined;

  /** Of the packet before, to know a copy of it. */
  #lastIdentification = 0;
  #lastSequence = 0;
  #lastAcknowledgment = 0;
  #lastPayload = 0;
  #lastWindow = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Bytes that were passed over and never seen. */
  get unseenBytes(): number {
    return this.#gaps?.bytes ?? 0;
  }

  /** Is this a SYN of another connection than the one this end has begun, or was found in? */
  beginsAnew({ flags, sequence }: Segment): boolean {
    if ((flags & SYN) === 0 || this.packets === 0) return false;
    return this.scaleOption === undefined ? (flags & ACK) === 0 : sequence !== this.#synSequence;
  }

  /** Times never decrease; `isPeerClosed`: the other end's window is closed. */
  take(segment: Segment, isPeerClosed: boolean): void {
    const { flags } = segment;
    this.packets++;
    if (segment.window === 0 && (flags & (SYN | FIN | RST)) === 0) this.zeroWindowSegments++;
    if (this.#isCopy(segment)) {
      this.copies++;
      return;
    }
    // A reset says nothing of windows, and its sequence number may be anything.
    if ((flags & RST) !== 0) return;
    if ((flags & SYN) !== 0) {
      this.scaleOption = segment.scale;
      this.hasAnswered = (flags & ACK) !== 0;
      this.#synSequence = segment.sequence;
    } else if (segment.window !== this.window) this.#advertise(segment.window, segment.timeUs);
    if ((flags & FIN) !== 0) this.finUs ??= segment.timeUs;
    this.#follow(segment, isPeerClosed);
  }

  /** Connection or capture is over. */
  end(timeUs: number): void {
    this.closures.end(timeUs);
    if (this.window !== undefined) this.series?.extend(this.window, timeUs);
  }

  #advertise(window: number, timeUs: number): void {
    if (this.window === undefined) {
      this.series = new WindowSeries(timeUs);
      this.smallestWindow = window;
    } else this.series!.extend(this.window, timeUs);
    this.window = window;
    if (window > this.largestWindow) this.largestWindow = window;
    if (window < this.smallestWindow) this.smallestWindow = window;
    if (window === 0) this.closures.close(timeUs);
    else this.closures.open(timeUs);
  }

  #follow(segment: Segment, isPeerClosed: boolean): void {
    const { sequence, payload, flags } = segment;
    const controls = ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
    const length = payload + controls;
    const end = (sequence + length) | 0;
    if (!this.#isSequenced) {
      this.#isSequenced = true;
      this.#next = sequence;
    }
    const ahead = (sequence - this.#next) | 0;
    if (ahead === -1 && length <= 1 && controls === 0) this.probes++;
    else if (length === 0) return;
    else if (ahead >= 0) {
      if (ahead > 0) (this.#gaps ??= new Gaps()).add(this.#next, sequence, segment.timeUs);
      this.bytes += payload;
      this.#next = end;
      // Some systems probe with the first byte of what waits.
      if (isPeerClosed && payload === 1) this.probes++;
    } else if (ahead === -1 && controls === 0) {
      // That first byte again, and what follows it.
      this.bytes += payload - 1;
      this.#next = end;
    } else this.#again(segment, end);
  }

  /** The segment begins before what was sent last. */
  #again({ sequence, payload, timeUs }: Segment, end: number): void {
    const beyond = Math.max((end - this.#next) | 0, 0);
    const filled = this.#gaps?.fill(sequence, end) ?? 0;
    if (filled > 0 && timeUs - this.#gaps!.filledSinceUs < REORDERED_US) this.reordered++;
    else this.retransmissions++;
    const fresh = Math.min(payload, filled + beyond);
    this.bytes += fresh;
    this.retransmittedBytes += payload - fresh;
    if (beyond > 0) this.#next = end;
  }

  /** A packet that is sent again has another identification, one that is captured again has the same. */
  #isCopy({ identification, sequence, acknowledgment, payload, window }: Segment): boolean {
    if (
      identification !== 0 && identification === this.#lastIdentification && sequence === this.#lastSequence &&
      acknowledgment === this.#lastAcknowledgment && payload === this.#lastPayload && window === this.#lastWindow
    ) return true;
    this.#lastIdentification = identification;
    this.#lastSequence = sequence;
    this.#lastAcknowledgment = acknowledgment;
    this.#lastPayload = payload;
    this.#lastWindow = window;
    return false;
  }
}

/** The shift of `end`'s windows; undefined if the capture does not tell. */
export function scaleOf(end: End, other: End): number | undefined {
  const [own, others] = [end.scaleOption, other.scaleOption];
  // Without the option in both SYNs no window is scaled.
  if (own === NO_SCALE || others === NO_SCALE) return 0;
  if (own === undefined || own < 0) return undefined;
  // An answer has the option only if what it answers had it.
  return end.hasAnswered || others !== undefined && others >= 0 ? own : undefined;
}
