/**
 * What a journal promises to the spool. The implementation in a directory, and
 * the one in memory that the tests have, answer to the sentences here; so would
 * one on another machine.
 *
 * A segment is the unit in which a journal frees what it holds: its size is the
 * journal's own matter.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { Histogram } from "../base/histogram.ts";
import type { Tally } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { Run } from "../base/run.ts";
import type { StopDeadline } from "../base/stop_deadline.ts";
import type { Framer } from "../framing/framing.ts";

/** What survives a power loss once `append` resolves: nothing that is promised, all but the last interval, everything. */
export type SyncPolicy = "os" | "interval" | "each";

/** How a journal is kept, wherever it is. */
export interface JournalOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Cuts the frames that are appended. */
  readonly framer: Framer;
  readonly sync: SyncPolicy;
  readonly syncIntervalMs: number;
  /** Gets the time that each sync of appended frames takes, in seconds. */
  readonly syncTimes?: Histogram;
  /** Records hold at most this many payload bytes (at most 256 KiB), or one larger frame. */
  readonly recordBytes: number;
  /** The most that the journal may take up, in bytes; 0 = no limit. */
  readonly maxBytes: number;
  /** Delivered bytes that stay readable behind the cursor, for `rewind`. */
  readonly rewindBytes: number;
  /** Delivered segments are kept this long; 0 = they go as the cursor passes. */
  readonly retainMs: number;
  /** The most bytes of delivered segments that are kept; 0 = no limit. */
  readonly retainBytes: number;
  /** Is room going to be made by dropping segments? Then one is at most an eighth of the room there is. */
  readonly dropsOldest: boolean;
}

/** What was found when the journal was opened. */
export interface Recovery {
  /** Did the last run end with a clean stop (true for a new journal)? */
  readonly clean: boolean;
  /** The most bytes that the last run had in memory alone at its end; undefined where nothing says so. */
  readonly atRiskBytes: number | undefined;
  /**
   * After an unclean end: frames before the cursor that the consumer's kernel had
   * and its program may not have read. They are lost if the consumer died, too.
   */
  readonly unreadFrames: number;
  /** Frames and bytes in the journal at or after the cursor. */
  readonly pendingFrames: number;
  readonly pendingBytes: number;
  /** Bytes of an append that was not finished, cut off. */
  readonly truncatedBytes: number;
}

/** A stretch of frames read back from the journal, payloads joined. */
export interface JournalBatch {
  /** Held by the batch; the caller releases it. */
  readonly buffer: PooledBuffer;
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly frames: number;
  /** What cuts these frames: the framing that they were appended with, whatever the route's is now. */
  readonly framer: Framer;
  /** The records' parts in it, at least one, ascending; a declared hole may lie between two. */
  readonly parts: readonly BatchPart[];
}

/** Frames without a gap inside a batch. */
export interface BatchPart {
  readonly first: number;
  readonly frames: number;
  /** Bytes from the batch's `start` to the part's first frame. */
  readonly offset: number;
  /** When the first frame of its record was complete, µs since 1970. */
  readonly arrivedUs: number;
}

/** Reads frames in sequence order, following the writer from segment to segment. One call at a time. */
export interface JournalReader {
  /** Sequence of the next frame that `next` will look for. */
  readonly position: number;
  /** Goes to `sequence`; if that lies in a hole, to the first frame after it. */
  seek(sequence: number): void;
  /**
   * The next frames, at most one buffer full, never past the appended end;
   * undefined when there are none yet, or when no memory can be had (`mustGrant` as
   * for `BufferPool.takeReserved`). Damaged records are reported to
   * the journal's `onDamage`, quarantined and skipped. Rejects with a `SystemError`
   * if the journal cannot be read.
   */
  next(mustGrant: boolean): Promise<JournalBatch | undefined>;
  close(): void;
}

/**
 * An append has to wait for room. That is a state of the journal, no failure.
 * `reason` is `max_bytes`, `min_free`, or the system's own code: ENOSPC, EDQUOT or EFBIG.
 */
export class JournalFullError extends Error {
  override readonly name = "JournalFullError";
  constructor(readonly reason: string, message: string) {
    super(message);
  }
}

/** Frames that were in the journal and cannot be read back. The journal has logged it. */
export interface Damage {
  /** The bytes that are damaged, as text that tells this place from every other. */
  readonly where: string;
  /** Sequences that are gone: [from, until), as far as they can be told; a hole may be among them. */
  readonly from: number;
  readonly until: number;
  /** How many frames these were, and their bytes: as they were counted, else about. */
  readonly frames: number;
  readonly payloadBytes: number;
  /** Were they counted as pending: in `recovery`, or as appended by this process? If not, no figure has them yet. */
  readonly counted: boolean;
}

/** What the consumer's program may not have read of what is confirmed. */
export interface Unread {
  /** The first such frame; the first unconfirmed one if there is none. */
  readonly from: number;
  /** The first such frame that no consumer's kernel has: what the next process begins with, should this one be killed. */
  readonly resendFrom: number;
}

