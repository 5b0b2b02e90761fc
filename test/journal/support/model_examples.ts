/** Shrunk failures of the past: fast-check plays them before anything random. */
import type { Action } from "./model_actions.ts";

export const EXAMPLES: [Action[]][] = [
  // A segment without records took its base for the end of the record before it.
  [[{ does: "doom", operations: 3, written: 0 }, { does: "append", sizes: [1], hole: 1 }]],
  // A file that had failed looked newer than the segments written after it.
  [[{ does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 }, {
    does: "append",
    sizes: [1],
    hole: 1,
  }]],
  // A hole before records that a later segment has again was taken for a loss.
  [[
    { does: "append", sizes: [1], hole: 0 },
    { does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [1], hole: 1 },
    { does: "append", sizes: [1], hole: 1 },
  ]],
  // A segment was replaced on disk, the sync of the directory failed, and readers did not know the new file.
  [[
    { does: "append", sizes: [1], hole: 0 },
    { does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 },
    { does: "wait", ms: 100 },
    { does: "fail", operations: ["syncDirectory"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [1], hole: 0 },
    { does: "read", share: 0, bufferBytes: 128 },
  ]],
  // The copy of a segment forgot the hole before it.
  [[
    { does: "append", sizes: [2], hole: 1 },
    { does: "fail", operations: ["syncDirectory"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [5, 1], hole: 0 },
  ]],
  // A reader at the end of a segment that was replaced jumped over what had been appended since.
  [[
    { does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [1, 5], hole: 0 },
    { does: "follow" },
    { does: "append", sizes: [2, 1], hole: 0 },
    { does: "follow" },
  ]],
  // A segment left after a failed write was not synced at the stop (os).
  [[
    { does: "append", sizes: [1], hole: 1 },
    { does: "fail", operations: ["write", "truncate"], code: "EIO", written: 0, times: 2 },
    { does: "append", sizes: [1], hole: 0 },
  ]],
  // The next start synced neither what a killed process had written nor its name (interval, each).
  [[
    { does: "append", sizes: [1], hole: 0 },
    { does: "kill" },
    { does: "power loss", seed: 545915489 },
  ]],
  [[{ does: "doom", operations: 5, written: 0 }, { does: "append", sizes: [1, 5], hole: 0 }]],
  // A record cut short behind a damaged segment header was reported as counted (os).
  [[{ does: "doom", operations: 8, written: 0, seed: 351116597 }, { does: "append", sizes: [3, 5, 1], hole: 0 }]],
  // What a failed sync had left behind a newer segment's base was damaged, and frames of that segment were skipped.
  [[
    { does: "append", sizes: [4], hole: 0 },
    { does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [2, 1], hole: 0 },
  ]],
  // Footer whole, header damaged: the footer counted frames that its records did not lead to (os).
  [[
    { does: "append", sizes: [2], hole: 3 },
    { does: "append", sizes: [3, 2, 3], hole: 0 },
    { does: "append", sizes: [2, 4, 1], hole: 0 },
    { does: "power loss", seed: 1823113974 },
  ]],
  // The salt of another file's record, in a sector that was never written, was taken for the segment's (interval).
  [[
    { does: "append", sizes: [4, 2], hole: 0 },
    { does: "append", sizes: [1, 5, 2, 3], hole: 0 },
    { does: "doom", operations: 1, written: 45, seed: 1388136883 },
    { does: "append", sizes: [1], hole: 0 },
  ]],
  // A record that a failed sync had left began before the newer segment's base and went on behind it (each).
  [[
    { does: "fail", operations: ["syncDirectory"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [2], hole: 0 },
    { does: "append", sizes: [1], hole: 1 },
  ]],
  // One of two files that had failed was forgotten, and looked newer later (each).
  [[
    { does: "fail", operations: ["syncDirectory"], code: "EIO", written: 0, times: 2 },
    { does: "append", sizes: [1], hole: 1 },
    { does: "append", sizes: [1], hole: 2 },
  ]],
  // A record at a place where it does not belong was counted twice (os).
  [[{ does: "append", sizes: [1, 3, 3, 1], hole: 0 }, { does: "power loss", seed: 1139267556 }]],
  [[
    { does: "append", sizes: [1, 1, 4, 3], hole: 0 },
    { does: "append", sizes: [2, 2, 2], hole: 0 },
    { does: "doom", operations: 2, written: 96, seed: 1123143096 },
    { does: "append", sizes: [4, 1], hole: 0 },
  ]],
  // Stretches of damage side by side were told twice (os).
  [[
    { does: "append", sizes: [3], hole: 4 },
    { does: "append", sizes: [4, 5, 3], hole: 0 },
    { does: "kill" },
    { does: "append", sizes: [3, 5, 5, 3], hole: 3 },
  ]],
];
