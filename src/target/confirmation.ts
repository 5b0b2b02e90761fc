/**
 * How far the peer has what was written, as a position in a connection's
 * stream (DESIGN 5, Confirmation).
 *
 * `acked` asks the kernel how many of the written bytes the peer's TCP has not
 * acknowledged: SIOCOUTQ, the same figure as `tx_queue` in /proc/net/tcp, for
 * one socket, about a microsecond, still right after a reset. So it can be
 * asked after every write and no /proc file has to be read.
 */
import type { Connection } from "../runtime/net.ts";

export type ConfirmMode = "written" | "acked";

/**
 * Position up to which the first `written` bytes are confirmed; undefined where
 * the system cannot tell: no news, which is not zero and not everything.
 */
export function confirmedPosition(connection: Connection, mode: ConfirmMode, written: number): number | undefined {
  if (mode === "written") return written;
  const unacknowledged = connection.unacknowledgedBytes();
  return unacknowledged === undefined ? undefined : Math.max(0, written - unacknowledged);
}
