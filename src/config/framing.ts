/** From what a file says about framing to the framing itself, its defaults filled in. */
import { findKind, type Framing, kindOf, largestFrame, parametersOf } from "../framing/framing.ts";
import { parameterKey } from "../framing/parameter.ts";
import { formatSizeExactly } from "./format_exact.ts";
import type { RawFraming } from "./keys/framing.ts";
import type { KeyPath } from "./problem.ts";
import type { RouteScope } from "./scope.ts";

const MIB = 1024 * 1024;

/** Where `max_frame` is not given: 1 MiB, or as much as the rule about memory allows. */
function defaultMaxFrame(memoryMaxBytes: number): number {
  return Math.min(MIB, Math.floor(memoryMaxBytes / 4));
}

/** The framing that a file describes for a route that has `memoryMaxBytes`. */
export function resolveFraming(raw: RawFraming, memoryMaxBytes: number): Framing {
  const table: Readonly<Record<string, unknown>> = typeof raw === "string" ? { type: raw } : raw;
  const kind = findKind(table.type);
  if (kind === undefined) throw new Error(`no framing is called ${table.type}`);
  const given: Record<string, unknown> = {};
  const usual: Record<string, unknown> = {};
  for (const { property, key, form, default: byDefault } of parametersOf(kind)) {
    if (table[key] !== undefined) given[property] = table[key];
    usual[property] = form === "size" ? defaultMaxFrame(memoryMaxBytes) : byDefault;
  }
  const { type } = kind;
  return { type, ...usual, ...kind.derived?.({ type, ...usual, ...given } as Framing), ...given } as Framing;
}

/** Refuses parameters that contradict each other or the rest of the route. `path` is the framing's. */
export function checkFramingKeys(path: KeyPath, framing: Framing, memoryMaxBytes: number, scope: RouteScope): void {
  const conflict = kindOf(framing).conflict?.(framing);
  if (conflict !== undefined) scope.refuse([...path, parameterKey(conflict.property)], conflict.allowed, conflict.hint);
  checkFrameSize(path, framing, memoryMaxBytes, scope);
}

/** Refuses frames that could hold nothing, and frames of more than a quarter of memory. */
function checkFrameSize(path: KeyPath, framing: Framing, memoryMaxBytes: number, scope: RouteScope): void {
  const { frameLimit, overhead } = kindOf(framing);
  if (frameLimit === undefined || scope.isBroken("memory")) return;
  const key = [...path, parameterKey(frameLimit)];
  const largest = largestFrame(framing);
  const bytes = overhead(framing);
  if (largest <= bytes) scope.refuse(key, `more than the ${bytes} B that every frame has besides its content`);
  const quarter = Math.floor(memoryMaxBytes / 4);
  if (largest > quarter) {
    const limit = `at most ${formatSizeExactly(quarter)}, a quarter of memory.max_bytes`;
    scope.refuse(key, limit, `or set memory.max_bytes to "${formatSizeExactly(largest * 4)}" or more`);
  }
}
