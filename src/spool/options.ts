/** What the spool of a route works with, and how. */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { Framer } from "../framing/framing.ts";
import type { Journal } from "../journal/journal.ts";
import type { WhenFull } from "./overload.ts";
import type { RewindPolicy } from "./rewind.ts";

export interface SpoolOptions {
  readonly journal: Journal;
  readonly pool: BufferPool;
  readonly framer: Framer;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly clock: Clock;
  readonly mode: "overflow" | "always";
  /** Send only what is appended (and synced): `sync = "each"`. */
  readonly appendFirst: boolean;
  readonly rewind: RewindPolicy;
  readonly recordBytes: number;
  readonly whenFull: WhenFull;
}
