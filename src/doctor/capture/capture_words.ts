/** How times and ends of captured connections are told. */
import type { Connection } from "./connection.ts";
import type { End } from "./end.ts";

/** `12:03:04 UTC`. */
export function clockTime(us: number): string {
  return `${new Date(Math.floor(us / 1000)).toISOString().slice(11, 19)} UTC`;
}

/** `18.3 s`, `40 ms`, `0.3 ms`. */
export function secondsText(us: number): string {
  if (us >= 999_950) return `${+(us / 1e6).toFixed(1)} s`;
  return us >= 10_000 || us === 0 ? `${Math.round(us / 1000)} ms` : `${+(us / 1000).toFixed(us < 1000 ? 3 : 1)} ms`;
}

/** `once`, `212 times`. */
export function timesText(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** How it ended, and how long after the last time that `receiver` had closed its window. */
export function endingText({ ending }: Connection, receiver: End): string {
  if (ending === undefined) {
    return receiver.closures.isCutOff
      ? "it was still closed when the capture ended"
      : "the connection was open when the capture ended";
  }
  const did = `${ending.by.name} ${ending.kind === "reset" ? "reset" : "closed"} the connection`;
  const { stall, timeUs } = ending;
  if (stall?.of !== receiver) return did;
  const which = receiver.closures.count === 1 ? "that" : "the last one";
  return stall.endedUs === undefined
    ? `${did} ${secondsText(timeUs - stall.beganUs)} after ${which} began`
    : `${did} ${secondsText(timeUs - stall.endedUs)} after ${which} ended`;
}
