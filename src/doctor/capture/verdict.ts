/** What is wrong with a captured connection, in plain words. */
import { counted } from "../../base/range_text.ts";
import { formatSize } from "../../base/quantity.ts";
import type { Finding } from "../finding.ts";
import { percent } from "../words.ts";
import type { Connection } from "./connection.ts";
import type { End } from "./end.ts";
import { clockTime, endingText, secondsText, timesText } from "./capture_words.ts";

/** A window that was closed for so much of the time, or for so long at once, held the sender up. */
const CLOSED_SHARE = 0.05;
const CLOSED_US = 1_000_000;
/** A reset meanwhile is a sender that has given up, if it had to wait for so long. */
const GIVEN_UP_US = 200_000;
/** From here on a receiver does not read slowly, it does not read. */
const STOPPED_SHARE = 0.5;
/** Segments sent again: their share of all that the end sent, and how many at least. */
const LOSS_SHARE = 0.005;
const LOSSES = 3;

/** Of nobody's process: a capture does not name programs. */
const NOBODY = { pid: null, program: null } as const;

type Rule = (connection: Connection) => Finding | undefined;

/** The first one that finds something speaks for the connection: data that a full receiver drops is sent again too. */
const RULES: readonly Rule[] = [unanswered, closedWindow, loss];

export function verdictOf(connection: Connection): Finding {
  for (const rule of RULES) {
    const finding = rule(connection);
    if (finding !== undefined) return finding;
  }
  return healthy(connection);
}

function unanswered({ ends, opener, firstUs, lastUs, ending }: Connection): Finding | undefined {
  if (opener === undefined || opener.window !== undefined) return undefined;
  const server = ends[0] === opener ? ends[1] : ends[0];
  const isRefused = ending?.kind === "reset" && ending.by === server;
  if (server.window !== undefined || server.scaleOption !== undefined || server.packets > 0 && !isRefused) {
    return undefined;
  }
  return {
    ...NOBODY,
    kind: "absent",
    level: "slow",
    certainty: isRefused ? "sure" : "likely",
    about: `${opener.name} > ${server.name}`,
    text: isRefused
      ? `${server.name} refused the connection: nobody listens there.`
      : `${server.name} did not answer: ${opener.name} sent ${counted(opener.packets, "SYN")} in ` +
        `${secondsText(lastUs - firstUs)}.`,
    advice: isRefused ? [] : ["is that machine up, and does a firewall on the way let it answer?"],
    figures: { syns: opener.packets },
  };
}

function closedWindow(connection: Connection): Finding | undefined {
  const [a, b] = connection.ends;
  const receiver = a.closures.closedUs > b.closures.closedUs || b.closures.count === 0 ? a : b;
  if (receiver.closures.count === 0) return undefined;
  const { firstUs, lastUs, ending } = connection;
  const { count, closedUs, longestUs, longestAtUs } = receiver.closures;
  const lengthUs = lastUs - firstUs;
  const share = lengthUs > 0 ? closedUs / lengthUs : 0;
  const stall = ending?.stall;
  const hasGivenUp = ending?.kind === "reset" && stall?.of === receiver && stall.endedUs === undefined &&
    ending.timeUs - stall.beganUs >= GIVEN_UP_US;
  const isSlow = share >= CLOSED_SHARE || longestUs >= CLOSED_US || hasGivenUp;
  const what = !isSlow
    ? "closed its window for moments"
    : share >= STOPPED_SHARE || longestUs >= CLOSED_US
    ? "stopped reading"
    : "reads too slowly";
  const longest = count === 1
    ? `, at ${clockTime(longestAtUs)}`
    : `, the longest ${secondsText(longestUs)} at ${clockTime(longestAtUs)}`;
  return {
    ...NOBODY,
    kind: "receiver",
    level: isSlow ? "slow" : "note",
    certainty: "sure",
    about: aboutReceiver(connection, receiver),
    text: `${receiver.name} ${what}: its window was closed ${timesText(count)}, ${secondsText(closedUs)} of ` +
      `${secondsText(lengthUs)}${longest}; ${endingText(connection, receiver)}.`,
    advice: isSlow ? receiverAdvice(receiver) : [],
    figures: {
      zero_windows: count,
      zero_window_segments: receiver.zeroWindowSegments,
      window_closed_share: share,
      longest_seconds: longestUs / 1e6,
    },
  };
}

function receiverAdvice({ name }: End): string[] {
  return [
    `run spillway doctor ${name.slice(name.lastIndexOf(":") + 1)} on that machine while it lasts: it names the program`,
    "read in one thread and work in another, or put a spillway in between, which reads at once",
  ];
}

function loss(connection: Connection): Finding | undefined {
  const [a, b] = connection.ends;
  const sender = a.retransmissions >= b.retransmissions ? a : b;
  const receiver = sender === a ? b : a;
  const { retransmissions, packets, unseenBytes } = sender;
  const share = retransmissions / packets;
  if (retransmissions < LOSSES || share < LOSS_SHARE) return undefined;
  const unseen = unseenBytes === 0
    ? ""
    : ` The capture itself has not all of it: ${formatSize(unseenBytes)} are missing.`;
  return {
    ...NOBODY,
    kind: "loss",
    level: "slow",
    certainty: "likely",
    about: aboutReceiver(connection, receiver),
    text: `the network loses data on the way to ${receiver.name}: ${percent(share)} of the segments ` +
      `(${retransmissions} of ${packets}) were sent again; ${endingText(connection, receiver)}.${unseen}`,
    advice: ["look at the errors and drops of the interfaces on the way (ip -s link), cables, Wi-Fi, policers"],
    figures: { retransmitted_share: share, retransmissions },
  };
}

function healthy(connection: Connection): Finding {
  const [a, b] = connection.ends;
  const sender = a.bytes > b.bytes || a.bytes === b.bytes && connection.opener !== b ? a : b;
  const receiver = sender === a ? b : a;
  const retransmissions = a.retransmissions + b.retransmissions;
  const again = retransmissions === 0 ? "nothing was sent again" : `${counted(retransmissions, "segment")} sent again`;
  return {
    ...NOBODY,
    kind: "healthy",
    level: "note",
    certainty: "sure",
    about: aboutReceiver(connection, receiver),
    text: `nothing is wrong here: no window was closed, ${again}; ${endingText(connection, receiver)}.`,
    advice: [],
    figures: { bytes: sender.bytes, retransmissions },
  };
}

/** The direction that a finding is about. */
function aboutReceiver({ ends: [a, b] }: Connection, receiver: End): string {
  return `${(receiver === a ? b : a).name} > ${receiver.name}`;
}
