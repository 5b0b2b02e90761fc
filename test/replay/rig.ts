/** A replay of journals in memory, over connections that a test makes, on a virtual clock. */
import { BufferPool } from "../../src/base/buffer.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Selection } from "../../src/journal/archive.ts";
import { DirectoryArchive } from "../../src/journal/files/archive/directory_archive.ts";
import { findSegments } from "../../src/journal/files/archive/find_segments.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { ArchiveFeed } from "../../src/replay/archive_feed.ts";
import type { ArchiveGap } from "../../src/replay/batch_reader.ts";
import { type Pace, Pacer } from "../../src/replay/pacer.ts";
import { Replay, type ReplayOptions, type ReplayOutcome } from "../../src/replay/replay.ts";
import { Rate } from "../../src/target/rate.ts";
import { open, optionsFor, rememberingLog, run } from "../journal/support/rig.ts";
import { MemoryArchive } from "../support/memory_archive.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { MemoryJournal } from "../support/memory_journal.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { TargetConnection } from "./target_connection.ts";

/** A frame and when it arrived, in ms. */
export interface Recorded {
  readonly text: string;
  readonly atMs: number;
}

/** Records, each of one frame or of several. */
type Records = readonly (Recorded | readonly Recorded[])[];

/** What a journal is kept in: the directory `/j`, or a store that is nothing but the contract. */
export type Kept = MemoryFiles | MemoryStore;

/** A journal with a segment for each list of records. */
export async function record(segments: readonly Records[]): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await appendAll(() => open(files), segments);
  return files;
}

/** Likewise in memory. */
export async function recordInMemory(segments: readonly Records[]): Promise<MemoryStore> {
  const store = new MemoryStore("/j", 1 << 20);
  await appendAll(() => Promise.resolve(new MemoryJournal(store, optionsFor(new MemoryFiles()))), segments);
  return store;
}

async function appendAll(begin: () => Promise<Journal>, segments: readonly Records[]): Promise<void> {
  for (const records of segments) {
    const journal = await begin();
    for (const each of records) {
      const frames = "text" in each ? [each] : each;
      await journal.append([run(journal.end, frames.map(({ text }) => text), frames[0].atMs * 1000)]);
    }
    await journal.close();
  }
}

export interface RigOptions {
  readonly paths?: readonly string[];
  readonly selection?: Selection;
  readonly pace?: Pace;
  readonly rateBytes?: number;
  readonly confirm?: ReplayOptions["confirm"];
  readonly rewind?: number | "auto";
  readonly retries?: number;
  readonly pieceBytes?: number;
  readonly bufferBytes?: number;
  /** Before each attempt. */
  readonly attempt?: () => Promise<void>;
  /** The n-th connection; undefined: that attempt fails. */
  readonly connect?: (attempt: number, rig: Rig) => TargetConnection | undefined;
}

export class Rig {
  readonly clock = new VirtualClock();
  readonly connections: TargetConnection[] = [];
  readonly gaps: ArchiveGap[] = [];
  readonly log = rememberingLog();
  readonly pool: BufferPool;
  attempts = 0;
  feed!: ArchiveFeed;
  replay!: Replay;

  constructor(private readonly kept: Kept, private readonly options: RigOptions = {}) {
    this.pool = new BufferPool({
      maxBytes: 1 << 24,
      reserveBytes: 0,
      bufferBytes: options.bufferBytes ?? 1 << 20,
      fillReleased: 0x2a,
    });
  }

  /** Runs the replay to its end. */
  async run(): Promise<ReplayOutcome> {
    await this.prepare();
    return await this.clock.run(this.replay.run());
  }

  async prepare(): Promise<void> {
    const { paths = ["/j"], selection = {}, pace, rateBytes = 0, confirm = "acked", retries = 10 } = this.options;
    const archive = this.kept instanceof MemoryStore
      ? new MemoryArchive(this.kept)
      : new DirectoryArchive(this.kept, await findSegments(this.kept, paths));
    const clock: Clock = this.clock;
    const { rewind = 0 } = this.options;
    this.feed = new ArchiveFeed({
      read: (each) => archive.read(each),
      selection,
      pool: this.pool,
      onGap: (gap) => this.gaps.push(gap),
      clock,
      first: selection.from ?? 0,
      pacer: pace === undefined ? undefined : new Pacer(clock, pace),
      pieceBytes: this.options.pieceBytes ?? 1 << 20,
      eachFrame: typeof confirm === "object",
      rewind,
    });
    const stopping = new AbortController();
    this.replay = new Replay({
      feed: this.feed,
      clock,
      log: this.log,
      connections: {
        next: async (failed) => {
          for (; !stopping.signal.aborted; failed(new Error("nobody there"))) {
            const { connect = () => new TargetConnection(this.clock) } = this.options;
            await this.options.attempt?.();
            if (this.attempts > 0) await clock.sleep(100, stopping.signal);
            if (stopping.signal.aborted) return undefined;
            const connection = connect(++this.attempts, this);
            if (connection === undefined) continue;
            this.connections.push(connection);
            return connection;
          }
          return undefined;
        },
        progressed() {},
      },
      stopping,
      confirm,
      rate: rateBytes === 0 ? undefined : new Rate(clock, rateBytes),
      stallTimeoutMs: 0,
      retries,
    });
  }

  /** What was written to each connection. */
  get texts(): string[] {
    return this.connections.map(({ text }) => text);
  }
}
