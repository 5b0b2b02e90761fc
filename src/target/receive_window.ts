/**
 * How many acknowledged bytes the consumer's program may not have read.
 *
 * An acknowledgement means that the consumer's kernel has the bytes; TCP does not
 * tell whether its program has read them. But the kernel advertises a window: its
 * buffer holds what is unread, and the window follows what is free. So where the
 * window's right edge is R = acknowledged + window and the buffer has room for F
 * bytes, the program has read at least R - F. The receiving kernel chooses F and
 * changes it (tcp(7), tcp_moderate_rcvbuf); the rules below bound it. A byte that
 * is known to be read stays read, so every sample can only raise the known part,
 * and the bound is the rest.
 *
 * The constants come from how Linux manages its buffer, and were held against
 * 4,784 consumers on kernels 5.10, 6.1, 6.12, 6.18 and 7.2 whose counts were
 * known to the byte: none had more unread than this bound, at any moment.
 *
 * What no window shows, and this does not cover: a program that enlarges
 * SO_RCVBUF beyond {@link UNSEEN_BYTES} on a connection that already exists (on
 * listening sockets it shows), and a buffer that starts far above Linux's
 * 131,072 bytes (tcp_rmem) and is filled by segments of a few bytes.
 */

/** RFC 7323: the window's field has 16 bits, shifted by at most 14. */
const FIELD_MAX = 65_535;
/**
 * From this scale on the receiver's buffer is a tuned one, no larger than the
 * field can say; below, one of SO_RCVBUF, up to twice that.
 */
const TUNED_SCALE = 7;
/**
 * A buffer holds at most this many times the widest window. Half of it is
 * overhead (tcp_adv_win_scale, all of Linux before 6.6), and the window follows
 * a growing buffer by two bytes per byte that arrives: 2.5 in theory; 3.9 were
 * seen, of a buffer that grew while it was full.
 */
const BUFFER_WINDOWS = 5;
/**
 * Or this many times the first one, where the kernel is short of memory: it then
 * limits windows to four segments, but not buffers (5.1 were seen).
 */
const BUFFER_FIRST_WINDOWS = 8;
/** While the window grows by two bytes a byte, at most half of it can have come unread. */
const GROWING_UNREAD = 1 / 2;
/** Linux before 6.6 takes one byte off the window for two that are unread. */
const UNREAD_PER_FALL = 2;
/**
 * A window that grew beyond its first value by this factor is tuned; before that
 * it can be a limit that hides a larger buffer.
 */
const TUNED_GROWTH = 2.05;
/**
 * Twice the kernel's default for the largest SO_RCVBUF, rounded up: a program may
 * have enlarged its buffer by this without a trace.
 */
const UNSEEN_BYTES = 448 * 1024;
/** A buffer that stays full for this long has found its size. */
const FULL_MS = 500;
/** But it may still grow by half of what arrives (autotuning of Linux before 6.15 counts unread bytes too). */
const FULL_GROWTH = 1 / 2;
/** The window is steady while it stays this near to the largest one seen. */
const STEADY = 7 / 8;
const STEADY_MS = 500;
/** How long a program may take to read what has arrived, under a steady window. */
const READ_MS_MAX = 250;
/**
 * A connection that is sent small pieces gives autotuning no cause to grow the
 * buffer: it has room for this many times the widest window, as it was made
 * (tcp(7); twice is the most that was seen, of 1,100 consumers like this).
 */
const UNTUNED_WINDOWS = 2;
/** Of a steady window, this much can be unread without a trace (measured: 1/12). */
const HIDDEN = 1 / 8;
/**
 * Linux since 6.6 scales the window by what segments cost it in memory, and
 * joins small ones in the queue. Of segments of n bytes, OVERHEAD_BYTES / n bytes
 * can be unread for one byte of the window, and half as many in a full buffer.
 */
const OVERHEAD_BYTES = 8192;
const SMALL_SEGMENT_BYTES = 1024;
/** But no more than this without a trace. */
const HIDDEN_BYTES_MAX = 65_536;
const UNKNOWN_SEGMENT_BYTES = 512;

