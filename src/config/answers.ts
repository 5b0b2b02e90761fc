/** The keys that have to do with answers: the consumer's to us, ours to the producer. */
import type { Framing } from "../framing/framing.ts";
import type { ReplyOptions, RouteSource, RouteTarget } from "../relay/options.ts";
import { checkFramingKeys, resolveFraming } from "./framing.ts";
import { renderFraming } from "./render.ts";
import type { RawRoute } from "./schema.ts";
import type { RouteScope } from "./scope.ts";
import { timer } from "./timer.ts";

const REPLY_BYTES_MAX = 1024;
const REPLY_TIMEOUT_MS = 30_000;
const REPLY_ATTEMPTS = 3;
const WINDOW = 1024;

/** What the rest of the route, resolved, says to its answers. */
export interface AnswersContext {
  /** The route's own. */
  readonly framing: Framing;
  readonly maxConnections: number;
  readonly memoryMaxBytes: number;
}

/** `source.reply`, and the rules that it has with other keys. */
export function resolveSourceReply(raw: RawRoute, framing: Framing, scope: RouteScope): RouteSource["reply"] {
  const reply = new TextEncoder().encode(raw.source?.reply ?? "");
  if (reply.length === 0) return reply;
  const refuse = (allowed: string, hint: string) => scope.refuse(["source", "reply"], allowed, hint);
  if (reply.length > REPLY_BYTES_MAX) {
    refuse(`at most ${REPLY_BYTES_MAX} bytes; these are ${reply.length}`, "a short acknowledgement is enough");
  }
  if (raw.journal?.mode !== "always" && !scope.isBroken("journal", "mode")) {
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
  if (framing.type === "raw") refuse("nothing with raw framing", "without messages there is nothing to answer");
  return reply;
}

/** `target.confirm`, what belongs to `confirm = "reply"`, and `target.replies`. */
export function resolveAnswers(
  raw: RawRoute,
  context: AnswersContext,
  scope: RouteScope,
): Pick<RouteTarget, "confirm" | "reply" | "forwardReplies"> {
  const confirm = raw.target?.confirm ?? "acked";
  if (confirm === "reply" && context.framing.type === "raw") {
    const hint = 'choose a framing that has messages, such as "line": without them there is nothing to answer';
    scope.refuse(["target", "confirm"], '"written" or "acked" with raw framing', hint);
  }
  const isWanted = confirm === "reply" || scope.isBroken("target", "confirm");
  const reply = isWanted ? resolveReply(raw, context, scope) : usualReply(raw, context, scope);
  return { confirm, reply, forwardReplies: resolveForward(raw, context.maxConnections, scope) };
}

function resolveForward(raw: RawRoute, maxConnections: number, scope: RouteScope): boolean {
  if (raw.target?.replies !== "forward") return false;
  const couldBeOne = scope.isBroken("source", "max_connections") || scope.isBroken("source", "connect") ||
    scope.isBroken("framing");
  if (maxConnections !== 1 && !couldBeOne) {
    const hint = "set source.max_connections = 1: with several producers nobody could tell whose answer it is";
    scope.refuse(["target", "replies"], '"discard", unless source.max_connections = 1', hint);
  }
  return true;
}

function resolveReply(raw: RawRoute, { framing, memoryMaxBytes }: AnswersContext, scope: RouteScope): ReplyOptions {
  const target = raw.target ?? {};
  const given = target.reply_framing;
  const replyFraming = given === undefined ? framing : resolveFraming(given, memoryMaxBytes);
  if (given !== undefined) checkFramingKeys(["target", "reply_framing"], replyFraming, memoryMaxBytes, scope);
  return {
    framing: replyFraming,
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
    if (!(thrown instanceof SyntaxError)) throw thrown;
    // One engine repeats the pattern, line breaks and all; the message has it already.
    const reason = thrown.message.replace("Invalid regular expression: ", "").replace(`/${pattern}/: `, "");
    const hint = "between single quotes, as in 'MSA\\|A[AC]', TOML leaves backslashes alone";
    scope.refuse(["target", "reply_ok"], `a JavaScript regular expression; this is none: ${reason}`, hint);
    return undefined;
  }
}

/** The defaults. Anything else is refused: it would have no effect. */
function usualReply(raw: RawRoute, { framing, memoryMaxBytes }: AnswersContext, scope: RouteScope): ReplyOptions {
  const target = raw.target ?? {};
  const refuse = (key: keyof typeof target, allowed: string) => {
    const hint = 'set target.confirm = "reply", to which it belongs, or leave it out';
    scope.refuse(["target", key], `${allowed}, while target.confirm is not "reply"`, hint);
  };
  const given = target.reply_framing;
  const isOther = given !== undefined &&
    renderFraming(resolveFraming(given, memoryMaxBytes)) !== renderFraming(framing);
  if (isOther && !scope.isBroken("framing")) refuse("reply_framing", "the route's framing");
  if ((target.reply_timeout ?? REPLY_TIMEOUT_MS) !== REPLY_TIMEOUT_MS) refuse("reply_timeout", '"30s"');
  if ((target.reply_ok ?? "") !== "") refuse("reply_ok", '""');
  if ((target.reply_attempts ?? REPLY_ATTEMPTS) !== REPLY_ATTEMPTS) refuse("reply_attempts", String(REPLY_ATTEMPTS));
  if ((target.window ?? WINDOW) !== WINDOW) refuse("window", String(WINDOW));
  return { framing, timeoutMs: REPLY_TIMEOUT_MS, ok: undefined, attempts: REPLY_ATTEMPTS, window: WINDOW };
}
