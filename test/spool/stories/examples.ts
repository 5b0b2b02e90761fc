/** Shrunk failures of the past, by what was wrong; the gate plays each before anything random. */
import type { WorldOptions } from "./world.ts";
import type { Action, Story } from "./story.ts";

const PLAIN = { rewindBytes: 0, whenFull: "block", maxBytes: 0, retainMs: 0 } as const;

const bytes = (mode: "overflow" | "always", options: Partial<WorldOptions>, actions: Action[]): Story => ({
  options: { ...PLAIN, ...options, mode, eachFrame: false },
  window: 2,
  actions,
});

const replies = (window: number, options: WorldOptions, actions: Action[]): Story => ({
  options: { ...PLAIN, ...options, eachFrame: true },
  window,
  actions,
});

export const EXAMPLES: Record<string, Story> = {
  "the model took what was read right before a kill for written": bytes("always", {
    sync: "os",
    rewindBytes: "auto",
  }, [
    { does: "connect" },
    { does: "receive", count: 1 },
    { does: "send", batches: 1 },
    { does: "confirm", share: 1, told: false },
    { does: "restart" },
    { does: "connect" },
    { does: "send", batches: 1 },
    { does: "confirm", share: 1, told: false },
    { does: "confirm", share: 0, told: true },
    { does: "kill" },
    { does: "receive", count: 1 },
    { does: "kill" },
  ]),
  "the model took frames that were skipped for frames that were sent before they were synced": bytes("always", {
    sync: "each",
  }, [
    { does: "connect" },
    { does: "send", batches: 1 },
    { does: "receive", count: 1 },
    { does: "settle" },
    { does: "receive", count: 1 },
    { does: "skip", share: 1 },
    { does: "send", batches: 1 },
    { does: "confirm", share: 0, told: false },
  ]),
  "status began at a segment whose frames are all cut off at a start, the daemon at 0": bytes("overflow", {
    sync: "os",
  }, [
    { does: "power loss", seed: 0 },
    { does: "receive", count: 1 },
    { does: "power loss", seed: 0 },
    { does: "receive", count: 108 },
    { does: "repair" },
    { does: "power loss", seed: 883573564 },
    { does: "power loss", seed: 0 },
    { does: "power loss", seed: 0 },
  ]),
  "the model wanted frames again that had given way to others while nothing could be appended": bytes("overflow", {
    sync: "os",
    rewindBytes: 5000,
  }, [
    { does: "connect" },
    { does: "receive", count: 1 },
    { does: "send", batches: 1 },
    {
      does: "fault",
      fault: { kind: "error", code: "EIO", operation: "write", files: "segments", written: 0 },
    },
    { does: "confirm", share: 1, told: true },
    { does: "disconnect", told: false },
    { does: "receive", count: 1 },
    { does: "receive", count: 129 },
    { does: "repair" },
    { does: "send", batches: 1 },
    { does: "settle" },
  ]),
  "a frame that was not read was not sent again where damaged ones came after it": bytes("overflow", {
    sync: "os",
    rewindBytes: "auto",
  }, [
    { does: "receive", count: 1 },
    { does: "restart" },
    { does: "receive", count: 82 },
    { does: "connect" },
    { does: "power loss", seed: 0 },
    { does: "connect" },
    { does: "send", batches: 2 },
    { does: "confirm", share: 1, told: false, read: 0 },
    { does: "disconnect", told: true },
    { does: "repair" },
    { does: "send", batches: 1 },
    { does: "confirm", share: 0, told: false },
    { does: "confirm", share: 1, told: false },
  ]),
  "frames that an earlier segment still had were reported as lost with the tail of a later one": bytes("overflow", {
    sync: "interval",
  }, [
    { does: "receive", count: 71 },
    { does: "receive", count: 50 },
    { does: "receive", count: 4 },
    { does: "repair" },
    { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "sync", files: "segments", written: 0 } },
    { does: "receive", count: 20 },
    { does: "connect" },
    { does: "power loss", seed: 1628104873 },
  ]),

  "the model took frames that an append had failed for, and that were delivered then, for appended by the next": bytes(
    "overflow",
    { sync: "os" },
    [
      { does: "receive", count: 109 },
      { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "sync", files: "segments", written: 0 } },
      { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "write", files: "all", written: 1500 } },
      { does: "connect" },
      { does: "receive", count: 9 },
      { does: "send", batches: 3 },
      { does: "send", batches: 3 },
      { does: "receive", count: 1 },
      { does: "confirm", share: 1, told: false },
      { does: "restart" },
    ],
  ),

  "the model wanted frames again that were confirmed while nothing could be appended and memory was short": replies(
    1024,
    {
      mode: "overflow",
      sync: "os",
      rewindBytes: 5000,
    },
    [
      { does: "fault", fault: { kind: "error", code: "EIO", operation: "write", files: "segments", written: 0 } },
      { does: "receive", count: 101 },
      { does: "connect" },
      { does: "send", batches: 1 },
      { does: "receive", count: 21 },
      { does: "confirm", share: 1, told: false },
      { does: "repair" },
      { does: "send", batches: 1 },
      { does: "confirm", share: 1, told: false },
      { does: "disconnect", told: false },
      { does: "disconnect", told: false },
    ],
  ),

  "a connection began at frames that were dropped while it was found where it begins": replies(1024, {
    mode: "overflow",
    sync: "interval",
    whenFull: "drop-oldest",
    maxBytes: 48 * 1024,
  }, [
    { does: "receive", count: 109 },
    { does: "confirm", share: 1e-69, told: false, bad: 5 },
    { does: "receive", count: 136 },
    { does: "disconnect", told: false },
    { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "sync", files: "all", written: 1500 } },
    { does: "connect" },
    { does: "send", batches: 4 },
  ]),

  "drop-oldest counted what a reader found damaged meanwhile, one segment of several": bytes("overflow", {
    sync: "os",
    whenFull: "drop-oldest",
    maxBytes: 48 * 1024,
  }, [
    { does: "receive", count: 115 },
    { does: "receive", count: 50 },
    { does: "connect" },
    { does: "power loss", seed: 517430632 },
    { does: "receive", count: 1 },
    { does: "connect" },
    { does: "receive", count: 141 },
    { does: "send", batches: 1 },
  ]),

  "drop-oldest counted what a reader found damaged meanwhile, the only segment": bytes("overflow", {
    sync: "os",
    whenFull: "drop-oldest",
  }, [
    { does: "restart" },
    { does: "receive", count: 109 },
    { does: "connect" },
    { does: "power loss", seed: 0 },
    { does: "receive", count: 1 },
    { does: "fault", fault: { kind: "no space", left: 805 } },
    { does: "connect" },
    { does: "receive", count: 1 },
    { does: "send", batches: 1 },
  ]),

  "the model's consumer did not expect a frame that crossed the bad reply to it": replies(
    2,
    { mode: "always", sync: "os" },
    [
      { does: "receive", count: 3 },
      { does: "connect" },
      { does: "send", batches: 2 },
      { does: "confirm", share: 0.05, told: false, bad: 1 },
    ],
  ),

  "a kill while frames were copied after a failed sync took those not copied yet": bytes("overflow", {
    sync: "interval",
  }, [
    { does: "receive", count: 27 },
    { does: "receive", count: 78 },
    { does: "receive", count: 4 },
    { does: "connect" },
    { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "sync", files: "segments", written: 0 } },
    { does: "receive", count: 74 },
    { does: "send", batches: 2 },
    { does: "kill" },
  ]),

  "the model wanted rewind to bring back what drop-oldest had unlinked in flight": bytes("overflow", {
    sync: "os",
    rewindBytes: 24 * 1024,
    whenFull: "drop-oldest",
  }, [
    { does: "receive", count: 40 },
    { does: "connect" },
    { does: "receive", count: 114 },
    { does: "settle" },
    { does: "fault", fault: { kind: "no space", left: 0 } },
    { does: "send", batches: 2 },
    { does: "receive", count: 1 },
    { does: "send", batches: 3 },
    { does: "repair" },
    { does: "confirm", share: 1, told: false },
    { does: "disconnect", told: true },
    { does: "connect" },
  ]),

  "the model did not know that a frame dropped for want of room may be back in place of a newer one": bytes(
    "overflow",
    {
      sync: "each",
      whenFull: "drop-newest",
    },
    [
      { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "sync", files: "segments", written: 0 } },
      { does: "receive", count: 1 },
      { does: "receive", count: 165 },
      { does: "settle" },
      { does: "receive", count: 27 },
      { does: "receive", count: 31 },
      { does: "receive", count: 51 },
      { does: "kill" },
    ],
  ),

  "a record in a place where it does not belong, from beyond the segment's end, was in no count": replies(2, {
    mode: "overflow",
    sync: "os",
  }, [
    { does: "power loss", seed: 0 },
    { does: "receive", count: 76 },
    { does: "receive", count: 33 },
    { does: "repair" },
    { does: "power loss", seed: 395536023 },
    { does: "restart" },
    { does: "receive", count: 1 },
  ]),

  "drop-oldest did not count a record that stood where the tail of a file of that name had been damaged": replies(2, {
    mode: "overflow",
    sync: "os",
    rewindBytes: 5000,
    whenFull: "drop-oldest",
    retainMs: 3_600_000,
  }, [
    { does: "connect" },
    { does: "receive", count: 248 },
    { does: "fault", fault: { kind: "no space", left: 6578 } },
    { does: "restart" },
    { does: "receive", count: 126 },
    { does: "confirm", share: 0, told: false, bad: 1 },
    { does: "kill" },
    { does: "power loss", seed: 10 },
    { does: "connect" },
    { does: "receive", count: 293 },
    { does: "settle" },
    { does: "receive", count: 202 },
    { does: "fault", fault: { kind: "no space", left: 5109 } },
    { does: "send", batches: 9 },
  ]),

  "drop-oldest had counted what a reader found damaged after that, and it was counted again": replies(2, {
    mode: "always",
    sync: "os",
    whenFull: "drop-oldest",
    maxBytes: 48 * 1024,
  }, [
    { does: "connect" },
    { does: "receive", count: 89 },
    { does: "settle" },
    { does: "receive", count: 141 },
    { does: "disconnect", told: false },
    { does: "receive", count: 117 },
    { does: "kill" },
    { does: "receive", count: 136 },
    { does: "repair" },
    { does: "power loss", seed: 1575219651 },
    { does: "connect" },
    { does: "receive", count: 150 },
    { does: "send", batches: 2 },
  ]),

  "a frame of a dropped segment was acknowledged as its connection ended, and counted as dropped": bytes("overflow", {
    sync: "os",
    whenFull: "drop-oldest",
    maxBytes: 48 * 1024,
  }, [
    { does: "receive", count: 132 },
    { does: "connect" },
    { does: "receive", count: 103 },
    { does: "send", batches: 1 },
    { does: "settle" },
    { does: "confirm", share: 0.003, told: false },
    { does: "restart" },
  ]),

  "frames in a damaged part of the segment that the cursor is in were in no count after a restart": replies(2, {
    mode: "overflow",
    sync: "interval",
  }, [
    { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "sync", files: "segments", written: 0 } },
    { does: "receive", count: 97 },
    { does: "restart" },
    { does: "power loss", seed: 1054162950 },
    { does: "connect" },
    { does: "send", batches: 1 },
    { does: "confirm", share: 5e-324, told: false },
    { does: "receive", count: 3 },
    { does: "settle" },
    { does: "restart" },
  ]),

  "frames came again while they were read from a file whose sync failed and were copied to another": bytes("overflow", {
    sync: "interval",
    rewindBytes: 5000,
    whenFull: "disconnect",
    retainMs: 3_600_000,
  }, [
    { does: "receive", count: 38 },
    { does: "receive", count: 152 },
    { does: "restart" },
    { does: "receive", count: 71 },
    { does: "connect" },
    { does: "send", batches: 3 },
    { does: "fault", fault: { kind: "error", code: "ENOSPC", operation: "sync", files: "all", written: 100 } },
    { does: "send", batches: 7 },
    { does: "receive", count: 231 },
    { does: "send", batches: 10 },
  ]),

  "frames that the operator gave up were dropped as the oldest just after they had been counted, and counted twice":
    replies(
      2,
      { ...PLAIN, mode: "always", sync: "os", whenFull: "drop-oldest", maxBytes: 48 * 1024, eachFrame: true },
      [
        { does: "receive", count: 165 },
        { does: "settle" },
        { does: "kill" },
        { does: "receive", count: 67 },
        { does: "skip", share: 1 },
        { does: "connect" },
      ],
    ),

  "the segment after one that was dropped while an operator's skip was counted was left out of the count": replies(2, {
    ...PLAIN,
    mode: "always",
    sync: "os",
    whenFull: "drop-oldest",
    maxBytes: 48 * 1024,
    eachFrame: true,
  }, [
    { does: "receive", count: 127 },
    { does: "confirm", share: 0, told: false },
    { does: "kill" },
    { does: "receive", count: 1 },
    { does: "confirm", share: 1, told: false },
    { does: "receive", count: 106 },
    { does: "skip", share: 1 },
    { does: "send", batches: 1 },
    { does: "confirm", share: 1, told: false },
    { does: "kill" },
  ]),

  "the model took frames that were passed over by an operator's skip for frames that are gone": replies(2, {
    mode: "always",
    sync: "os",
    rewindBytes: 5000,
  }, [
    { does: "receive", count: 1 },
    { does: "restart" },
    { does: "skip", share: 1 },
    { does: "settle" },
    { does: "power loss", seed: 1840270554 },
    { does: "receive", count: 1 },
    { does: "connect" },
    { does: "skip", share: 1 },
    { does: "receive", count: 1 },
    { does: "send", batches: 1 },
    { does: "restart" },
  ]),

  "frames behind a record in a wrong place were reported as damaged, not counted so, and pending until the next start":
    replies(16, { mode: "always", sync: "os", whenFull: "drop-newest" }, [
      { does: "receive", count: 202 },
      { does: "kill" },
      { does: "receive", count: 280 },
      { does: "settle" },
      { does: "receive", count: 225 },
      { does: "confirm", share: 1, told: false, bad: 0 },
      { does: "power loss", seed: 939688803 },
      { does: "power loss", seed: 1141925006 },
      { does: "receive", count: 46 },
    ]),

  "the model wanted a part of a damaged stretch to be counted as given up, the reader tells it as a whole": bytes(
    "always",
    { sync: "os" },
    [
      { does: "power loss", seed: 416094667 },
      { does: "receive", count: 4 },
      { does: "settle" },
      { does: "kill" },
      { does: "power loss", seed: 0 },
      { does: "power loss", seed: 0 },
      { does: "skip", share: 0.25 },
      { does: "power loss", seed: 0 },
      { does: "power loss", seed: 0 },
    ],
  ),

  "status began at a frame behind a segment of which nothing can be read, the daemon at that segment": bytes(
    "overflow",
    { sync: "os", maxBytes: 48 * 1024 },
    [
      { does: "receive", count: 19 },
      { does: "receive", count: 104 },
      { does: "connect" },
      { does: "power loss", seed: 0 },
      { does: "power loss", seed: 0 },
      { does: "receive", count: 1 },
    ],
  ),

  "status began at a segment whose damaged records are all cut off at a start, the daemon at 0": bytes("overflow", {
    sync: "os",
  }, [
    { does: "receive", count: 109 },
    { does: "repair" },
    { does: "receive", count: 1 },
    { does: "power loss", seed: 481617563 },
    { does: "power loss", seed: 0 },
  ]),
};