/**
 * One TCP connection's bound. Sampling is arithmetic on a few numbers, to be
 * done after every write, every 10 to 20 ms and once after the end: what
 * happened between two samples counts for the worst.
 */
export class ReceiveWindow {
  #acknowledged = 0;
  /** The program has read at least this much; never falls. */
  #read = 0;
  #window = 0;
  #firstWindow = 0;
  /** The largest window seen. */
  #largest = 0;
  /** The largest window that there may have been, also between samples. */
  #widest = 0;
  /**
   * The most unread bytes that a fall of the window can have meant, and whether
   * it fell below half: the buffer may have grown meanwhile.
   */
  #fall = 0;
  #sunk = false;
  /** When the window fell to a quarter; undefined above it. */
  #fullSinceMs: number | undefined;
  /** The buffer's room as it was found full, and what was acknowledged then. */
  #room = Infinity;
  #roomAt = 0;
  /** Since when the window is steady and the sender was never held up by it. */
  #steadyFrom = 0;
  #steadySinceMs = 0;
  /** What was acknowledged at the last tick and at the one before. */
  #tickMs = 0;
  #tickAcknowledged = 0;
  #previousTickAcknowledged = 0;
  #tickSegments = 0;
  /** Of the segments sent since the tick before the last, on average. */
  #segmentBytes = FIELD_MAX;

