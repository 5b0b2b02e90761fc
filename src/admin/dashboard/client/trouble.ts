/** How bad it is, and the order that follows: the worst first, and no row that jumps each second. */
import type { RouteStatus } from "../../status.ts";

/** 0: nothing to do; 1: worth a look; 2: behind without a reader; 3: producers suffer or frames are being lost. */
export type Trouble = 0 | 1 | 2 | 3;

/** Shorter waits, in seconds, are how reading is paced. */
export const HELD_UP_SECONDS = 0.5;
/** A loss counts as one of now for this long, in ms. */
const RECENT_MS = 60_000;
/** A route keeps the place that its trouble gave it for this long after, in ms. */
const CALM_MS = 10_000;
/** Bytes that the framing discards by its rules are no loss. */
const NO_LOSS = new Set(["between"]);

/** Dropped bytes and frames that were somebody's, by reason. */
export function lossesOf({ dropped }: RouteStatus): [string, { frames: number; bytes: number }][] {
  return Object.entries(dropped ?? {}).filter(([reason, { frames, bytes }]) =>
    !NO_LOSS.has(reason) && (frames > 0 || bytes > 0)
  );
}

export function lostBytes(route: RouteStatus): number {
  return lossesOf(route).reduce((sum, [, { bytes }]) => sum + bytes, 0);
}

export function isHeldUp({ source_held_up_seconds: held }: RouteStatus): boolean {
  return held !== null && held >= HELD_UP_SECONDS;
}

/** `nowMs` is the relay's time, since 1970. */
export function troubleOf(route: RouteStatus, nowMs: number): Trouble {
  const isLosing = lossesOf(route).some(([reason]) =>
    nowMs - Date.parse(route.dropped_last_time?.[reason] ?? "") < RECENT_MS
  );
  if (route.state === "full" || route.state === "silent" || isHeldUp(route) || isLosing) return 3;
  if (route.state === "stalled" || route.state === "stopped") return 2;
  if (route.state === "waiting" && route.pending_bytes > 0) return 2;
  const wasLost = lossesOf(route).length > 0 || (route.may_be_lost_bytes ?? 0) > 0;
  return wasLost || route.state === "waiting" || route.detail !== null || route.journal_full_seconds !== null ? 1 : 0;
}

/** Sorts by trouble, then by name. Rising is shown at once, sinking after some calm. */
export class TroubleOrder {
  readonly #places = new Map<string, { trouble: Trouble; seenMs: number }>();

  /** `nowMs` as of a clock that does not go back. */
  sort(routes: readonly { readonly route: string; readonly trouble: Trouble }[], nowMs: number): string[] {
    const names = new Set(routes.map(({ route }) => route));
    for (const name of this.#places.keys()) if (!names.has(name)) this.#places.delete(name);
    for (const { route, trouble } of routes) {
      const place = this.#places.get(route);
      if (place === undefined || trouble >= place.trouble || nowMs - place.seenMs > CALM_MS) {
        this.#places.set(route, { trouble, seenMs: nowMs });
      }
    }
    const rank = (name: string) => this.#places.get(name)!.trouble;
    return [...names].sort((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1));
  }
}
