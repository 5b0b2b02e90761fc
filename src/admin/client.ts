/** Requests to the daemon that has a journal, through its control socket. */
import { EXIT, failedWith, messageOf, SpillwayError } from "../base/error.ts";
import type { SkipLimit } from "../journal/journal.ts";
import type { Connection, Net } from "../runtime/net.ts";
import { controlPath, decodeAnswer, encodeRequest, type Request, type Skipped } from "./protocol.ts";
import type { RouteStatus } from "./status.ts";

/** How long a daemon may take to report its state, in ms. */
const STATUS_TIMEOUT_MS = 2000;
/** How long a daemon may take to count what it drops, in ms: it may have to read the headers of a whole segment. */
const SKIP_TIMEOUT_MS = 60_000;
/** The largest answer in bytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** The result of a request. `absent`: no process listens on the socket; `silent`: one does, and gave no answer in time. */
export type Asked<T> =
  | { readonly kind: "answered"; readonly answer: T }
  | { readonly kind: "absent" }
  | { readonly kind: "silent"; readonly why: string };

/** The state of the route whose journal is in `directory`. Rejects with the SpillwayError that the daemon answered. */
export function askStatus(net: Net, directory: string): Promise<Asked<RouteStatus>> {
  return ask(net, directory, { ask: "status" }, STATUS_TIMEOUT_MS);
}

/**
 * Has the daemon drop what is pending below a sequence (at most that of the next
 * frame to be received), or what arrived before a time; with `preview` the daemon
 * only reports what that would be. Rejects with the SpillwayError that the daemon
 * answered, for example because the sequence is beyond what has been received.
 */
export function askSkip(
  net: Net,
  directory: string,
  limit: number | SkipLimit,
  preview = false,
): Promise<Asked<Skipped>> {
  const until = typeof limit === "number" ? { until: limit } : limit;
  return ask(net, directory, { ask: "skip", ...until, preview }, SKIP_TIMEOUT_MS);
}

async function ask<T>(net: Net, directory: string, request: Request, timeoutMs: number): Promise<Asked<T>> {
  const { path, fits } = controlPath(directory);
  if (!fits) return { kind: "absent" };
  let connection: Connection;
  try {
    connection = await net.connect({ kind: "unix", path }, timeoutMs);
  } catch (error) {
    return refused(error);
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.close();
  }, timeoutMs);
  try {
    return { kind: "answered", answer: decodeAnswer(await exchange(connection, encodeRequest(request))) as T };
  } catch (error) {
    // A daemon with too many requests cannot answer now; its files can be read instead.
    const isBusy = error instanceof SpillwayError && error.exit === EXIT.busy && request.ask === "status";
    if (error instanceof SpillwayError && !isBusy) throw error;
    return { kind: "silent", why: late ? `no answer within ${timeoutMs / 1000} s` : messageOf(error) };
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

function refused(error: unknown): Exclude<Asked<never>, { kind: "answered" }> {
  // No socket, or one that a killed daemon has left.
  if (failedWith(error, "ENOENT", "ENOTDIR", "ECONNREFUSED")) return { kind: "absent" };
  return { kind: "silent", why: messageOf(error) };
}

async function exchange(connection: Connection, request: Uint8Array): Promise<string> {
  for (let written = 0; written < request.length;) written += await connection.write(request.subarray(written));
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(64 * 1024);
  for (let text = "";;) {
    const count = await connection.read(bytes);
    if (count !== null) text += decoder.decode(bytes.subarray(0, count), { stream: true });
    const newline = text.indexOf("\n");
    if (newline !== -1) return text.slice(0, newline);
    if (count === null || text.length > ANSWER_BYTES_MAX) throw new Error("the connection ended without an answer");
  }
}
