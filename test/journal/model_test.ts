/** The journal against a plain array, under random actions, failures and crashes. */
import fc from "fast-check";
import { assert, assertEquals } from "../support/assert.ts";
import { MemoryFiles, type Operation } from "../support/memory_files.ts";
import type { Run } from "../../src/base/run.ts";
import type { Damage, Journal, JournalOptions, JournalReader, SyncPolicy } from "../../src/journal/types.ts";
import { type Delivered, follow, ManualClock, open, pool, readAll, run } from "./rig.ts";

type Action =
  /** So many runs of so many frames; `hole` frames before them were delivered from memory. */
  | { readonly does: "append"; readonly sizes: readonly number[]; readonly hole: number }
  | { readonly does: "confirm"; readonly share: number }
  | { readonly does: "read"; readonly share: number; readonly bufferBytes: number }
  /** One reader goes on all the time, as the sender's does. */
  | { readonly does: "follow" }
  | { readonly does: "rewind"; readonly share: number; readonly bytes: number }
  | { readonly does: "wait"; readonly ms: number }
  | { readonly does: "fail"; readonly operation: Operation; readonly code: string; readonly written: number }
  | { readonly does: "stop" }
  | { readonly does: "kill" }
  /** In the middle of what comes next: after so many more operations. */
  | { readonly does: "doom"; readonly operations: number; readonly written: number }
  | { readonly does: "power loss" };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant("append" as const),
      sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      hole: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, {
        weight: 1,
        arbitrary: fc.integer({ min: 1, max: 9 }),
      }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("confirm" as const), share }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("read" as const),
      share,
      bufferBytes: fc.constantFrom(128, 1000, 65536),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ does: "follow" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant("rewind" as const), share, bytes: fc.integer({ min: 0, max: 3000 }) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("wait" as const), ms: fc.constantFrom(50, 100, 1000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant("fail" as const),
      operation: fc.constantFrom<Operation>("write", "sync", "truncate", "open", "rename", "unlink", "syncDirectory"),
      code: fc.constantFrom("EIO", "ENOSPC"),
      written: fc.integer({ min: 0, max: 600 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ does: "stop" as const }) },
  { weight: 1, arbitrary: fc.constant({ does: "kill" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant("doom" as const),
      operations: fc.integer({ min: 1, max: 12 }),
      written: fc.integer({ min: 0, max: 600 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ does: "power loss" as const }) },
);

/** The journal and what it was told, side by side. */
class Model {
  files = new MemoryFiles();
  clock = new ManualClock();
  journal!: Journal;
  /** Sequences of the frames that the journal has; the others are holes. */
  readonly frames = new Set<number>();
  /** Sequences that some append has had, whatever became of it. */
  readonly #attempted = new Set<number>();
  confirmed = 0;
  #damages: Damage[] = [];
  #reader!: JournalReader;

  constructor(private readonly options: Partial<JournalOptions>) {}

  async start(): Promise<void> {
    this.clock = new ManualClock();
    for (let tries = 0;; tries++) {
      try {
        this.journal = await open(this.files, { ...this.options, clock: this.clock });
        break;
      } catch (error) {
        // A failure or a crash may be due at the opening itself.
        if (tries > 3) throw error;
        this.files = this.files.crashed ? this.files.afterCrash() : this.files;
        this.files.releaseLocks();
      }
    }
    this.#damages = [];
    this.#reader = this.journal.reader(pool(1000));
    this.journal.onDamage = (damage) => this.#damages.push(damage);
    const { cursor, end } = this.journal;
    // It may go on over a hole, not over a frame.
    for (let sequence = this.confirmed; sequence < cursor; sequence++) {
      assert(!this.frames.has(sequence), `cursor ${cursor}, confirmed were ${this.confirmed}`);
    }
    // Frames whose append did not resolve may be there or not.
    const delivered = await readAll(this.journal);
    for (const { sequence } of delivered) if (this.#attempted.has(sequence)) this.frames.add(sequence);
    for (const sequence of this.frames) assert(sequence < end, `frame ${sequence} was appended, the end is ${end}`);
    this.confirmed = Math.max(cursor, Math.min(this.confirmed, end));
    this.#check(delivered, cursor);
  }

  async apply(next: Action): Promise<void> {
    try {
      await this.#apply(next);
    } catch (error) {
      if (!this.files.crashed) throw error;
    }
    if (this.files.crashed) await this.#restart(this.files.afterCrash());
  }

  async #apply(next: Action): Promise<void> {
    const { journal } = this;
    switch (next.does) {
      case "append":
        return await this.#append(next.sizes, next.hole);
      case "confirm": {
        this.confirmed = Math.max(this.confirmed, Math.round(next.share * journal.end));
        return journal.confirm(this.confirmed, 0);
      }
      case "read":
        return await this.read(
          journal.cursor + Math.round(next.share * (journal.end - journal.cursor)),
          next.bufferBytes,
        );
      case "follow":
        return await this.#follow();
      case "rewind":
        return await this.#rewind(Math.round(next.share * journal.end), next.bytes);
      case "wait":
        return await this.clock.advance(next.ms);
      case "fail":
        return this.#failOnce(next.operation, next.code, next.written);
      case "doom":
        return this.#doom(next.operations, next.written);
      case "stop":
        await journal.close().catch(() => {});
        this.files.releaseLocks();
        return await this.start();
      case "kill":
        return this.files.crash();
      case "power loss":
        if (this.options.sync !== "each") return;
        this.files.crash();
        return await this.#restart(this.files.afterPowerLoss());
    }
  }

  async #restart(files: MemoryFiles): Promise<void> {
    this.files.crash();
    // What still runs of the old process finds out that it is dead.
    await this.journal.close().catch(() => {});
    this.files = files;
    await this.start();
  }

  #failOnce(operation: Operation, code: string, written: number): void {
    this.files.plan = (each) => {
      if (each !== operation) return undefined;
      this.files.plan = () => undefined;
      return { code, written };
    };
  }

  #doom(operations: number, written: number): void {
    let left = operations;
    this.files.plan = () => {
      if (--left > 0) return undefined;
      this.files.crash();
      return { code: "EKILLED", written };
    };
  }

  async #append(sizes: readonly number[], hole: number): Promise<void> {
    const { journal } = this;
    const runs: Run[] = [];
    const start = journal.end + hole;
    let first = start;
    for (const size of sizes) {
      const sequences = Array.from({ length: size }, (_, i) => first + i);
      for (const sequence of sequences) this.#attempted.add(sequence);
      runs.push(run(first, sequences.map(textOf), this.clock.wallUs() + first * 4000));
      first += size;
    }
    try {
      await journal.append(runs);
    } finally {
      for (let sequence = start; sequence < journal.end; sequence++) this.frames.add(sequence);
    }
  }

  async read(from: number, bufferBytes: number): Promise<void> {
    this.#check(await readAll(this.journal, from, bufferBytes), from);
  }

  /** Everything from `from` on is as it was appended, in order, and nothing is missing. */
  #check(delivered: readonly Delivered[], from: number): void {
    const wanted = [...this.frames].filter((sequence) => sequence >= from).sort((a, b) => a - b);
    assertEquals(delivered, wanted.map((sequence) => ({ sequence, text: textOf(sequence) })));
    assertEquals(this.#damages, []);
  }

  async #follow(): Promise<void> {
    // Frames behind the cursor may have been unlinked.
    const from = Math.max(this.#reader.position, this.journal.cursor);
    const delivered = await follow(this.#reader);
    if (this.files.crashed) return;
    this.#check(delivered.filter(({ sequence }) => sequence >= from), from);
    assertEquals(this.#reader.position, this.journal.end);
  }

  async #rewind(from: number, bytes: number): Promise<void> {
    const { journal } = this;
    if (from < journal.cursor) return;
    const found = await journal.locateBack(from, bytes);
    let wanted = from;
    for (let left = bytes; left > 0 && this.frames.has(wanted - 1);) left -= textOf(--wanted).length;
    // Behind the cursor, frames may have been unlinked.
    assertEquals(Math.max(found, journal.cursor), Math.max(wanted, journal.cursor));
  }

  /** Nobody fails any more: the journal takes frames and gives back all. */
  async finish(): Promise<void> {
    this.files.plan = () => undefined;
    for (let tries = 0; tries < 3; tries++) await this.#append([1], 0).catch(() => {});
    await this.clock.advance(100);
    const { end } = this.journal;
    await this.#append([2, 3], 0);
    assertEquals(this.journal.end, end + 5);
    await this.read(this.journal.cursor, 65536);
    await this.journal.close();
    await this.start();
    assertEquals(this.journal.recovery.clean, true);
    await this.journal.close();
  }
}

