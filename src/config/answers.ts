/** The keys that have to do with answers: the consumer's to us, ours to the producer. */
import type { ReplyOptions, SourceOptions, TargetOptions } from "../relay/options.ts";
import { formatDurationExactly, formatSizeExactly } from "./exact.ts";
import { largestFrame, resolveFraming } from "./framing.ts";
import { timer } from "./timer.ts";
import type { RouteScope } from "./route.ts";
import type { RawRoute } from "./schema.ts";

const REPLY_BYTES_MAX = 1024;
const REPLY_TIMEOUT_MS = 30_000;
const REPLY_ATTEMPTS = 3;
const WINDOW = 1024;

/** `source.reply`, and the rules that it has with other keys. */
export function resolveSourceReply(raw: RawRoute, scope: RouteScope): SourceOptions["reply"] {
  const reply = new TextEncoder().encode(raw.source?.reply ?? "");
  if (reply.length === 0) return reply;
  const refuse = (allowed: string, hint: string) => scope.refuse(["source", "reply"], allowed, hint);
  if (reply.length > REPLY_BYTES_MAX) refuse(`at most ${REPLY_BYTES_MAX} bytes`, "a short acknowledgement is enough");
  if (raw.journal?.mode !== "always") {
    refuse('nothing, unless journal.mode = "always"', 'set journal.mode = "always": only what is appended is safe');
  }
  if (raw.target?.replies === "forward") {
    refuse('nothing with target.replies = "forward"', "a producer gets one answer to a frame: leave one of them out");
  }
  if (raw.journal?.when_full === "drop-newest") {
    const hint =
      'use journal.when_full = "disconnect": a dropped frame has no answer, and later ones would be counted for it';
    refuse('nothing with journal.when_full = "drop-newest"', hint);
  }
  if (isRaw(raw)) refuse("nothing with raw framing", "without messages there is nothing to answer");
  return reply;
}

/** `target.confirm` and what belongs to `confirm = "reply"`. */
export function resolveAnswers(
  raw: RawRoute,
  memoryMaxBytes: number,
  scope: RouteScope,
): Pick<TargetOptions, "confirm" | "reply" | "forwardReplies"> {
  const target = raw.target ?? {};
  const confirm = target.confirm ?? "acked";
  if (confirm !== "reply") refuseWithoutReply(raw, scope);
  else if (isRaw(raw)) scope.refuse(["target", "confirm"], '"written" or "acked" with raw framing');
  const forwardReplies = target.replies === "forward";
  const single = raw.source?.connect !== undefined || raw.source?.max_connections === 1 || isRaw(raw);
  if (forwardReplies && !single) {
    const hint = "set source.max_connections = 1: with several producers nobody could tell whose answer it is";
    scope.refuse(["target", "replies"], '"discard", unless source.max_connections = 1', hint);
  }
  return { confirm, reply: resolveReply(raw, memoryMaxBytes, scope), forwardReplies };
}

function resolveReply(raw: RawRoute, memoryMaxBytes: number, scope: RouteScope): ReplyOptions {
  const target = raw.target ?? {};
  const framing = resolveFraming(target.reply_framing ?? raw.framing, memoryMaxBytes);
  const quarter = Math.floor(memoryMaxBytes / 4);
  if (target.reply_framing !== undefined && largestFrame(framing) > quarter && !scope.isBroken("memory")) {
    const allowed = `frames of at most ${formatSizeExactly(quarter)}, a quarter of memory.max_bytes`;
    scope.refuse(["target", "reply_framing"], allowed);
  }
  return {
    framing,
    timeoutMs: timer(target.reply_timeout, REPLY_TIMEOUT_MS, 1, ["target", "reply_timeout"], scope),
    ok: resolveReplyOk(target.reply_ok ?? "", scope),
    attempts: target.reply_attempts ?? REPLY_ATTEMPTS,
    window: target.window ?? WINDOW,
  };
}

function resolveReplyOk(pattern: string, scope: RouteScope): RegExp | undefined {
  if (pattern === "") return undefined;
  try {
    return new RegExp(pattern);
  } catch (thrown) {
    const reason = thrown instanceof Error
      ? thrown.message.replace(/^Invalid regular expression: /, "")
      : String(thrown);
    scope.refuse(["target", "reply_ok"], `a regular expression; this is none: ${reason}`);
    return undefined;
  }
}

/** Keys that say something and would have no effect. */
function refuseWithoutReply(raw: RawRoute, scope: RouteScope): void {
  const target = raw.target ?? {};
  const usual: readonly (readonly [keyof typeof target, unknown, string])[] = [
    ["reply_framing", "line", '"line"'],
    ["reply_timeout", REPLY_TIMEOUT_MS, JSON.stringify(formatDurationExactly(REPLY_TIMEOUT_MS))],
    ["reply_ok", "", '""'],
    ["reply_attempts", REPLY_ATTEMPTS, String(REPLY_ATTEMPTS)],
    ["window", WINDOW, String(WINDOW)],
  ];
  for (const [key, value, shown] of usual) {
    if (target[key] === undefined || target[key] === value) continue;
    const hint = 'set target.confirm = "reply", to which it belongs, or leave it out';
    scope.refuse(["target", key], `${shown}, while target.confirm is not "reply"`, hint);
  }
}

function isRaw({ framing }: RawRoute): boolean {
  return (typeof framing === "object" ? framing.type : framing) === "raw";
}
