/**
 * Keys that the contract has and this release does not. Written with the value
 * that changes nothing they are accepted; anything else is refused with what to
 * use until then, because a key that is silently ignored is a promise broken.
 */
import type { KeyPath } from "./problem.ts";
import type { RawConfig } from "./schema.ts";

interface LaterKey {
  /** The only thing that it may say now, as it is written; undefined: it may not be there. */
  readonly now?: string;
  readonly isHarmless: (value: unknown) => boolean;
  /** What to do until then. */
  readonly hint: string;
}

const is = (harmless: unknown) => (value: unknown) => value === harmless;
const never = () => false;
const forReply = 'it belongs to confirm = "reply", which comes with a later version; leave it out';

const sourceKeys: Readonly<Record<string, LaterKey>> = {
  reply: { now: '""', isHarmless: is(""), hint: "leave it out; the producer gets no answer for now" },
  tls: { isHarmless: never, hint: "leave it out and put a TLS proxy such as stunnel in front" },
};

const targetKeys: Readonly<Record<string, LaterKey>> = {
  confirm: { now: '"written" or "acked"', isHarmless: (value) => value !== "reply", hint: 'use "acked"' },
  reply_framing: { now: '"line"', isHarmless: is("line"), hint: forReply },
  reply_timeout: { now: '"30s"', isHarmless: is(30_000), hint: forReply },
  reply_ok: { now: '""', isHarmless: is(""), hint: forReply },
  reply_attempts: { now: "3", isHarmless: is(3), hint: forReply },
  window: { now: "1024", isHarmless: is(1024), hint: forReply },
  replies: { now: '"discard"', isHarmless: is("discard"), hint: "leave it out; what the consumer sends is discarded" },
  rate: { now: '"0B"', isHarmless: is(0), hint: "leave it out and limit the rate outside, for example with tc(8)" },
  stall_timeout: {
    now: '"0s"',
    isHarmless: is(0),
    hint: "leave it out; until then a silent consumer is noticed by TCP keepalive and retransmission timeouts",
  },
  tls: { isHarmless: never, hint: "leave it out and connect through a TLS proxy such as stunnel" },
};

const journalKeys: Readonly<Record<string, LaterKey>> = {
  when_full: { now: '"block"', isHarmless: is("block"), hint: "leave it out; reading stops while the journal is full" },
};

/** Calls `refuse` for every key that says something which this release cannot do. */
export function refuseLaterKeys(
  config: RawConfig,
  refuse: (path: KeyPath, allowed: string, hint: string) => void,
): void {
  const inTable = (path: KeyPath, table: object | undefined, keys: Readonly<Record<string, LaterKey>>) => {
    for (const [key, value] of Object.entries(table ?? {})) {
      const later = keys[key];
      if (later === undefined || value === undefined || later.isHarmless(value)) continue;
      refuse([...path, key], later.now ?? "nothing", later.hint);
    }
  };
  config.route?.forEach((route, index) => {
    inTable(["route", index, "source"], route.source, sourceKeys);
    inTable(["route", index, "target"], route.target, targetKeys);
    inTable(["route", index, "journal"], route.journal, journalKeys);
  });
  const isOff = config.admin === undefined || Object.keys(config.admin as object).length === 0;
  if (!isOff) refuse(["admin"], "nothing", "leave [admin] out; the log on standard error says what the routes do");
}