/** What a journal takes up. */
export interface JournalUsage {
  readonly bytes: number;
  readonly segments: number;
  /** To how many bytes it may grow, by what was last known; undefined where that is not known. */
  readonly capacityBytes: number | undefined;
  /** Bytes that were set aside since it was opened, because they were damaged or refused. */
  readonly quarantinedBytes: number;
}

/** Up to where pending frames are given up: a sequence, or the first frame that came then (µs since 1970) or later. */
export type SkipLimit = { readonly until: number } | { readonly beforeUs: number };

/**
 * One route's append-only log, and the cursor that says what of it is delivered.
 * One append at a time; reading, confirming and appending may overlap.
 */
export interface Journal {
  readonly recovery: Recovery;
  /** Sequence after the last frame appended. At opening: the larger of the journal's end and the cursor. */
  readonly end: number;
  /** Sequence of the next frame to deliver, as last set. At opening: as recovered, and not before the first frame that is there. */
  readonly cursor: number;
  /** Sequence of the first frame that the consumer's program may not have read, as last set; at most the cursor. */
  readonly unreadFrom: number;
  /** Called for each range that turned out to be damaged, once. What was found before it was set is told at once. */
  onDamage: (damage: Damage) => void;

  /**
   * Appends runs of consecutive sequences; the first may lie beyond `end`,
   * which declares what is between as delivered from memory. Small runs that
   * follow each other within 10 ms become one record. Once it resolves the
   * frames survive the death of this process, with `sync = "each"` a power loss.
   *
   * Rejects with a `JournalFullError` (no room: may be tried again, with the
   * runs from `end` on) or another `SystemError` (likewise). Whatever happens,
   * `end` tells how far it got, everything before `end` is in whole records,
   * and nothing of a failed append reads as valid.
   */
  append(runs: readonly Run[]): Promise<void>;

  /** For a stop: like `append`, but may use room that is kept free otherwise, and go beyond `maxBytes`. */
  appendLast(runs: readonly Run[]): Promise<void>;

  /**
   * Everything below `sequence` is confirmed. That outlives this process within
   * 100 ms; segments that are wholly below it and read are freed after that,
   * apart from those kept for rewind and retention. Without `unread` everything
   * confirmed is read.
   */
  confirm(sequence: number, unread?: Unread): void;

  /**
   * From now on at most `bytes` are in memory alone. Once it resolves the next
   * start knows of them, should the process die. It waits for no sync. Rejects
   * with a `SystemError` if that cannot be stored; it is tried again without
   * being asked. With more than 0 bytes `close` is not clean.
   */
  boundRisk(bytes: number): Promise<void>;

  /** What the journal takes up, with what another process has freed of it. Never rejects, and waits at most 200 ms. */
  usage(): Promise<JournalUsage>;

  /**
   * Frees delivered segments that are kept for `retain` alone, or if there are
   * none, for `rewind`. Resolves with false if there was nothing to free.
   */
  freeRetained(): Promise<boolean>;

  /**
   * Sequence after the oldest segment that holds frames at or after the cursor;
   * undefined if that is the newest, which cannot be dropped.
   */
  oldestDroppable(): number | undefined;

  /**
   * Frees segments wholly below `until`, the newest excepted, whether or not they
   * are delivered. Rejects with a `SystemError`; then it may be tried again.
   */
  dropBelow(until: number): Promise<void>;

  /**
   * How many frames of [from, until) are in the journal, and their bytes, as they were counted; without those that
   * `onDamage` had told of when this was called. Rejects with a `SystemError` if a segment has to be read and cannot be.
   */
  count(from: number, until: number): Promise<Tally>;

  /** Keeps a frame that the consumer does not take where an operator finds it, synced. Resolves with where that is. */
  quarantine(sequence: number, frame: Uint8Array): Promise<string>;

  /** A reader that starts at the cursor and takes its buffers from `pool`. */
  reader(pool: BufferPool): JournalReader;

  /**
   * The first frame of the longest gapless range before `sequence` that holds
   * at most the next whole frame more than `bytes`; `sequence` itself if nothing
   * is there to go back to. Rejects with a `SystemError` if it cannot be read.
   */
  locateBack(sequence: number, bytes: number): Promise<number>;

  /**
   * When frame `sequence` arrived, to the 10 ms of a record, in µs since 1970; if
   * that frame is not here, the next one that is. Undefined if there is none.
   * Cheap where the same or a later frame is asked for again and again.
   */
  arrivalOf(sequence: number): Promise<number | undefined>;

  /**
   * The first frame at or after `sequence` whose record arrived at `us` (µs since
   * 1970) or later; undefined if there is none.
   */
  firstSince(sequence: number, us: number): Promise<number | undefined>;

  /**
   * Syncs, stores the cursor with the word that this was a clean stop, and leaves
   * the journal to the next process; by the deadline, if there is one. A sync that
   * has not come to an end by then is left to the operating system. Rejects if
   * something failed, or the cursor could not be stored by then.
   */
  close(deadline?: StopDeadline): Promise<void>;
}
