/** Is it the way between the two: lost segments, a slow link, buffers too small for the round trip? */
import { formatSize } from "../../base/quantity.ts";
import { bufferAdvice } from "../advice.ts";
import type { Finding } from "../finding.ts";
import { type Flow, grown, shareOf, shareOfRows } from "../flow.ts";
import type { Series } from "../series.ts";
import { aboutOf, median, named, percent, rateText, timeOf } from "../words.ts";

/** So much of the time must a limit have held. */
const LIMITED_SHARE = 0.2;
/** Less of it is enough where a window is nearly used up. */
const LIMITED_SHARE_MIN = 0.05;
/** A window is the limit if so much of what it allows in a round trip really moves. */
const CEILING_USED = 0.4;
const CEILING_REACHED = 0.75;
/** Below this, in ms, a round trip is no matter of buffers. */
const LONG_PATH_MS = 2;
const LOSS_SHARE = 0.005;
const LOSSES = 3;
const WAITING_BYTES = 16 * 1024;
const WAITING_SHARE = 0.8;

/** The sender waits for the window though the receiver reads: window / round trip is the most that can move. */
export function smallReceiveBuffer(flow: Flow, series: Series): Finding | undefined {
  const { sender, seconds, bytes } = flow;
  const [rttMs, window] = [sender?.last?.rttMs, sender?.peerWindow];
  if (rttMs === undefined || window === undefined || bytes === undefined) return undefined;
  if ((sender?.last?.minRttMs ?? rttMs) < LONG_PATH_MS) return undefined;
  const ceiling = window / (rttMs / 1000);
  const used = bytes / seconds / ceiling;
  const limited = shareOf(flow, "windowLimitedMs");
  if (limited < (used >= CEILING_REACHED ? LIMITED_SHARE_MIN : LIMITED_SHARE) || used < CEILING_USED) return undefined;
  const isHere = flow.receiver !== undefined;
  return {
    kind: "receive-buffer",
    level: "slow",
    certainty: isHere ? "sure" : "likely",
    about: aboutOf(flow),
    text: `the receiver's window is too small for this path: ${formatSize(window)} in a round trip of ` +
      `${rttMs.toFixed(1)}ms is at most ${formatSize(ceiling)}/s; it moved ${
        rateText(flow)
      }, and the sender waited for ` +
      `the window for ${timeOf(limited, seconds)}.`,
    advice: bufferAdvice("tcp_rmem", rttMs, isHere ? series.receiveBufferMax : undefined, window),
    ...named(flow.receiver),
    figures: { window_bytes: window, rtt_ms: rttMs, ceiling_bytes_per_second: ceiling, window_limited_share: limited },
  };
}

/** The sender's own buffer holds less than a round trip could carry. */
export function smallSendBuffer(flow: Flow, series: Series): Finding | undefined {
  const { sender, seconds } = flow;
  const rttMs = sender?.last?.minRttMs;
  const limited = shareOf(flow, "bufferLimitedMs");
  if (sender === undefined || rttMs === undefined || rttMs < LONG_PATH_MS || limited < LIMITED_SHARE) return undefined;
  const queue = Math.max(...sender.rows.map(({ sendQueue }) => sendQueue));
  return {
    kind: "send-buffer",
    level: "slow",
    certainty: "likely",
    about: aboutOf(flow),
    text: `the sender's buffer is too small for this path: it held at most ${formatSize(queue)} for a round trip of ` +
      `${rttMs.toFixed(1)}ms, and sending waited for room in it for ${timeOf(limited, seconds)}.`,
    advice: bufferAdvice("tcp_wmem", rttMs, series.sendBufferMax, queue),
    ...named(sender),
    figures: { send_queue_peak_bytes: queue, rtt_ms: rttMs, buffer_limited_share: limited },
  };
}

export function loss(flow: Flow): Finding | undefined {
  const { sender, to } = flow;
  const retransmissions = grown(sender, "retransmissions") ?? 0;
  const [again, sent] = [grown(sender, "bytesRetransmitted"), grown(sender, "bytesSent")];
  if (again === undefined || sent === undefined || sent <= 0 || retransmissions < LOSSES) return undefined;
  const share = again / sent;
  if (share < LOSS_SHARE) return undefined;
  const rate = rateText(flow);
  return {
    kind: "loss",
    level: "slow",
    certainty: "likely",
    about: aboutOf(flow),
    text: `the network loses data on the way to ${to}: ${percent(share)} of the bytes were sent again ` +
      `(${retransmissions} segments)${rate === undefined ? "" : `; ${rate} arrived`}.`,
    advice: ["look at the errors and drops of the interfaces on the way (ip -s link), cables, Wi-Fi, policers"],
    ...named(undefined),
    figures: { retransmitted_share: share, retransmissions, rtt_ms: sender?.last?.rttMs ?? 0 },
  };
}

/** Much waits to be sent though the window is open: the link, or the pace that TCP found right for it, is the limit. */
export function slowLink(flow: Flow): Finding | undefined {
  const { sender, receiver, to, seconds } = flow;
  // What does not leave the machine has no link.
  if (sender === undefined || receiver !== undefined) return undefined;
  const share = shareOfRows(sender, ({ sendQueue }) => sendQueue >= WAITING_BYTES);
  if (share < WAITING_SHARE || shareOf(flow, "windowLimitedMs") >= LIMITED_SHARE) return undefined;
  const waiting = median(sender.rows.map(({ sendQueue }) => sendQueue));
  const rate = rateText(flow);
  const rttMs = sender.last?.rttMs;
  return {
    kind: "link",
    level: "slow",
    certainty: rate === undefined ? "possible" : "likely",
    about: aboutOf(flow),
    text:
      `the link to ${to} is the limit: ${formatSize(waiting)} have waited here for ${timeOf(share, seconds)} though ` +
      `the receiver's window was open${rate === undefined ? "" : `; ${rate} got through`}` +
      `${rttMs === undefined ? "" : `, with a round trip of ${rttMs.toFixed(1)}ms`}.`,
    advice: ["send less, compress, or get a faster link; a spillway in between takes what the link cannot"],
    ...named(undefined),
    figures: { send_queue_bytes: waiting, send_queue_share: share, rtt_ms: rttMs ?? 0 },
  };
}
