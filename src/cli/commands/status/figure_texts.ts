/** The figures of a route as text. */
import type { RouteStatus } from "../../../admin/status.ts";
import { formatDuration, formatSize } from "../../../base/quantity.ts";

/** Stands for a figure that is not known. */
export const NOTHING = "-";

/** `1.5MiB/s` */
export function rate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? NOTHING : `${formatSize(bytesPerSecond)}/s`;
}

/** How long the oldest pending frame has been waiting. */
export function oldest({ oldest_pending_seconds: age }: RouteStatus): string {
  return age === null ? NOTHING : formatDuration(age * 1000);
}

/** How long until nothing is pending, at the rates of now. */
export function drained({ drained_in_seconds: left }: RouteStatus): string {
  if (left === null) return NOTHING;
  return left > 365 * 86_400 ? "> 1 year" : formatDuration(left < 60 ? Math.ceil(left) * 1000 : left * 1000);
}

/** At most `length` characters of a name, both ends kept: names of one kind often differ in the last letters alone. */
export function shortened(name: string, length: number): string {
  if (name.length <= length) return name;
  const tail = Math.floor((length - 1) / 2);
  return `${name.slice(0, length - 1 - tail)}~${name.slice(name.length - tail)}`.slice(0, length);
}
