/** Is the receiver the slow side: does its program leave unread what has arrived? */
import { formatSize } from "../../base/quantity.ts";
import type { Finding } from "../finding.ts";
import { closedShare, type End, type Flow, isClosed, shareOf, shareOfRows } from "../flow.ts";
import { aboutOf, doing, isStopped, median, named, percent, programText, timeOf } from "../words.ts";

/** A queue of this many bytes that stands for most of the time is more than what lies between two reads. */
const STANDS_BYTES = 16 * 1024;
const STANDS_SHARE = 0.6;
/** The receiver's window was closed for so much of the time that the sender was held up. */
const CLOSED_SHARE = 0.05;
const LIMITED_SHARE = 0.2;
/** A window that is closed for more than this much of the time is no matter of bursts. */
const BURST_SHARE_MAX = 0.5;
const BURST_EPISODES = 2;

/** The program reads slowly or not at all, seen in its own queue. */
export function slowReceiver(flow: Flow): Finding | undefined {
  const { receiver, to, seconds } = flow;
  if (receiver === undefined) return undefined;
  const queue = receiver.rows.map(({ receiveQueue }) => receiveQueue);
  const isUnread = readsNothing(queue);
  const share = isUnread ? 1 : queue.filter((bytes) => bytes >= STANDS_BYTES).length / queue.length;
  if (share < STANDS_SHARE) return undefined;
  const standing = median(isUnread ? queue : queue.filter((bytes) => bytes >= STANDS_BYTES));
  const closed = closedShare(flow);
  const isHeldUp = isUnread || isHeld(flow);
  const verb = isUnread ? "does not read" : "reads too slowly";
  const who = programText(receiver, to);
  const held = closed > 0 ? ` Its window was closed to the sender for ${timeOf(closed, seconds)}.` : "";
  const what = doing(receiver.program, "busy with something else");
  return {
    kind: "receiver",
    level: isHeldUp ? "slow" : "note",
    certainty: flow.sender !== undefined || isStopped(receiver.program) || isUnread ? "sure" : "likely",
    about: aboutOf(flow),
    text: `the receiving program ${who} ${verb}: its queue has stood at ${formatSize(standing)} for ` +
      `${timeOf(share, seconds)}${what && `; ${what}`}.${held}${isHeldUp ? "" : " The sender is not held up yet."}`,
    advice: adviceFor(receiver),
    ...named(receiver),
    figures: {
      receive_queue_bytes: standing,
      receive_queue_share: share,
      window_closed_share: closed,
      cpu_share: receiver.program?.cpuShare ?? 0,
    },
  };
}

/** The receiver is on another machine: its window alone tells. */
export function slowFarReceiver(flow: Flow): Finding | undefined {
  const { receiver, sender, to, seconds } = flow;
  const closed = closedShare(flow);
  if (receiver !== undefined || sender === undefined || closed < CLOSED_SHARE) return undefined;
  return {
    kind: "receiver",
    level: "slow",
    certainty: "likely",
    about: aboutOf(flow),
    text: `the receiver at ${to} does not read, or too slowly: its window was closed for ${timeOf(closed, seconds)}, ` +
      `and ${formatSize(median(sender.rows.map(({ sendQueue }) => sendQueue)))} wait here to be sent.`,
    advice: [`run spillway doctor ${to.slice(to.lastIndexOf(":") + 1)} on that machine: it names the program there`],
    pid: null,
    program: null,
    figures: { window_closed_share: closed, window_limited_share: shareOf(flow, "windowLimitedMs") },
  };
}

/** The window closes now and then, and the receiver's queue is empty in between: it keeps up on the whole. */
export function burst(flow: Flow): Finding | undefined {
  const { sender, receiver, seconds } = flow;
  if (sender === undefined || receiver === undefined) return undefined;
  const closed = closedShare(flow);
  const episodes = episodesOf(sender);
  const empty = shareOfRows(receiver, ({ receiveQueue }) => receiveQueue < STANDS_BYTES);
  if (episodes < BURST_EPISODES || closed > BURST_SHARE_MAX || empty < 1 - STANDS_SHARE) return undefined;
  const peak = Math.max(...receiver.rows.map(({ receiveQueue }) => receiveQueue));
  return {
    kind: "burst",
    level: "slow",
    certainty: "likely",
    about: aboutOf(flow),
    text: `the sender ${programText(sender, flow.from)} sends in bursts larger than the receiver's window: it closed ` +
      `${episodes} times, for ${timeOf(closed, seconds)} in all; in between the receiver's queue, ` +
      `${formatSize(peak)} at most, was empty for ${percent(empty)} of the time.`,
    advice: ["let something take the bursts: a larger tcp_rmem at the receiver, or a spillway in between"],
    ...named(sender),
    figures: { window_closed_share: closed, episodes, receive_queue_peak_bytes: peak },
  };
}

/** Something is in the queue all the time, and it never becomes less. */
function readsNothing(queue: readonly number[]): boolean {
  return queue[0] > 0 && queue.every((bytes, i) => i === 0 || bytes >= queue[i - 1]);
}

function isHeld(flow: Flow): boolean {
  if (flow.sender === undefined) return true; // its queue is at the other machine
  return closedShare(flow) >= CLOSED_SHARE || shareOf(flow, "windowLimitedMs") >= LIMITED_SHARE;
}

function episodesOf(end: End): number {
  return end.rows.filter((row, i) => isClosed(row) && !(i > 0 && isClosed(end.rows[i - 1]))).length;
}

function adviceFor({ program }: End): string[] {
  if (isStopped(program)) return [`kill -CONT ${program!.pid} lets it go on; a debugger or Ctrl-Z may have stopped it`];
  if (program?.name === "spillway") return ["spillway status says what it waits for: room on its disk, or memory"];
  return ["read in one thread and work in another, or put a spillway in between, which reads at once"];
}
