/**
 * A producer that believes nothing it has not been told: it sends numbered
 * messages, waits for an answer to each, and after a lost connection sends
 * again whatever was not answered.
 */
import { connectEventually, type PeerAddress } from "./address.ts";

/** How messages and answers look on the wire: text between `start` and `end`. */
export interface Wire {
  readonly start: string;
  readonly end: string;
}

export const LINES: Wire = { start: "", end: "\n" };
/** The minimal lower layer protocol of HL7. */
export const MLLP: Wire = { start: "\u000b", end: "\u001c\r" };

export interface AskerOptions {
  readonly connect: PeerAddress;
  readonly wire: Wire;
  /** Messages 0 to `count` are sent. */
  readonly count: number;
  /** Messages sent and not answered, at most. */
  readonly window: number;
  messageOf(number: number): string;
  /** Sent behind each message, though it is part of none. */
  readonly stray?: string;
  /** Is this the answer to message `number`? */
  accepts(number: number, answer: string): boolean;
}

export class Asker {
  /** Messages before this one have been answered. */
  answered = 0;
  connections = 0;
  /** The first answer that was not the one expected. */
  wrong: string | undefined;
  readonly done: Promise<void>;
  readonly #stop = new AbortController();
  #connection: Deno.Conn | undefined;

  constructor(private readonly options: AskerOptions) {
    this.done = this.#run();
    this.done.catch(() => {});
  }

  stop(): void {
    this.#stop.abort();
    close(this.#connection);
  }

  async #run(): Promise<void> {
    while (this.answered < this.options.count && this.wrong === undefined && !this.#stop.signal.aborted) {
      const connection = this.#connection = await connectEventually(this.options.connect, this.#stop.signal);
      this.connections++;
      try {
        await this.#ask(connection);
      } catch {
        // Lost: what was not answered is sent again.
      } finally {
        close(connection);
      }
    }
  }

  async #ask(connection: Deno.Conn): Promise<void> {
    const { count, window } = this.options;
    const answers = messagesOf(connection, this.options.wire);
    let sent = this.answered;
    while (this.answered < count) {
      while (sent < Math.min(count, this.answered + window)) {
        await writeAll(connection, encode(this.options.wire, this.options.messageOf(sent++), this.options.stray));
      }
      const { value: answer, done } = await answers.next();
      if (done) return;
      if (!this.options.accepts(this.answered, answer)) {
        this.wrong = `to message ${this.answered}: ${JSON.stringify(answer)}`;
        return;
      }
      this.answered++;
    }
  }
}

export function encode({ start, end }: Wire, text: string, stray = ""): Uint8Array {
  return new TextEncoder().encode(`${start}${text}${end}${stray}`);
}

export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) from += await connection.write(bytes.subarray(from));
}

/** The texts that come on a connection, until its end; an unfinished one is discarded. */
export async function* messagesOf(connection: Deno.Conn, { start, end }: Wire): AsyncGenerator<string> {
  const decoder = new TextDecoder("latin1");
  const bytes = new Uint8Array(64 * 1024);
  let held = "";
  for (let count = await connection.read(bytes); count !== null; count = await connection.read(bytes)) {
    held += decoder.decode(bytes.subarray(0, count), { stream: true });
    for (let at = held.indexOf(end); at >= 0; at = held.indexOf(end)) {
      const text = held.slice(0, at);
      held = held.slice(at + end.length);
      if (!text.startsWith(start)) throw new Error(`no message: ${JSON.stringify(text)}`);
      yield text.slice(start.length);
    }
  }
}

export function close(connection: Deno.Conn | undefined): void {
  try {
    connection?.close();
  } catch { /* closed already */ }
}
