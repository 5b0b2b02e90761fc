/**
 * A consumer that answers every message, and can crash: its connection is reset
 * with whatever it had not read, and what it had read without answering counts
 * as not processed.
 */
import { listenOn, type PeerAddress } from "./address.ts";
import { close, encode, messagesOf, type Wire, writeAll } from "./asker.ts";

export interface AnswererOptions {
  readonly listen: PeerAddress;
  readonly wire: Wire;
  /** Sent behind each answer, though it is part of none. */
  readonly stray?: string;
  /** What is said to the `attempt`-th coming of a message, from 1 on. */
  answerTo(text: string, attempt: number): string;
}

export class Answerer {
  /** Every message in the order in which it was processed, repeats too. */
  readonly processed: string[] = [];
  readonly attempts = new Map<string, number>();
  connections = 0;
  readonly #listener: Deno.Listener;
  #connection: Deno.Conn | undefined;
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(private readonly options: AnswererOptions) {
    this.#listener = listenOn(options.listen);
    this.#ended = this.#serveAll();
  }

  /** Loses its connection, in the middle of whatever it does. */
  crash(): void {
    close(this.#connection);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#listener.close();
    this.crash();
    await this.#ended;
  }

  async #serveAll(): Promise<void> {
    while (!this.#stopped) {
      try {
        const connection = this.#connection = await this.#listener.accept();
        this.connections++;
        await this.#serve(connection);
      } catch {
        // Stopped, or the connection was lost.
      }
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    try {
      for await (const text of messagesOf(connection, this.options.wire)) {
        const attempt = (this.attempts.get(text) ?? 0) + 1;
        this.attempts.set(text, attempt);
        // Processed first, answered then: an answer that is lost means a repeat, never a loss.
        this.processed.push(text);
        await writeAll(connection, encode(this.options.wire, this.options.answerTo(text, attempt), this.options.stray));
      }
    } finally {
      close(connection);
    }
  }
}
