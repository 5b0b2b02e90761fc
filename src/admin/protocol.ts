/**
 * What is said on the control socket: one JSON line asks, one JSON line
 * answers, and the connection is over. `{"ask":"status"}` and
 * `{"ask":"skip","until":SEQ,"preview":false}`, or with `"before_us":US` instead
 * of `until`, are answered with `{"answer":…}`, or with `{"error":"…","hint":"…","exit":N}`.
 */
import { EXIT, SpillwayError, usageError } from "../base/error.ts";
import type { SkipLimit } from "../journal/journal.ts";

/** The socket's name in the journal's directory. */
export const CONTROL_NAME = "control";

/** A request is no longer than this, its newline included. */
export const REQUEST_BYTES_MAX = 1024;

export type Request =
  | { readonly ask: "status" }
  /** `preview`: only tells what would be given up. */
  | { readonly ask: "skip"; readonly preview: boolean } & SkipLimit;

/** What was given up by {@link Request} `skip`. */
export interface Skipped {
  /** Frames [from, until) will not be sent; `frames` and `bytes` of them were pending and count as dropped now. */
  readonly from: number;
  readonly until: number;
  readonly frames: number;
  readonly bytes: number;
  /** Frames before these that had been sent and not confirmed: delivered if they are, dropped with their connection. */
  readonly inflight_frames: number;
  /** Frames delivered before these that the consumer's program may not have read; they are not sent again. */
  readonly unread_frames: number;
}

/** Reads a request; throws a SpillwayError that says what is wrong with it. */
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

/** The line that answers. */
export function encodeAnswer(answer: unknown): Uint8Array {
  return encodeLine({ answer });
}

/** The line that refuses: with its message, hint and exit code. */
export function encodeError(error: SpillwayError): Uint8Array {
  return encodeLine({ error: error.message, hint: error.hint, exit: error.exit });
}

/** The line that asks. */
export function encodeRequest(request: Request): Uint8Array {
  if (request.ask !== "skip" || "until" in request) return encodeLine(request);
  const { ask, beforeUs, preview } = request;
  return encodeLine({ ask, before_us: beforeUs, preview });
}

/** The answer in a line of the daemon; throws the SpillwayError that it says, or one if it is no answer. */
export function decodeAnswer(line: string): unknown {
  const said = parseObject(line);
  if (typeof said?.error === "string") {
    throw new SpillwayError(said.error, {
      hint: typeof said.hint === "string" ? said.hint : undefined,
      exit: typeof said.exit === "number" ? said.exit : EXIT.failed,
    });
  }
  if (said === undefined || !("answer" in said)) {
    throw refusal(`the daemon said ${JSON.stringify(line.slice(0, 60))}, expected an answer`);
  }
  return said.answer;
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
