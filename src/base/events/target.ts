/** What is logged of consumers, and of frames on their way to them. */
import type { EventKind } from "./kind.ts";

export const TARGET_EVENTS = {
  target_connected: {
    level: "info",
    message: "target connected",
    repeats: "counted",
    about: "Delivery goes on at `sequence`; `frames_again` were sent before.",
  },
  target_disconnected: {
    level: "info",
    message: "target disconnected",
    repeats: "each",
    about: "The connection ended because the route stops.",
  },
  target_lost: {
    level: "warn",
    message: "target lost",
    repeats: "counted",
    sums: ["frames", "bytes", "may_be_lost_bytes"],
    about: "Look at the consumer; `may_be_lost_bytes` above 0 means that it may lack something.",
  },
  target_unreachable: {
    level: "warn",
    message: "cannot connect to the target, trying again",
    repeats: "counted",
    about: "Start the consumer, or correct target.connect.",
  },
  target_away: {
    level: "warn",
    message: "there is still no consumer",
    repeats: "each",
    about: "How long, how much is pending, and when the journal is full at this rate.",
  },
  target_refused: {
    level: "warn",
    message: "a consumer is refused, its address is not in target.allow",
    repeats: "counted",
    about: "Add its network to target.allow if it belongs here.",
  },
  target_waits: {
    level: "warn",
    message: "a consumer waits, another is being served",
    repeats: "counted",
    about: "One is served at a time: two are configured, or the old one hangs.",
  },
  target_replaced: {
    level: "warn",
    message: "a waiting consumer gives way to a newer one",
    repeats: "counted",
    about: "As target_waits.",
  },
  target_begin_failed: {
    level: "error",
    message: "cannot find where to begin, the connection is closed",
    repeats: "counted",
    about: "The journal cannot be read: look at the disk.",
  },
  target_begin_recovered: {
    level: "info",
    message: "it is known again where to begin",
    repeats: "counted",
    about: "Nothing.",
  },
  frame_refused: {
    level: "warn",
    message: "the consumer refused a frame",
    repeats: "counted",
    about: "`answer` is what it said; the frame is sent again.",
  },
  frame_quarantined: {
    level: "error",
    message: "a frame was refused too often, it is in quarantine",
    repeats: "each",
    about: "Look at the frame in `path`; the next one follows.",
  },
  frames_unread: {
    level: "warn",
    message: "frames that may not have been read cannot be sent again",
    repeats: "counted",
    sums: ["frames", "bytes"],
    about: "The consumer may lack them: compare, and replay from a journal that keeps them.",
  },
  resend_unknown: {
    level: "warn",
    message: "cannot read how much can be sent again",
    repeats: "counted",
    about: "The journal cannot be read: look at the disk.",
  },
  confirmed_end_unknown: {
    level: "warn",
    message: "cannot read where the confirmed frames end, more is sent again",
    repeats: "counted",
    about: "The journal cannot be read: look at the disk.",
  },
  in_flight_dropped: {
    level: "warn",
    message: "frames in flight are dropped",
    repeats: "counted",
    sums: ["frames", "bytes"],
    about: "`reason` is that of dropped{reason}; they may have arrived.",
  },
} as const satisfies Readonly<Record<string, EventKind>>;
