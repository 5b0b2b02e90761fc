/** From what a file says about framing to the framing itself, its defaults filled in. */
import { usualBetween } from "../framing/between.ts";
import type { Framing } from "../framing/framing.ts";
import { formatSizeExactly } from "./exact.ts";
import type { KeyPath } from "./problem.ts";
import type { RawFraming } from "./schema.ts";
import type { RouteScope } from "./scope.ts";

const MIB = 1024 * 1024;

/** Where `max_frame` is not given: 1 MiB, or as much as the rule about memory allows. */
function defaultMaxFrame(memoryMaxBytes: number): number {
  return Math.min(MIB, Math.floor(memoryMaxBytes / 4));
}

/** The framing of a route that has `memoryMaxBytes`; lines where nothing is said. */
export function resolveFraming(raw: RawFraming | undefined, memoryMaxBytes: number): Framing {
  const table = typeof raw === "object" ? raw : { type: raw ?? "line" };
  const maxFrame = "max_frame" in table && table.max_frame !== undefined
    ? table.max_frame
    : defaultMaxFrame(memoryMaxBytes);
  switch (table.type) {
    case "raw":
      return { type: "raw" };
    case "line":
      return { type: "line", delimiter: "delimiter" in table && table.delimiter || Uint8Array.of(10), maxFrame };
    case "octet-count":
      return { type: "octet-count", maxFrame };
    case "fixed":
      return { type: "fixed", size: table.size };
    case "delimited":
      return {
        type: "delimited",
        start: table.start,
        end: table.end,
        between: table.between ?? usualBetween(table.start),
        maxFrame,
      };
    case "length-prefix":
      return {
        type: "length-prefix",
        width: table.width ?? 4,
        endian: table.endian ?? "big",
        offset: table.offset ?? 0,
        includesHeader: table.includes_header ?? false,
        maxFrame,
      };
  }
}

/** Refuses what the keys of a framing cannot mean together, or with the rest of the route. `path` is the framing's. */
export function checkFramingKeys(path: KeyPath, framing: Framing, memoryMaxBytes: number, scope: RouteScope): void {
  if (framing.type === "delimited" && framing.between?.includes(framing.start[0])) {
    const hint = "where start begins, a frame begins: leave its first byte out of between";
    scope.refuse([...path, "between"], "bytes other than the first one of start", hint);
  }
  checkFrameSize(path, framing, memoryMaxBytes, scope);
}

/** Refuses frames that could hold nothing, and frames of more than a quarter of memory. */
function checkFrameSize(path: KeyPath, framing: Framing, memoryMaxBytes: number, scope: RouteScope): void {
  if (framing.type === "raw" || scope.isBroken("memory")) return;
  const key = [...path, framing.type === "fixed" ? "size" : "max_frame"];
  const largest = largestFrame(framing);
  const overhead = frameOverhead(framing);
  if (largest <= overhead) scope.refuse(key, `more than the ${overhead} B that every frame has besides its content`);
  const quarter = Math.floor(memoryMaxBytes / 4);
  if (largest > quarter) {
    const limit = `at most ${formatSizeExactly(quarter)}, a quarter of memory.max_bytes`;
    scope.refuse(key, limit, `or set memory.max_bytes to "${formatSizeExactly(largest * 4)}" or more`);
  }
}

/** The largest frame in bytes, delimiters and headers included. */
export function largestFrame(framing: Framing): number {
  if (framing.type === "raw") return 1;
  return framing.type === "fixed" ? framing.size : framing.maxFrame;
}

/** Bytes that every frame has besides its content. */
function frameOverhead(framing: Framing): number {
  switch (framing.type) {
    case "line":
      return framing.delimiter.length;
    case "length-prefix":
      return framing.offset + framing.width;
    case "delimited":
      return framing.start.length + framing.end.length;
    case "octet-count":
      return 2;
    default:
      return 0;
  }
}
