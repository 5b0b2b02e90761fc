/**
 * What the journal promises to the spool. The implementation, and every fake of
 * it, answers to the sentences here.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Run } from "../base/run.ts";
import type { StopDeadline } from "../base/stop_deadline.ts";
import type { Framer } from "../framing/framing.ts";
import type { FileSystem } from "../runtime/files.ts";

export type SyncPolicy = "os" | "interval" | "each";

export interface JournalOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly log: Log;
  /** 8 random bytes for a new segment. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly directory: string;
  /** What a second daemon is told about the one that holds the lock, for example `pid 1234`. */
  readonly holder: string;
  /** Who this process runs as, for messages about permissions, for example `uid 1000`. */
  readonly user?: string;
  readonly framer: Framer;
  readonly sync: SyncPolicy;
  readonly syncIntervalMs: number;
  /** A segment is sealed when it has reached this size. */
  readonly segmentBytes: number;
  /** Records hold at most this many payload bytes (at most 256 KiB), or one larger frame. */
  readonly recordBytes: number;
  /** Limit of all segment files together in bytes; 0 = none. */
  readonly maxBytes: number;
  /** What must stay free on the file system, in bytes. */
  readonly minFreeBytes: number;
  /** Delivered bytes that stay readable behind the cursor, for `rewind`. */
  readonly rewindBytes: number;
  /** Keep delivered segments this long; 0 = unlink them as the cursor passes. */
  readonly retainMs: number;
  /** Keep at most this much of them, in bytes; 0 = no limit. */
  readonly retainBytes: number;
  /** Is the directory made where there is none? Else that is an error: a mount may be missing. */
  readonly create: boolean;
  /** Will room be made by dropping segments? Then one is at most an eighth of the room there is. */
  readonly dropsOldest: boolean;
}

/** What was found when the journal was opened. */
export interface Recovery {
  /** Did the last run end with a clean stop (true for a new journal)? */
  readonly clean: boolean;
  /** At most so many bytes the last run had in memory alone at its end; undefined where the cursor file does not say. */
  readonly atRiskBytes: number | undefined;
  /**
   * After an unclean end: frames before the cursor that the consumer's kernel had
   * and its program may not have read. They are lost if the consumer died, too.
   */
  readonly unreadFrames: number;
  /** Frames and bytes in the journal at or after the cursor. */
  readonly pendingFrames: number;
  readonly pendingBytes: number;
  /** Bytes cut from the torn tail of the last segment. */
  readonly truncatedBytes: number;
}

/** A stretch of frames read back from the journal, payloads joined. */
export interface JournalBatch {
  /** Held by the batch; whoever drops it releases the buffer. */
  readonly buffer: PooledBuffer;
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly frames: number;
  /** What cuts these frames: the segment's own framing, whatever the route's is now. */
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
   * undefined when there are none yet, or when no memory can be had (`sole` as
   * for `BufferPool.takeReserved`). Damaged records are reported to
   * the journal's `onDamage`, quarantined and skipped.
   */
  next(sole: boolean): Promise<JournalBatch | undefined>;
  close(): void;
}

/** An append has to wait for room: `max_bytes`, `min_free`, ENOSPC, EDQUOT or EFBIG. A state, not an accident. */
export class JournalFullError extends Error {
  override readonly name = "JournalFullError";
  constructor(readonly reason: string, message: string) {
    super(message);
  }
}

export interface Damage {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
  /** Sequences that are gone: [from, until), as far as they can be told; a hole may be among them. */
  readonly from: number;
  readonly until: number;
  /** How many frames these were, and their bytes: as they were counted, else about. */
  readonly frames: number;
  readonly payloadBytes: number;
  /** Were they counted as pending: in `recovery`, or as appended by this process? Else nobody has heard of them. */
  readonly counted: boolean;
}

/** What the consumer's program may not have read of what is confirmed. */
export interface Unread {
  /** The first such frame; the first unconfirmed one if there is none. */
  readonly from: number;
  /** The first such frame that no consumer's kernel has: what the next process begins with, should this one be killed. */
  readonly resendFrom: number;
}

/**
 * One route's append-only log on disk. One task appends at a time; reading,
 * confirming and appending may overlap.
 */
