/**
 * The control socket of one route: a unix socket in its journal's directory that
 * only this user may connect to, and the members of one group where one is named. It never holds up the relay, and the relay runs
 * without it: connections are few, requests short and quick, with one answer each.
 */
import type { Clock } from "../base/clock.ts";
import { EXIT, messageOf, SpillwayError, SystemError, usageError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { acceptEach } from "../runtime/accept_each.ts";
import { UNIX_PATH_BYTES_MAX } from "../runtime/address.ts";
import type { Connection, Listener, Net } from "../runtime/net.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import { openToGroup } from "./control_group.ts";
import { controlPath, encodeAnswer, encodeError, parseRequest, type Request, REQUEST_BYTES_MAX } from "./protocol.ts";

/** Connections at once; further ones are refused with an error. */
const CONNECTIONS_MAX = 16;
/** How long a client may take to send its request, and again to read its answer, in ms. */
const CLIENT_TIMEOUT_MS = 5000;

export interface ControlOptions {
  readonly directory: string;
  readonly net: Net;
  readonly connectionLimit: ConnectionLimit;
  readonly clock: Clock;
  readonly log: Log;
  /** The number of a group whose members may connect as well; undefined: none. */
  readonly group?: number;
  /** The route's answer; a SpillwayError that it rejects with is sent to the client. */
  readonly answer: (request: Request) => Promise<unknown>;
}

export class Control {
  readonly #connections = new Set<Connection>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;

  private constructor(private readonly listener: Listener, private readonly options: ControlOptions) {
    const { clock, log } = options;
    const accepting = { clock, log, signal: this.#closing.signal, peerKind: "a control connection" };
    this.#accepting = acceptEach(listener, accepting, (connection) => void this.#serve(connection));
  }

  /** Undefined, with a warning in the log, if the socket cannot be made. Never rejects. */
  static async open(options: ControlOptions): Promise<Control | undefined> {
    const { net, connectionLimit, directory, log } = options;
    const { path, bytes, fits } = controlPath(directory);
    try {
      if (!fits) {
        throw new SpillwayError(`${path}: found ${bytes} bytes, a socket's path has at most ${UNIX_PATH_BYTES_MAX}`);
      }
      const group = options.group === undefined ? undefined : await openToGroup(directory, options.group, log);
      const listener = await net.listen({ kind: "unix", path }, {
        private: true,
        group,
        filter: connectionLimit.filterForOthers(),
      });
      return new Control(listener, options);
    } catch (error) {
      log.say("control_unavailable", {
        error: messageOf(error),
      });
      return undefined;
    }
  }

  /** Resolves when the socket and its file are gone. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.listener.close();
    for (const connection of this.#connections) connection.close();
    await this.#accepting;
  }

  async #serve(connection: Connection): Promise<void> {
    this.#connections.add(connection);
    try {
      const line = await this.#inTime(connection, readLine(connection));
      const answer = await this.#answerTo(line);
      await this.#inTime(connection, writeAll(connection, answer));
    } catch { // the client is gone, or took too long
    } finally {
      connection.close();
      this.#connections.delete(connection);
    }
  }

  async #answerTo(line: string | undefined): Promise<Uint8Array> {
    try {
      if (this.#connections.size > CONNECTIONS_MAX) {
        throw new SpillwayError(`control socket: ${CONNECTIONS_MAX} connections are open already`, {
          hint: "ask again: none of them stays for long",
          exit: EXIT.busy,
        });
      }
      if (line === undefined) {
        const expected = `a line of at most ${REQUEST_BYTES_MAX} bytes that ends with a newline`;
        throw usageError(`control socket: expected ${expected}`);
      }
      return encodeAnswer(await this.options.answer(parseRequest(line)));
    } catch (error) {
      if (error instanceof SpillwayError) return encodeError(error);
      if (!(error instanceof SystemError)) {
        this.options.log.say("control_failed", { request: line, error: messageOf(error) });
      }
      return encodeError(new SpillwayError(messageOf(error)));
    }
  }

  /** The operation's outcome; after the time-out the connection is closed, which makes the operation fail. */
  async #inTime<T>(connection: Connection, operation: Promise<T>): Promise<T> {
    const done = new AbortController();
    this.options.clock.sleep(CLIENT_TIMEOUT_MS, done.signal).then(() => done.signal.aborted || connection.close());
    return await operation.finally(() => done.abort());
  }
}

/** Undefined if the connection ends before a newline, or the line is too long. */
async function readLine(connection: Connection): Promise<string | undefined> {
  const bytes = new Uint8Array(REQUEST_BYTES_MAX);
  for (let length = 0; length < bytes.length;) {
    const count = await connection.read(bytes.subarray(length));
    if (count === null) return undefined;
    const newline = bytes.subarray(length, length + count).indexOf(10);
    if (newline !== -1) return new TextDecoder().decode(bytes.subarray(0, length + newline));
    length += count;
  }
  return undefined;
}

async function writeAll(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}
