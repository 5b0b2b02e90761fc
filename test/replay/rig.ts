/** A replay of journals in memory, over connections that a test makes, on a virtual clock. */
import { BufferPool } from "../../src/base/buffer.ts";
import type { Clock } from "../../src/base/clock.ts";
import { openArchive } from "../../src/journal/files/archive/open_archive.ts";
import { readPassages } from "../../src/journal/files/archive/read_archive.ts";
import type { Selection } from "../../src/journal/files/archive/selection.ts";
import { ArchiveFeed } from "../../src/replay/archive_feed.ts";
import type { ArchiveGap } from "../../src/replay/batch_reader.ts";
import { type Pace, Pacer } from "../../src/replay/pacer.ts";
import { Replay, type ReplayOptions, type ReplayOutcome } from "../../src/replay/replay.ts";
import { Rate } from "../../src/target/rate.ts";
import { open, rememberingLog, run } from "../journal/support/rig.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { TargetConnection } from "./target_connection.ts";

/** A frame and when it arrived, in ms. */
export interface Recorded {
  readonly text: string;
  readonly atMs: number;
}

/** A journal in `/j` with one record for each frame, or one for each list of them; a segment for each list of records. */
export async function record(segments: readonly (readonly (Recorded | readonly Recorded[])[])[]): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  for (const records of segments) {
    const journal = await open(files);
    for (const each of records) {
      const frames = "text" in each ? [each] : each;
      await journal.append([run(journal.end, frames.map(({ text }) => text), frames[0].atMs * 1000)]);
    }
    await journal.close();
  }
  return files;
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

  constructor(readonly files: MemoryFiles, private readonly options: RigOptions = {}) {
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
    const segments = await openArchive(this.files, paths);
    const clock: Clock = this.clock;
    const { rewind = 0 } = this.options;
    this.feed = new ArchiveFeed({
      read: (each) => readPassages(this.files, segments, each),
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
