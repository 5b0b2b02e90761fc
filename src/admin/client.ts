/** Asking the daemon that has a journal, through its control socket. */
import { EXIT, failedWith, messageOf, SpillwayError } from "../base/error.ts";
import type { SkipLimit } from "../journal/journal.ts";
import { UNIX_PATH_BYTES_MAX } from "../runtime/address.ts";
import type { Connection, Net } from "../runtime/net.ts";
import { CONTROL_NAME, decodeAnswer, encodeRequest, type Request, type Skipped } from "./protocol.ts";
import type { RouteStatus } from "./status.ts";

/** How long a daemon may take to tell its state. */
const STATUS_MS = 2000;
/** How long it may take to count what it gives up: it may have to read the headers of a whole segment. */
const SKIP_MS = 60_000;
/** An answer is no longer than this. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** What came of asking: an answer; nobody listens there; somebody does, and said nothing in time. */
export type Asked<T> =
  | { readonly kind: "answered"; readonly answer: T }
  | { readonly kind: "absent" }
  | { readonly kind: "silent"; readonly why: string };

/** The state of the route whose journal is in `directory`. Rejects with a SpillwayError that the daemon answered with. */
export function askStatus(net: Net, directory: string): Promise<Asked<RouteStatus>> {
  return ask(net, directory, { ask: "status" }, STATUS_MS);
}

/**
 * Has the daemon give up what is pending below a sequence (at most that of the
 * next frame to be received), or what came before a time; with `preview` it only
 * tells what that would be. Rejects with a SpillwayError that the daemon answered
 * with, as where the sequence is beyond what has been received.
 */
export function askSkip(
  net: Net,
  directory: string,
  limit: number | SkipLimit,
  preview = false,
): Promise<Asked<Skipped>> {
  const until = typeof limit === "number" ? { until: limit } : limit;
  return ask(net, directory, { ask: "skip", ...until, preview }, SKIP_MS);
}

async function ask<T>(net: Net, directory: string, request: Request, patienceMs: number): Promise<Asked<T>> {
  const path = `${directory}/${CONTROL_NAME}`;
  if (new TextEncoder().encode(path).length > UNIX_PATH_BYTES_MAX) return { kind: "absent" };
  let connection: Connection;
  try {
    connection = await net.connect({ kind: "unix", path }, patienceMs);
  } catch (error) {
    return refused(error);
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.close();
  }, patienceMs);
  try {
    return { kind: "answered", answer: decodeAnswer(await exchange(connection, encodeRequest(request))) as T };
  } catch (error) {
    // A crowd asks: it cannot answer now, and its files can.
    const isBusy = error instanceof SpillwayError && error.exit === EXIT.busy && request.ask === "status";
    if (error instanceof SpillwayError && !isBusy) throw error;
    return { kind: "silent", why: late ? `no answer within ${patienceMs / 1000} s` : messageOf(error) };
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

function refused(error: unknown): Exclude<Asked<never>, { kind: "answered" }> {
  // Nothing there, or what a daemon that was killed has left.
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
