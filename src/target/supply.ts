/** Where connections to the consumer come from: dialled by us, or dialled in by it. */
import type { Connection } from "../runtime/net.ts";
import type { Session } from "./session.ts";

export interface Supply {
  /**
   * The next connection, for one session at a time. Waits for it however long;
   * undefined after `stop`. `lost` is called as soon as it is clear that there
   * is none for now.
   */
  next(lost: () => void): Promise<Connection | undefined>;
  /** The connection that `next` gave is in use by this session. */
  serving(session: Session): void;
  /** That session has ended; `progressed` if anything was confirmed on it. */
  ended(progressed: boolean): void;
  /** What keeps the next connection from coming, as far as is known. */
  readonly trouble: string | undefined;
  stop(): Promise<void>;
}
