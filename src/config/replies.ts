/** The keys that have to do with replies: the consumer's to us, ours to the producer. */
import { type Framing, hasMessages } from "../framing/framing.ts";
import { sameFraming } from "../framing/text.ts";
import type { ReplyOptions, RouteSource, RouteTarget } from "../relay/options.ts";
import { checkFramingKeys, resolveFraming } from "./framing.ts";
import { defaultOf } from "./keys/key.ts";
import { TARGET } from "./keys/target.ts";
import { valueOf } from "./options.ts";
import { describeValue } from "./problem.ts";
import type { RawRoute } from "./schema.ts";
import type { RouteScope } from "./scope.ts";

const REPLY_BYTES_MAX = 1024;

/** What is asked of replies: values of keys or flags, absent where nothing is said. */
export interface GivenReplyRules {
  readonly timeoutMs?: number;
  /** A regular expression; empty: every reply is good. */
  readonly ok?: string;
  readonly attempts?: number;
  readonly window?: number;
}

/** The rules for replies, with the defaults filled in. Calls `refuseOk` with what is wrong with the regular expression. */
export function resolveReplyRules(
  given: GivenReplyRules,
  refuseOk: (reason: string) => void,
): Omit<ReplyOptions, "framing"> {
  return {
    timeoutMs: given.timeoutMs ?? defaultOf(TARGET.reply_timeout),
    ok: compilePattern(given.ok ?? defaultOf(TARGET.reply_ok), refuseOk),
    attempts: given.attempts ?? defaultOf(TARGET.reply_attempts),
    window: given.window ?? defaultOf(TARGET.window),
  };
}

function compilePattern(pattern: string, refuse: (reason: string) => void): RegExp | undefined {
  if (pattern === "") return undefined;
  try {
    return new RegExp(pattern);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    // One engine repeats the pattern, line breaks and all; the message has it already.
    refuse(thrown.message.replace("Invalid regular expression: ", "").replace(`/${pattern}/: `, ""));
    return undefined;
  }
}

/** What the rest of the route, resolved, says to its replies. */
export interface ReplyContext {
  /** The route's own. */
  readonly framing: Framing;
  readonly maxConnections: number;
  readonly memoryMaxBytes: number;
}

/** Refuses a `source.reply` that other keys contradict. */
export function checkSourceReply(
  reply: RouteSource["reply"],
  raw: RawRoute,
  framing: Framing,
  scope: RouteScope,
): void {
  if (reply.length === 0) return;
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
  if (!hasMessages(framing)) refuse("nothing with raw framing", "without messages there is nothing to answer");
}

/** The rules of `confirm = "reply"`. Where another `confirm` is chosen, only the defaults are allowed. */
export function resolveReply(
  confirm: RouteTarget["confirm"],
  raw: RawRoute,
  context: ReplyContext,
  scope: RouteScope,
): ReplyOptions {
  if (confirm === "reply" && !hasMessages(context.framing)) {
    const hint = 'choose a framing that has messages, such as "line": without them there is nothing to answer';
    scope.refuse(["target", "confirm"], '"written" or "acked" with raw framing', hint);
  }
  const isWanted = confirm === "reply" || scope.isBroken("target", "confirm");
  return isWanted ? givenReply(raw, context, scope) : usualReply(raw, context, scope);
}

/** Is what the consumer sends to go to the producer? */
export function resolveForward(raw: RawRoute, maxConnections: number, scope: RouteScope): boolean {
  if (raw.target?.replies !== "forward") return false;
  const couldBeOne = scope.isBroken("source", "max_connections") || scope.isBroken("source", "connect") ||
    scope.isBroken("framing");
  if (maxConnections !== 1 && !couldBeOne) {
    const hint = "set source.max_connections = 1: with several producers nobody could tell whose answer it is";
    scope.refuse(["target", "replies"], '"discard", unless source.max_connections = 1', hint);
  }
  return true;
}

function givenReply(raw: RawRoute, { framing, memoryMaxBytes }: ReplyContext, scope: RouteScope): ReplyOptions {
  const { reply_framing, reply_timeout, reply_ok: ok, reply_attempts: attempts, window } = raw.target ?? {};
  const own = reply_framing === undefined ? undefined : resolveFraming(reply_framing, memoryMaxBytes);
  if (own !== undefined) checkFramingKeys(["target", "reply_framing"], own, memoryMaxBytes, scope);
  const timeoutMs = valueOf(TARGET.reply_timeout, reply_timeout, ["target", "reply_timeout"], scope);
  const rules = resolveReplyRules({ timeoutMs, ok, attempts, window }, (reason) => {
    const hint = "between single quotes, as in 'MSA\\|A[AC]', TOML leaves backslashes alone";
    scope.refuse(["target", "reply_ok"], `a JavaScript regular expression; this is none: ${reason}`, hint);
  });
  return { framing: own ?? framing, ...rules };
}

/** The defaults. Anything else is refused: it would have no effect. */
function usualReply(raw: RawRoute, { framing, memoryMaxBytes }: ReplyContext, scope: RouteScope): ReplyOptions {
  const target = raw.target ?? {};
  const refuse = (key: keyof typeof target, allowed: string) => {
    const hint = 'set target.confirm = "reply", to which it belongs, or leave it out';
    scope.refuse(["target", key], `${allowed}, while target.confirm is not "reply"`, hint);
  };
  const given = target.reply_framing;
  const isOther = given !== undefined && !sameFraming(resolveFraming(given, memoryMaxBytes), framing);
  if (isOther && !scope.isBroken("framing")) refuse("reply_framing", "the route's framing");
  for (const key of ["reply_timeout", "reply_ok", "reply_attempts", "window"] as const) {
    const usual = defaultOf<unknown>(TARGET[key]);
    if ((target[key] ?? usual) !== usual) refuse(key, describeValue(TARGET[key].default));
  }
  return { framing, ...resolveReplyRules({}, () => {}) };
}
