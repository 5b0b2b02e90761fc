/** What a reader shares with the journal that it reads. */
import type { FileSystem } from "../../../runtime/files.ts";
import type { DamageLog } from "../catalog/damage_log.ts";
import type { Quarantine } from "../directory/quarantine.ts";
import type { SegmentList } from "../catalog/segment_list.ts";

export interface ReaderContext {
  readonly files: FileSystem;
  readonly segments: SegmentList;
  readonly quarantine: Quarantine;
  readonly damages: DamageLog;
  /** Sequence after the last frame appended. */
  readonly end: () => number;
  /** What that was at opening: frames from there on are this process's own. */
  readonly openedAt: number;
}
