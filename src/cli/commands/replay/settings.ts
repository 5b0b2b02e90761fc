/** The flags of `spillway replay`, read strictly: what could have no effect is refused. */
import { parseDuration, parseSize } from "../../../base/quantity.ts";
import { messageOf, SpillwayError, usageError } from "../../../base/error.ts";
import { resolveFraming } from "../../../config/framing.ts";
import { FRAMING_WORDS } from "../../../config/keys/framing.ts";
import { describe, wordsOf } from "../../../config/keys/key.ts";
import { TARGET } from "../../../config/keys/target.ts";
import { resolveReplyRules } from "../../../config/replies.ts";
import { type Framing, hasMessages } from "../../../framing/framing.ts";
import type { ReplyOptions } from "../../../relay/options.ts";
import type { Pace } from "../../../replay/pacer.ts";
import { formatAddress, parseAddress } from "../../../runtime/address.ts";
import type { Address } from "../../../runtime/net.ts";
import type { RewindPolicy } from "../../../spool/rewind.ts";
import type { Flag, Invocation } from "../../command.ts";
import { SELECTION_FLAGS } from "../../args/selection.ts";

const CONFIRM_WORDS = wordsOf(TARGET.confirm)!;
/** Framings of answers that need no more than their name. */
const REPLY_FRAMINGS: readonly string[] = FRAMING_WORDS.filter((type) => hasMessages(resolveFraming(type, Infinity)));

export const REPLAY_FLAGS: readonly Flag[] = [
  {
    name: "to",
    value: "ADDR",
    description: "where to send: host:port, [v6]:port, unix:/path, or - for standard output",
  },
  ...SELECTION_FLAGS,
  { name: "rate", value: "SIZE", description: "at most so much a second: 10MB/s" },
  { name: "speed", value: "SPEED", description: "the recorded pace: 1x, 2x, 0.5x; or max (default)" },
  { name: "max-gap", value: "TIME", description: "with --speed: no recorded gap lasts longer" },
  {
    name: "confirm",
    value: "KIND",
    values: CONFIRM_WORDS,
    description: describe("{default} (default), written, or reply: the target answers each frame", TARGET.confirm),
  },
  { name: "rewind", value: "SIZE", description: describe(TARGET.rewind.flag.description, TARGET.rewind) },
  {
    name: "reply-framing",
    value: "KIND",
    description: `how it frames its answers: ${REPLY_FRAMINGS.join(", ")}. Default: as the journal`,
  },
  {
    name: "reply-timeout",
    value: "TIME",
    description: describe("connect anew when an answer is this late. Default: {default}", TARGET.reply_timeout),
  },
  { name: "reply-ok", value: "REGEX", description: "what a good answer matches; after three bad ones the replay ends" },
  {
    name: "window",
    value: "N",
    description: describe("frames sent and not yet answered, at most. Default: {default}", TARGET.window),
  },
  { name: "retries", value: "N", description: "attempts in a row without progress, after the first. Default: 10" },
  { name: "progress-file", value: "FILE", description: "remember here how far it came, and go on from there" },
  { name: "allow-gaps", description: "send although frames are missing" },
  { name: "dry-run", description: "say what would be sent, and how long that takes" },
];

export interface ReplySettings extends Omit<ReplyOptions, "framing"> {
  /** Undefined: as the journal's frames. */
  readonly framing: Framing | undefined;
}

export interface ReplaySettings {
  /** Undefined: with `--dry-run` nothing need be said. */
  readonly to: Address | "stdout" | undefined;
  /** For messages. */
  readonly target: string;
  /** Bytes a second; 0 = no limit. */
  readonly rateBytes: number;
  /** Undefined: as fast as it goes. */
  readonly pace: Pace | undefined;
  readonly confirm: "written" | "acked" | ReplySettings;
  readonly rewind: RewindPolicy;
  readonly retries: number;
  readonly progressFile: string | undefined;
  readonly allowGaps: boolean;
  readonly dryRun: boolean;
}

const REPLY_FLAGS = ["reply-framing", "reply-timeout", "reply-ok", "window"];
const REWIND_BYTES_MAX = 2 ** 30;
const MAX_NUMBER = 1_000_000_000;