  /**
   * What the kernel tells now; struct tcp_info of <linux/tcp.h>, in bytes.
   *
   * @param acknowledged bytes of the connection's stream (tcpi_bytes_acked, or written less SIOCOUTQ)
   * @param inFlight sent and not acknowledged: written - acknowledged - tcpi_notsent_bytes
   * @param window tcpi_snd_wnd; undefined before Linux 5.4, where getsockopt returns less than 232 bytes
   * @param windowScale tcpi_snd_wscale, 0 to 14
   * @param segments tcpi_data_segs_out; 0 where it is unknown
   * @param nowMs on a monotonic clock
   * @param inPieces was the connection sent small pieces from its beginning, each when the last one was acknowledged?
   */
  sample(
    acknowledged: number,
    inFlight: number,
    window: number | undefined,
    windowScale: number,
    segments: number,
    nowMs: number,
    inPieces = false,
  ): void {
    const fieldMax = FIELD_MAX * 2 ** windowScale;
    if (window === undefined) {
      this.#acknowledged = acknowledged;
      this.#raise(acknowledged - 2 * fieldMax);
      return;
    }
    if (this.#firstWindow === 0) this.#begin(window, nowMs);
    if (this.#fullSinceMs !== undefined && nowMs - this.#fullSinceMs >= FULL_MS) this.#findRoom(windowScale);

    const arrived = acknowledged - this.#acknowledged;
    const edge = acknowledged + window;
    // Between two samples the window can have grown by 2 bytes a byte, and fallen again.
    const between = Math.min(arrived + window, this.#window + (arrived + window - this.#window) * 2 / 3, fieldMax);
    this.#acknowledged = acknowledged;
    this.#window = window;
    this.#largest = Math.max(this.#largest, window);
    if (Math.max(window, between) > this.#widest) {
      this.#widest = Math.max(window, between);
      this.#room = Infinity;
    }
    const tuned = this.#largest > this.#firstWindow * TUNED_GROWTH && this.#largest < fieldMax * 0.9;
    const steady = this.#isSteady(acknowledged, arrived, inFlight, window, tuned, nowMs);
    if (steady) { // nothing is left over from earlier falls
      this.#widest = this.#largest;
      this.#room = Infinity;
      this.#fall = 0;
      this.#sunk = false;
    }
    const fall = UNREAD_PER_FALL * (this.#widest - window);
    this.#fall = Math.max(this.#fall, fall);
    if (window < this.#widest / 2 && acknowledged > 0) this.#sunk = true;

    const most = windowScale < TUNED_SCALE || this.#widest > fieldMax * 0.75 ? 2 * fieldMax : fieldMax;
    const overhead = this.#segmentBytes < SMALL_SEGMENT_BYTES ? OVERHEAD_BYTES / this.#segmentBytes : 0;
    const room = Math.min(
      most,
      Math.max(Math.max(BUFFER_WINDOWS, overhead / 2) * this.#widest, BUFFER_FIRST_WINDOWS * this.#firstWindow),
    );
    this.#raise(edge - (tuned || this.#sunk ? room : most));
    if ((tuned || steady) && !this.#sunk) this.#raise(acknowledged - GROWING_UNREAD * this.#widest - fall - this.#fall);
    if (!tuned && this.#room < Infinity) {
      this.#raise(edge - Math.min(room, this.#room + (acknowledged - this.#roomAt) * FULL_GROWTH));
    }
    if (inPieces && inFlight === 0) this.#raise(edge - UNTUNED_WINDOWS * this.#largest);
    if (window >= this.#widest / 4 || acknowledged === 0) this.#fullSinceMs = undefined;
    else this.#fullSinceMs ??= nowMs;

    if (nowMs - this.#tickMs >= READ_MS_MAX) this.#tick(acknowledged, segments, nowMs);
    if (steady) {
      const perByte = Math.max(UNREAD_PER_FALL, overhead);
      const hidden = Math.min(HIDDEN_BYTES_MAX, Math.max(this.#largest * HIDDEN, perByte * 2 ** windowScale));
      this.#raise(Math.min(this.#previousTickAcknowledged, acknowledged - perByte * (this.#largest - window) - hidden));
    }
  }

  /** The largest window seen, in bytes; 0 where it is unknown. */
  get largest(): number {
    return this.#largest;
  }

  /**
   * The window's right edge, as a position in the connection's stream. It moves on
   * only where the receiving kernel has more room than before: what it held was
   * read, or its buffer grows because its program reads (tcp(7), tcp_moderate_rcvbuf).
   */
  get edge(): number {
    return this.#acknowledged + this.#window;
  }

  /** How many of the acknowledged bytes the program has not read, at most: 0 to all of them. */
  unread(): number {
    return this.#acknowledged - this.#read;
  }

  #begin(window: number, nowMs: number): void {
    this.#firstWindow = this.#window = window;
    this.#steadySinceMs = this.#tickMs = nowMs;
  }

  #raise(read: number): void {
    if (read > this.#read) this.#read = Math.floor(Math.min(read, this.#acknowledged));
  }

  /** The buffer has been full for a while: it has room for what is unread and for what its window stands for. */
  #findRoom(windowScale: number): void {
    const room = (this.#acknowledged - this.#read + UNREAD_PER_FALL * this.#window) * 17 / 16 + 2 ** windowScale;
    if (room >= this.#room + (this.#acknowledged - this.#roomAt) * FULL_GROWTH) return;
    this.#room = room;
    this.#roomAt = this.#acknowledged;
  }

  /**
   * Has the window been as open as it ever was, for some time and for more bytes
   * than could have been unread all along? Then the program keeps up: the sender
   * was not held up by the window, and every part of it is accounted for.
   */
  #isSteady(
    acknowledged: number,
    arrived: number,
    inFlight: number,
    window: number,
    tuned: boolean,
    nowMs: number,
  ): boolean {
    if (inFlight > window * 3 / 4 || window < this.#largest * STEADY || arrived > this.#largest) {
      this.#steadyFrom = acknowledged;
      this.#steadySinceMs = nowMs;
      return false;
    }
    const enough = Math.max(2 * this.#largest, tuned ? 0 : UNSEEN_BYTES);
    return acknowledged - this.#steadyFrom >= enough && nowMs - this.#steadySinceMs >= STEADY_MS;
  }

  #tick(acknowledged: number, segments: number, nowMs: number): void {
    if (segments === 0) this.#segmentBytes = UNKNOWN_SEGMENT_BYTES;
    else if (segments > this.#tickSegments) {
      const bytes = (acknowledged - this.#tickAcknowledged) / (segments - this.#tickSegments);
      this.#segmentBytes = Math.min(this.#segmentBytes * 2, Math.max(1, bytes));
    }
    this.#previousTickAcknowledged = this.#tickAcknowledged;
    this.#tickAcknowledged = acknowledged;
    this.#tickSegments = segments;
    this.#tickMs = nowMs;
  }
}
