/**
 * Byte-stream sockets as the rest of the program sees them.
 *
 * One adapter per runtime implements this on the runtime's native sockets; the
 * same contract tests (test/runtime) run against each. Every failure is
 * rejected as a `SystemError` whose code is an errno name.
 */

/** Where to listen or connect. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** How much data the peer's kernel accepts. */
export interface PeerWindow {
  /** The window advertised last (tcpi_snd_wnd of TCP_INFO, tcp(7)), in bytes; undefined before Linux 5.4. */
  readonly bytes: number | undefined;
  /** Its scale: no window of this peer is larger than 65,535 shifted by it (RFC 7323, 2.2). */
  readonly scale: number;
  /** What our kernel has taken and not sent yet, in bytes; 0 where it does not report that. */
  readonly notSentBytes: number;
  /** Segments with data that were sent; 0 where the kernel does not report that. */
  readonly segmentsSent: number;
  /** How long, in ms, the window has kept our kernel from sending (tcpi_rwnd_limited); 0 where it does not report that. */
  readonly limitedMs: number;
  /** The connection was reset; the other figures are from before. */
  readonly isReset: boolean;
}

export interface Connection {
  /** Our end, as a log shows it: `127.0.0.1:9000`, `[::1]:9000`, `unix:/path`. */
  readonly local: string;
  /** The other end, likewise. IPv4 peers of a dual-stack listener appear as IPv4. */
  readonly peer: string;

  /**
   * Bytes that the runtime has or may have taken from the kernel before a read
   * asked for them: what waits for the next read, and what may arrive together
   * with what that read takes. 0 where reads go straight to the kernel.
   */
  readonly readAheadBytes: number;

  /**
   * Reads what has arrived, at most `into.length` bytes, waiting for the first
   * one. Returns how many, or null at the peer's end of stream. Rejects with
   * ECONNRESET and the like as soon as the connection is lost, though nothing
   * is being written, with EBADF after `close()`. One read at a time.
   */
  read(into: Uint8Array): Promise<number | null>;

  /** How many bytes a `read` would take at once, at least; undefined where only a read can tell. */
  arrivedBytes(): number | undefined;

  /**
   * Announces that the next `read` will not come soon, so that a runtime that reads
   * ahead stops doing so and the kernel's window closes. The next `read`
   * resumes. Until then a lost connection may go unnoticed. `briefly`: for some
   * ms, in which a runtime may still read ahead if the connection is lost.
   */
  pause(howLong: "briefly" | "long"): void;

  /**
   * Hands bytes to the kernel, waiting until it takes some. Returns how many it
   * took, at least 1 unless `bytes` is empty. Nothing is queued in between.
   * The caller leaves `bytes` alone until then. One write at a time.
   */
  write(bytes: Uint8Array): Promise<number>;

  /** Sends FIN after what was written; reading goes on. */
  closeWrite(): Promise<void>;

  /**
   * Bytes written that the peer's TCP has not acknowledged (SIOCOUTQ, see
   * tcp(7)): exact, still answered after a reset, until `close()`. A FIN that
   * was sent may count as one. On a unix socket: at least as many as the peer's
   * program has not read, and 0 if it has read all; once a read has found the
   * end, what was left unread at the peer's `close()` is undefined.
   * Undefined where the system cannot tell: systems other than Linux, a closed
   * connection, and one that was reset before it was ever asked, so ask once
   * when it is new.
   */
  unacknowledgedBytes(): number | undefined;

  /** Is what the peer has acknowledged also read by its program? So with unix sockets on Linux. */
  readonly acknowledgesReading: boolean;

  /** Undefined where `unacknowledgedBytes` is, and for unix sockets. Still answered after a reset, until `close()`. */
  peerWindow(): PeerWindow | undefined;

  /**
   * Is the kernel sending again what the peer does not answer: retransmissions
   * or zero-window probes without an acknowledgement since (tcpi_retransmits,
   * tcpi_probes of TCP_INFO, tcp(7))? A peer that merely keeps its window
   * closed answers probes; since it may answer only every 500 ms
   * (tcp_invalid_ratelimit), true counts once it has held for a second.
   * Undefined where the system cannot tell: unix sockets, systems other than
   * Linux, a closed connection, and as for `unacknowledgedBytes` one that was
   * reset before it was ever asked.
   */
  unanswered(): boolean | undefined;

  /**
   * For a peer that does not answer: lets the kernel's socket outlive `close()`,
   * until the function that it returns is called, which resets it (RST). So a
   * peer behind a link that was cut learns of the end as soon as the link is
   * back. Left to TCP it would learn it with the next retransmission, minutes
   * later, or never, since the kernel gives up on closed sockets sooner.
   * Undefined where the descriptor cannot be had.
   */
  holdForReset(): (() => void) | undefined;

  /** Releases the socket; what the kernel holds is still sent. Pending calls reject with EBADF. Idempotent. */
  close(): void;
}

export interface Listener {
  /** As bound, the port the kernel chose included. */
  readonly address: Address;
  /** The next connection; null once the listener is closed. A failed accept (EMFILE, …) rejects and may be tried again. */
  accept(): Promise<Connection | null>;
  /** Stops listening; the port or the unix socket's file is free before it resolves. Idempotent. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** A unix socket's file has mode 0600, from its first moment on; otherwise the umask decides. */
  readonly private?: boolean;
  /** With `private`: the number of a group that the file is then given to, with mode 0660. Rejects with EPERM if it cannot be. */
  readonly group?: number;
  /** Which connections are accepted; default: all. */
  readonly filter?: AcceptFilter;
}

/** Called for every connection as soon as it is there, before another one is accepted. */
export interface AcceptFilter {
  /** False: the connection from `peer` is closed at once, and `accept` does not return it. */
  admit(peer: string): boolean;
  /** A connection that was admitted has been closed by this process. */
  closed(): void;
}

export interface Net {
  /**
   * Binds and listens with the largest backlog the runtime allows. A unix
   * socket's file on which no process listens is replaced; one that is in use
   * rejects with EADDRINUSE. An empty host or `::` is dual-stack.
   */
  listen(address: Address, options?: ListenOptions): Promise<Listener>;

  /**
   * Connects, with TCP_NODELAY and keepalive on, as accepted connections have
   * them; on Linux an idle peer that is gone is noticed after 35 s. Rejects with
   * ETIMEDOUT after `timeoutMs`, ENOTFOUND for a name that does not resolve; it
   * is resolved at every call, and all its addresses are tried in that time.
   */
  connect(address: Address, timeoutMs: number): Promise<Connection>;

  /** The most that all connections of one listener, or one dialled connection, read ahead together, in bytes. */
  readonly readAheadBytesMax: number;

  /** The addresses a name resolves to; rejects with ENOTFOUND. */
  resolve(host: string): Promise<string[]>;
}
