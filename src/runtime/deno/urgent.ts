/**
 * Reads that end at an urgent byte (MSG_OOB of send(2)) without having emptied the queue.
 *
 * The kernel never reads across the place where such a byte stands: a read that
 * comes from before ends there, and only the next one goes on. Deno takes a read
 * that did not fill its buffer for one that emptied the queue, and lets the
 * next one wait until the kernel tells of an arrival. The byte and all that
 * stands behind it have arrived already: they would lie there until something
 * more comes, if ever.
 *
 * To ask after every short read would cost a system call for each. So they are
 * asked about together, soon after the first of them, and only while there are
 * some; who did stop at an urgent byte is told again that there is something.
 * One case is left: a unix socket whose peer leaves unread more than a quarter of
 * the send buffer goes on when the peer reads on, sends more or closes.
 */
import { holdUrgent, tellAgain } from "./libc.ts";

/** How long after a short read its connection is asked about: what stands behind an urgent byte may wait for so long. */
const ASK_AFTER_MS = 10;

export interface ShortReader {
  /** Of the socket, which is open; undefined where it is not known. */
  readonly descriptor: number | undefined;
  readonly isUnix: boolean;
}

const readers = new Set<ShortReader>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** A read of this one has not filled its buffer. It is asked about once, later, unless it is left out by then. */
export function readShort(reader: ShortReader): void {
  readers.add(reader);
  timer ??= setTimeout(askAll, ASK_AFTER_MS);
}

/** Its connection is closed. */
export function leaveOut(reader: ShortReader): void {
  readers.delete(reader);
  if (readers.size > 0) return;
  clearTimeout(timer);
  timer = undefined;
}

function askAll(): void {
  timer = undefined;
  const asked: ShortReader[] = [];
  const descriptors: number[] = [];
  for (const reader of readers) {
    const { descriptor } = reader;
    if (descriptor === undefined) continue;
    asked.push(reader);
    descriptors.push(descriptor);
  }
  readers.clear();
  for (const i of holdUrgent(descriptors)) tellAgain(descriptors[i], asked[i].isUnix);
}
