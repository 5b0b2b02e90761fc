/**
 * A whole relay on a virtual clock, with files in memory, producers and a consumer
 * that a test controls. Its route is written as in a configuration.
 */
import type { LogFields, LogLevel } from "../../src/base/log.ts";
import { type Relay, startRelay } from "../../src/relay/relay.ts";
import type { Net } from "../../src/runtime/net.ts";
import { ConnectionLimit } from "../../src/runtime/connection_limit.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { read, routeWith } from "../config/parse.ts";
import { recordingLog } from "../spool/stories/surroundings.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { ScriptedListener } from "../support/scripted_listener.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { ConsumerConnection, ProducerConnection } from "./peers.ts";

export const DIRECTORY = "/journal";
export const FRAME_BYTES = 100;

export interface Said {
  readonly atMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** What the runtime reads ahead for all producers together. */
export const READ_AHEAD_BYTES_MAX = 3 * 512 * 1024;

export class VirtualRelay {
  readonly clock = new VirtualClock();
  files = new MemoryFiles();
  /** Everything that the relay has logged. */
  readonly log: Said[] = [];
  /** The consumer's connections; the last one is in use. */
  readonly consumers: ConsumerConnection[] = [];
  /** Does the consumer accept connections? Otherwise every attempt waits for ever. */
  consumerThere = true;
  readonly #listeners: ScriptedListener[] = [];

  /** Starts a route; `keys` are those of the configuration. */
  async relay(...keys: readonly string[]): Promise<Relay> {
    const { routes } = read(routeWith(`journal.dir = "${DIRECTORY}"`, ...keys));
    const log = () =>
      recordingLog(({ level, message, fields }) => {
        this.log.push({ atMs: this.clock.nowMs, level, message, fields });
      });
    const runtime = { pid: 1, net: this.#net, files: this.files } as unknown as Runtime;
    const connectionLimit = new ConnectionLimit(Infinity, 0);
    return await this.clock.run(
      startRelay({ routes, runtime, clock: this.clock, log, user: "somebody", connectionLimit }),
    );
  }

  /** A producer that has connected. */
  async produce(connection = new ProducerConnection()): Promise<ProducerConnection> {
    const [listener] = this.#listeners;
    listener.connect(connection);
    await this.clock.advance(0);
    return connection;
  }

  said(message: string): Said[] {
    return this.log.filter((line) => line.message.includes(message));
  }

  get #net(): Net {
    return {
      listen: () => {
        const listener = new ScriptedListener();
        this.#listeners.push(listener);
        return Promise.resolve(listener);
      },
      connect: () => {
        if (!this.consumerThere) return new Promise(() => {});
        const connection = new ConsumerConnection();
        this.consumers.push(connection);
        return Promise.resolve(connection);
      },
      resolve: () => Promise.resolve([]),
      readAheadBytesMax: READ_AHEAD_BYTES_MAX,
    };
  }
}
