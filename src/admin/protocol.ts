/**
 * The protocol of the control socket: each connection carries one JSON line as
 * the request and one JSON line as the answer. The requests are `{"ask":"status"}`
 * and `{"ask":"skip","until":SEQ,"preview":false}`, or with `"before_us":US` instead
 * of `until`; the answer is `{"answer":…}` or `{"error":"…","hint":"…","exit":N}`.
 */
import { EXIT, SpillwayError, usageError } from "../base/error.ts";
import type { SkipLimit } from "../journal/journal.ts";
import { UNIX_PATH_BYTES_MAX } from "../runtime/address.ts";

/** The control socket of the journal in `directory`. A path that does not fit has no socket. */
export function controlPath(
  directory: string,
): { readonly path: string; readonly bytes: number; readonly fits: boolean } {
  const path = `${directory}/control`;
  const bytes = new TextEncoder().encode(path).length;
  return { path, bytes, fits: bytes <= UNIX_PATH_BYTES_MAX };
}

/** The largest request in bytes, its newline included. */
export const REQUEST_BYTES_MAX = 1024;

export type Request =
  | { readonly ask: "status" }
  /** `preview`: only reports what would be dropped. */
  | { readonly ask: "skip"; readonly preview: boolean } & SkipLimit;

/** The answer to {@link Request} `skip`. */
export interface Skipped {
  /** Frames [from, until) will not be sent; `frames` and `bytes` of them were pending and count as dropped now. */
  readonly from: number;
  readonly until: number;
  readonly frames: number;
  readonly bytes: number;
  /** Frames before these that had been sent and not confirmed: each is delivered if confirmed, else dropped when its connection ends. */
  readonly inflight_frames: number;
  /** Frames delivered before these that the consumer's program may not have read; they are not sent again. */
  readonly unread_frames: number;
}

/** Parses a request; throws a SpillwayError that says what is wrong with it. */
export function parseRequest(line: string): Request {
  const request = parseObject(line) ?? {};
  switch (request.ask) {
    case "status":
      return { ask: "status" };
    case "skip":
      if (isCount(request.before_us)) {
        return { ask: "skip", beforeUs: request.before_us, preview: request.preview === true };
      }
      if (isCount(request.until)) return { ask: "skip", until: request.until, preview: request.preview === true };
      throw refusal(`skip: found until ${JSON.stringify(request.until)}, expected a sequence`);
    case undefined:
      throw refusal(`found ${JSON.stringify(line.slice(0, 60))}, expected a JSON object with "ask"`);
  }
  throw refusal(`found ask ${JSON.stringify(request.ask)}, this daemon knows "status" and "skip"`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** The line of an answer. */
export function encodeAnswer(answer: unknown): Uint8Array {
  return encodeLine({ answer });
}

/** The line of a refusal, with the error's message, hint and exit code. */
export function encodeError(error: SpillwayError): Uint8Array {
  return encodeLine({ error: error.message, hint: error.hint, exit: error.exit });
}

/** The line of a request. */
export function encodeRequest(request: Request): Uint8Array {
  if (request.ask !== "skip" || "until" in request) return encodeLine(request);
  const { ask, beforeUs, preview } = request;
  return encodeLine({ ask, before_us: beforeUs, preview });
}

/** The answer in a line of the daemon. Throws the SpillwayError in the line, or another one if the line is no answer. */
export function decodeAnswer(line: string): unknown {
  const reply = parseObject(line);
  if (typeof reply?.error === "string") {
    throw new SpillwayError(reply.error, {
      hint: typeof reply.hint === "string" ? reply.hint : undefined,
      exit: typeof reply.exit === "number" ? reply.exit : EXIT.failed,
    });
  }
  if (reply === undefined || !("answer" in reply)) {
    throw refusal(`the daemon said ${JSON.stringify(line.slice(0, 60))}, expected an answer`);
  }
  return reply.answer;
}

function encodeLine(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function refusal(message: string): SpillwayError {
  return usageError(`control socket: ${message}`, "ask with the same version of spillway that runs");
}
