/** The target side of a route: one connection after the other, for as long as the route runs. */
import type { Ledger } from "../base/ledger.ts";
import { RecurringFailure } from "../base/log.ts";
import type { StopDeadline } from "../base/stop_deadline.ts";
import type { Connection } from "../runtime/net.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpoolFeed } from "../spool/spool_feed.ts";
import type { ConsumerConnections } from "./consumer_connections.ts";
import { ConnectionServer, type ServeOptions } from "./serve_connection.ts";
import type { Session } from "./session.ts";

export interface TargetOptions extends Omit<ServeOptions, "sink"> {
  readonly connections: ConsumerConnections;
  readonly spool: Spool;
  readonly feed: SpoolFeed;
  readonly ledger: Ledger;
}

export class Target {
  /** Connections so far. */
  connects = 0;
  #session: Session | undefined;
  #stopping: StopDeadline | undefined;
  #running: Promise<void> | undefined;
  #mayRepeat = 0;
  /** Of the connections that have ended. */
  #limitedMs = 0;
  /** When the last connection ended, or the route began, on the monotonic clock. */
  #awaySinceMs: number;
  readonly #server: ConnectionServer;
  readonly #cannotBegin: RecurringFailure;

  constructor(private readonly options: TargetOptions) {
    this.#awaySinceMs = options.clock.monotonicMs();
    this.#server = new ConnectionServer({ ...options, sink: options.spool });
    this.#cannotBegin = new RecurringFailure(options, "target_begin_failed");
  }

  /** How long, in ms, consumers' windows have kept us from sending, all connections together. */
  get windowLimitedMs(): number {
    return this.#limitedMs + (this.#session?.windowLimitedMs ?? 0);
  }

  /** How long no consumer has been connected, in ms; undefined while one is. */
  get awayMs(): number | undefined {
    return this.#session === undefined ? this.options.clock.monotonicMs() - this.#awaySinceMs : undefined;
  }

  /** The consumer that is being served. */
  get peer(): string | undefined {
    return this.#session?.peer;
  }

  /** The connection to the consumer that is being served: its ends, and the largest window it has advertised. */
  get serving(): Pick<Session, "local" | "peer" | "largestWindow"> | undefined {
    return this.#session;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Waits for what is in flight as long as the deadline allows; returns how many frames may arrive twice. */
  async stop(deadline: StopDeadline): Promise<number> {
    this.#stopping = deadline;
    const stopped = this.options.connections.stop();
    await this.#session?.finish(deadline);
    await stopped;
    await this.#running;
    this.#server.resetSilent();
    await this.options.feed.close();
    return this.#mayRepeat;
  }

  async #run(): Promise<void> {
    const { connections, spool } = this.options;
    while (this.#stopping === undefined) {
      const connection = await connections.next(() => spool.targetLost());
      if (connection === undefined) return;
      if (this.#stopping !== undefined) return connection.close();
      await this.#serve(connection);
    }
  }

  async #serve(connection: Connection): Promise<void> {
    const { connections, feed, spool, log, ledger, clock } = this.options;
    this.#server.resetSilent();
    const stream = await this.#begin(connection);
    if (stream === undefined) return;
    this.connects++;
    const sequence = spool.positions.next;
    const beganMs = clock.monotonicMs();
    const before = { ...ledger.delivered };
    log.say("target_connected", { peer: connection.peer, sequence, frames_again: feed.resentFrom(sequence) });
    const { ended: reason, progress, mayRepeat, mayBeLostBytes } = await this.#server.serve(
      connection,
      stream,
      async (session) => {
        this.#session = session;
        connections.serving(session);
        if (this.#stopping !== undefined) session.finish(this.#stopping);
        const reason = await session.ended;
        // The kernel tells it until the connection is closed.
        this.#limitedMs += session.windowLimitedMs;
        this.#session = undefined;
        this.#awaySinceMs = clock.monotonicMs();
        return reason;
      },
    );
    this.#mayRepeat = mayRepeat;
    ledger.mayBeLostBytes += mayBeLostBytes;
    connections.ended(progress > 0);
    const fields = {
      peer: connection.peer,
      reason,
      duration_s: Math.round(clock.monotonicMs() - beganMs) / 1000,
      frames: ledger.delivered.frames - before.frames,
      bytes: ledger.delivered.bytes - before.bytes,
      confirmed: spool.confirmed,
      may_arrive_twice: mayRepeat,
      may_be_lost_bytes: mayBeLostBytes,
    };
    log.say(this.#stopping === undefined ? "target_lost" : "target_disconnected", fields);
  }

  /** Undefined if the journal cannot be read just now: the next connection tries again. */
  async #begin(connection: Connection): Promise<DeliveryStream | undefined> {
    const { feed, connections, log } = this.options;
    try {
      const stream = await feed.begin();
      if (this.#cannotBegin.end()) log.say("target_begin_recovered");
      return stream;
    } catch (error) {
      // One connection after the other may come while the disk cannot be read.
      this.#cannotBegin.note(error);
      connection.close();
      connections.ended(false);
      return undefined;
    }
  }
}
