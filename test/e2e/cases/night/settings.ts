/** A route with random settings: all those that change what the journal looks like. */
import type { FrameKind } from "../../../peers/frames.ts";
import type { Random } from "../../../support/memory_inode.ts";
import type { ConfigTable } from "../../rig/config.ts";

export interface RouteSetting {
  readonly name: string;
  readonly frames: FrameKind;
  readonly mode: "overflow" | "always";
  readonly confirm: "acked" | "reply";
  /** Bytes that a producer gets back for each frame that is safe; none without `mode = "always"`. */
  readonly answer: string;
  /** Does the one producer there may be get what the consumer says to each frame? */
  readonly forwards: boolean;
  readonly whenFull: string;
  /** 0: no limit. */
  readonly maxBytes: number;
  readonly retain: string;
  /** 0: none. */
  readonly maxAgeMs: number;
  /** Of the route's table in the configuration, addresses and directory apart. */
  readonly framing: ConfigTable;
  readonly target: ConfigTable;
  readonly memory: ConfigTable;
  readonly journal: ConfigTable;
  readonly bytesPerSecond: number;
}

const MAX_FRAME = "64KiB";
const FRAMES: readonly { readonly frames: FrameKind; readonly framing: ConfigTable }[] = [
  { frames: { kind: "line", size: 200 }, framing: { type: "line", max_frame: MAX_FRAME } },
  { frames: { kind: "binary", seed: 7 }, framing: { type: "length-prefix", width: 4, max_frame: MAX_FRAME } },
  { frames: { kind: "counted", size: 500 }, framing: { type: "octet-count", max_frame: MAX_FRAME } },
];

export function randomSetting(name: string, random: Random): RouteSetting {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)];
  const mode = pick(["overflow", "always"] as const);
  const confirm = pick(["acked", "reply"] as const);
  const whenFull = pick(["block", "drop-oldest", "drop-newest", "disconnect"]);
  const maxBytes = pick([0, 0, 2, 3]) * 2 ** 20;
  const retain = pick(["0s", "1h"]);
  const maxAgeMs = pick([0, 0, 2_000, 3_600_000]);
  const forwards = confirm === "reply" && whenFull !== "drop-newest" && pick([true, false]);
  const answer = !forwards && mode === "always" && whenFull !== "drop-newest" ? pick(["", "+"]) : "";
  return {
    name,
    ...pick(FRAMES),
    mode,
    confirm,
    answer,
    forwards,
    whenFull,
    maxBytes,
    retain,
    maxAgeMs,
    target: {
      confirm,
      rewind: pick(["auto", "auto", "auto", "0B", "64KiB", "300KiB"]),
      ...replyKeys(confirm),
      ...(forwards ? { replies: "forward" } : {}),
    },
    memory: { max_bytes: pick(["1MiB", "4MiB"]) },
    journal: {
      mode,
      sync: pick(["os", "interval", "each"]),
      segment_bytes: pick(["64KiB", "256KiB", "1MiB"]),
      max_bytes: `${maxBytes}B`,
      when_full: whenFull,
      retain,
      max_age: `${maxAgeMs}ms`,
      retain_bytes: pick(["0B", "0B", "512KiB"]),
    },
    bytesPerSecond: pick([200e3, 1e6, 4e6]),
  };
}

function replyKeys(confirm: "acked" | "reply"): ConfigTable {
  return confirm === "reply" ? { reply_framing: "line", reply_timeout: "5s" } : {};
}