/** Throws a SpillwayError (exit 2) that names the flag. */
export function replaySettings({ values, switches }: Invocation): ReplaySettings {
  const dryRun = switches.has("dry-run");
  if (values.to === undefined && !dryRun) {
    throw usageError(
      "replay needs --to, where to send",
      "for example --to server-b:9001, or --to - for standard output",
    );
  }
  const to = values.to === undefined ? undefined : values.to === "-" ? "stdout" : targetAddress(values.to);
  return {
    to,
    target: to === undefined || to === "stdout" ? "standard output" : formatAddress(to),
    rateBytes: rateOf(values.rate),
    pace: paceOf(values.speed, values["max-gap"]),
    confirm: confirmOf(values, to),
    rewind: values.rewind === undefined || values.rewind === "auto" ? "auto" : rewindBytes(values.rewind),
    retries: wholeNumber(values, "retries", 0) ?? 10,
    progressFile: values["progress-file"],
    allowGaps: switches.has("allow-gaps"),
    dryRun,
  };
}

function targetAddress(text: string): Address {
  const address = named("to", () => parseAddress(text));
  if (address.kind === "unix" || (address.host !== "" && address.port > 0)) return address;
  throw usageError(`--to: "${text}" has no ${address.host === "" ? "host" : "port"}`, "for example --to server-b:9001");
}

function rateOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const bytes = named("rate", () => parseSize(text.replace(/\/s$/, "")));
  if (bytes === 0) throw usageError(`--rate: "${text}" would never send anything`, "leave it out for no limit");
  return bytes;
}

function rewindBytes(text: string): number {
  const bytes = named("rewind", () => parseSize(text));
  if (bytes <= REWIND_BYTES_MAX) return bytes;
  throw usageError(
    `--rewind: found "${text}", allowed: at most 1GiB`,
    "or auto, which goes back by what may be unread",
  );
}

function paceOf(speed = "max", maxGap: string | undefined): Pace | undefined {
  if (speed === "max") {
    if (maxGap === undefined) return undefined;
    throw usageError("--max-gap is given without --speed", "at full speed there are no gaps: add --speed 1x");
  }
  const factor = /^\d+(\.\d+)?x?$/.test(speed) ? Number(speed.replace("x", "")) : 0;
  if (factor < 0.001 || factor > 1000) {
    throw usageError(
      `--speed: "${speed}" is not a speed`,
      "allowed: 0.001x to 1000x, such as 1x, 2x or 0.5x, or max",
    );
  }
  const maxGapMs = maxGap === undefined ? Number.POSITIVE_INFINITY : named("max-gap", () => parseDuration(maxGap));
  return { speed: factor, maxGapMs };
}

function confirmOf(values: Invocation["values"], to: Address | "stdout" | undefined): ReplaySettings["confirm"] {
  const kind = values.confirm ?? TARGET.confirm.default;
  if (kind !== "written" && kind !== "acked" && kind !== "reply") {
    throw usageError(`--confirm: found "${kind}"`, `allowed: ${CONFIRM_WORDS.join(", ")}`);
  }
  const needless = REPLY_FLAGS.find((flag) => values[flag] !== undefined);
  if (kind !== "reply" && needless !== undefined) {
    throw usageError(`--${needless} is given without --confirm reply`, "add that, or leave it out");
  }
  if (to === "stdout" && values.confirm !== undefined && kind !== "written") {
    throw usageError(`--confirm ${kind}: standard output confirms nothing`, "leave it out");
  }
  if (kind !== "reply") return to === "stdout" ? "written" : kind;
  return {
    framing: replyFraming(values["reply-framing"]),
    ...resolveReplyRules({
      timeoutMs: replyTimeout(values["reply-timeout"]),
      ok: values["reply-ok"],
      window: wholeNumber(values, "window", 1),
    }, () => {
      throw usageError(
        `--reply-ok: "${values["reply-ok"]}" is not a regular expression`,
        "for example --reply-ok '^ok'",
      );
    }),
  };
}

function replyFraming(type: string | undefined): Framing | undefined {
  if (type === undefined) return undefined;
  if (REPLY_FRAMINGS.includes(type)) return resolveFraming(type, Infinity);
  const allowed = `allowed: ${REPLY_FRAMINGS.join(", ")}; without it, that of the journal`;
  throw usageError(`--reply-framing: found "${type}"`, allowed);
}

function replyTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = named("reply-timeout", () => parseDuration(text));
  if (ms > 0) return ms;
  throw usageError(`--reply-timeout: "${text}" is too short for any answer`, "for example --reply-timeout 30s");
}

function wholeNumber(values: Invocation["values"], flag: string, min: number): number | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= MAX_NUMBER) return value;
  throw usageError(
    `--${flag}: "${text}" is not a whole number from ${min} to ${MAX_NUMBER}`,
    `for example --${flag} 10`,
  );
}

/** What `parse` throws, with the flag's name, as a usage error. */
function named<T>(flag: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw usageError(`--${flag}: ${messageOf(error)}`, error instanceof SpillwayError ? error.hint : undefined);
  }
}