export interface Journal {
  readonly recovery: Recovery;
  /** Sequence after the last frame appended. At opening: the larger of the journal's end and the cursor. */
  readonly end: number;
  /** Sequence of the next frame to deliver, as last set; as recovered at opening. */
  readonly cursor: number;
  /** Sequence of the first frame that the consumer's program may not have read, as last set; at most the cursor. */
  readonly unreadFrom: number;
  /** Bytes of all segment files, and how many there are. */
  readonly bytes: number;
  readonly segments: number;
  /** Called for each stretch that turned out to be damaged, once. */
  onDamage: (damage: Damage) => void;

  /**
   * Appends runs of consecutive sequences; the first may lie beyond `end`,
   * which declares what is between as delivered from memory. Small runs that
   * follow each other within 10 ms become one record. Once it resolves the
   * frames survive a crash of the process, with `sync = "each"` a power loss.
   *
   * Rejects with a `JournalFullError` (no room: may be tried again, with the
   * runs from `end` on) or another `SystemError` (likewise). Whatever happens,
   * `end` tells how far it got, everything before `end` is in whole records,
   * and nothing of a failed write reads as valid.
   */
  append(runs: readonly Run[]): Promise<void>;

  /** For a stop: like `append`, but may use what `minFreeBytes` keeps free, and go beyond `maxBytes`. */
  appendLast(runs: readonly Run[]): Promise<void>;

  /**
   * Everything below `sequence` is confirmed. Written to disk within 100 ms;
   * segments that are wholly below it and read (rewind and retention apart) are
   * unlinked after that. Without `unread` everything confirmed is read.
   */
  confirm(sequence: number, unread?: Unread): void;

  /**
   * From now on at most so many bytes are in memory alone. Once it resolves the
   * next start knows of them, should the process die. Written at once, waiting
   * for no sync. Rejects with a `SystemError` if it cannot be written; it is tried
   * again by itself. With more than 0 bytes `close` is not clean.
   */
  boundRisk(bytes: number): Promise<void>;

  /**
   * Unlinks delivered segments that are kept for `retain` alone, or if there are
   * none, for `rewind`. False if nothing could be freed so.
   */
  unlinkRetained(): Promise<boolean>;

  /**
   * Sequence after the oldest segment that holds frames at or after the cursor;
   * undefined if that is the newest, which stays.
   */
  oldestPendingEnd(): number | undefined;

  /**
   * How many frames of [from, until) are in the journal, and their bytes, as they were counted; without those that
   * `onDamage` had told of when this was called. Rejects with a `SystemError` if a segment has to be read and cannot be.
   */
  count(from: number, until: number): Promise<{ readonly frames: number; readonly bytes: number }>;

  /** After it `bytes` and `segments` are what a compaction has left, unless the disk is slow. Never rejects. */
  followCompaction(): Promise<void>;

  /** Unlinks segments wholly below `sequence`, the newest excepted, whether or not they are delivered. */
  unlinkBelow(sequence: number): Promise<void>;

  /** Keeps a frame that the consumer does not take in `quarantine/`, synced. Returns its path. */
  quarantine(sequence: number, frame: Uint8Array): Promise<string>;

  /** A reader that starts at the cursor and takes its buffers from `pool`. */
  reader(pool: BufferPool): JournalReader;

  /**
   * The first frame of the longest gapless stretch before `sequence` that holds
   * at most the next whole frame more than `bytes`, and none before `downTo`
   * (default: 0); `sequence` itself if nothing is there to go back to.
   */
  locateBack(sequence: number, bytes: number, downTo?: number): Promise<number>;

  /**
   * When frame `sequence` arrived, to the 10 ms of a record, in µs since 1970; if
   * that frame is not here, the next one that is. Undefined if there is none.
   * Reads record headers of one segment, going on where the last call ended.
   */
  arrivalOf(sequence: number): Promise<number | undefined>;

  /**
   * The first frame at or after `sequence` whose record arrived at `us` (µs since
   * 1970) or later; undefined if there is none. Reads record headers from there on.
   */
  firstSince(sequence: number, us: number): Promise<number | undefined>;

  /**
   * Syncs, writes the cursor with the clean flag, releases the lock; by the
   * deadline, if there is one. A sync that has not come to an end by then is left
   * to the operating system. Rejects if something failed, or the cursor could not
   * be written by then.
   */
  close(deadline?: StopDeadline): Promise<void>;
}