/** A frame is the same however often it is appended; some are larger than a record, some than a segment. */
function textOf(sequence: number): string {
  const padding = sequence % 13 === 5 ? 700 : sequence % 41 === 7 ? 2500 : (sequence * 31) % 60;
  return `${sequence}${"x".repeat(padding)}\n`;
}

const RUNS = Number(Deno.env.get("SPILLWAY_MODEL_RUNS") ?? 150);

for (const sync of ["os", "interval", "each"] as const satisfies readonly SyncPolicy[]) {
  Deno.test(`whatever happens, the journal has what it took, in order, and nothing else (sync = ${sync})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const model = new Model({ sync, segmentBytes: 1500, recordBytes: 500, rewindBytes: 700 });
        await model.start();
        for (const next of actions) {
          try {
            await model.apply(next);
          } catch (error) {
            if (!isSystemError(error)) throw error;
          }
        }
        await model.finish();
      }),
      { numRuns: RUNS, examples: EXAMPLES },
    );
  });
}

/** What `append` and a read may say while the disk fails. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && ["SystemError", "JournalFullError"].includes(error.name);
}

/** Shrunk failures of the past. */
const EXAMPLES: [Action[]][] = [
  // A segment without records took its base for the end of the record before it.
  [[{ does: "doom", operations: 3, written: 0 }, { does: "append", sizes: [1], hole: 1 }]],
  // A file that had failed looked newer than the segments written after it.
  [[{ does: "fail", operation: "sync", code: "EIO", written: 0 }, { does: "append", sizes: [1], hole: 1 }]],
  // A hole before records that a later segment has again was taken for a loss.
  [[
    { does: "append", sizes: [1], hole: 0 },
    { does: "fail", operation: "sync", code: "EIO", written: 0 },
    { does: "append", sizes: [1], hole: 1 },
    { does: "append", sizes: [1], hole: 1 },
  ]],
  // A segment was replaced on disk, the sync of the directory failed, and readers did not know the new file.
  [[
    { does: "append", sizes: [1], hole: 0 },
    { does: "fail", operation: "sync", code: "EIO", written: 0 },
    { does: "wait", ms: 100 },
    { does: "fail", operation: "syncDirectory", code: "EIO", written: 0 },
    { does: "append", sizes: [1], hole: 0 },
    { does: "read", share: 0, bufferBytes: 128 },
  ]],
  // The copy of a segment forgot the hole before it.
  [[
    { does: "append", sizes: [2], hole: 1 },
    { does: "fail", operation: "syncDirectory", code: "EIO", written: 0 },
    { does: "append", sizes: [5, 1], hole: 0 },
  ]],
  // A reader at the end of a segment that was replaced jumped over what had been appended since.
  [[
    { does: "fail", operation: "sync", code: "EIO", written: 0 },
    { does: "append", sizes: [1, 5], hole: 0 },
    { does: "follow" },
    { does: "append", sizes: [2, 1], hole: 0 },
    { does: "follow" },
  ]],
];
