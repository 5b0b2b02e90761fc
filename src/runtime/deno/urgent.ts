/**
 * Reads that end at an urgent byte (MSG_OOB of send(2)) without having emptied the queue.
 *
 * The kernel never reads across the place where such a byte stands: a read from
 * before it ends there, and only the next one goes on. Deno takes a read that did
 * not fill its buffer for one that emptied the queue, and lets the next one wait
 * until the kernel reports an arrival. The byte and everything after it have
 * arrived already, and would stay unread until something more arrives.
 *
 * To ask after every short read would cost a system call for each. So all
 * connections with a short read are asked about together, soon after the first
 * such read; where a read did end at an urgent byte, the kernel is made to report
 * the socket again. One case is left: a unix socket whose peer leaves unread more
 * than a quarter of the send buffer goes on when the peer reads, sends or closes.
 */
import { type KernelSocket, POLL, pollNow } from "../kernel_socket.ts";
import { libcOrNull } from "./libc.ts";

/** How long after a short read its connection is asked about, at most: the delay of what follows an urgent byte. */
const CHECK_AFTER_MS = 10;

export interface ShortReader {
  /** The open socket; undefined where its descriptor is not known. */
  readonly kernelSocket: KernelSocket | undefined;
}

const readers = new Set<ShortReader>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** A read of `reader` did not fill its buffer: asks about it once, later, unless {@link cancelUrgentCheck} comes first. */
export function checkUrgentLater(reader: ShortReader): void {
  readers.add(reader);
  timer ??= setTimeout(checkAll, CHECK_AFTER_MS);
}

/** The connection of `reader` is closed. */
export function cancelUrgentCheck(reader: ShortReader): void {
  readers.delete(reader);
  if (readers.size > 0) return;
  clearTimeout(timer);
  timer = undefined;
}

function checkAll(): void {
  timer = undefined;
  const sockets = [...readers].map(({ kernelSocket }) => kernelSocket).filter((socket) => socket !== undefined);
  readers.clear();
  const libc = libcOrNull();
  if (libc === null || sockets.length === 0) return;
  pollNow(libc, sockets.map(({ descriptor }) => descriptor), () => POLL.pri, (i, events) => {
    if ((events & POLL.pri) !== 0) sockets[i].reportReadableAgain();
  });
}
