/** The queues and the window of a flow over time. */
import { type End, type Flow, isClosed } from "./flow.ts";
import type { SocketRow } from "./proc/tcp_table.ts";
import { aboutOf } from "./words.ts";

/** One value for each sample; null for an end that is on another machine. */
export interface Timeline {
  readonly about: string;
  readonly send_queue_bytes: readonly number[] | null;
  readonly receive_queue_bytes: readonly number[] | null;
  /** 1 while the receiver's window was closed and the sender probed it. */
  readonly window_closed: readonly number[] | null;
}

export function timelineOf(flow: Flow): Timeline {
  return {
    about: aboutOf(flow),
    send_queue_bytes: valuesOf(flow.sender, ({ sendQueue }) => sendQueue),
    receive_queue_bytes: valuesOf(flow.receiver, ({ receiveQueue }) => receiveQueue),
    window_closed: valuesOf(flow.sender, (row) => isClosed(row) ? 1 : 0),
  };
}

function valuesOf(end: End | undefined, value: (row: SocketRow) => number): number[] | null {
  return end === undefined ? null : end.rows.map(value);
}

/** At most `width` values: of several in one place the largest. */
export function condensed(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) => {
    const [from, until] = [i, i + 1].map((edge) => Math.floor(edge * values.length / width));
    return Math.max(...values.slice(from, until));
  });
}
