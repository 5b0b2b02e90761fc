/**
 * What the model's journals are kept in: the real journal in a directory of a
 * file system in memory, and the one that is nothing but the contract. The spool
 * is held to the same stories on both.
 */
import type { Journal, JournalOptions } from "../../../src/journal/journal.ts";
import { openJournal } from "../../../src/journal/open.ts";
import { DIRECTORY } from "../../journal/support/rig.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import type { Random } from "../../support/memory_inode.ts";
import { MemoryJournal } from "../../support/memory_journal.ts";
import { MemoryStore } from "../../support/memory_store.ts";
import { seeded } from "../../support/random.ts";
import { type Fault, planOf } from "./surroundings.ts";

export const STORAGES = ["directory", "memory"] as const;
export type StorageKind = (typeof STORAGES)[number];

const SEGMENT_BYTES = 16 * 1024;

export interface Storage {
  /** Opens the journal in it, as a new process. */
  open(options: JournalOptions): Promise<Journal>;
  /** From now on what `fault` says fails; undefined: nothing any more. */
  setFault(fault: Fault | undefined): void;
  /** The frame that is kept as refused at `path`; undefined if there is none. */
  quarantined(sequence: number, path: unknown): Uint8Array | undefined;
  /** Nothing that the process at work does succeeds any more. */
  crash(): void;
  readonly crashed: boolean;
  /** What a new process finds. */
  afterCrash(): Storage;
  afterPowerLoss(random: Random): Storage;
}

export function createStorage(kind: StorageKind): Storage {
  return kind === "directory" ? new DirectoryStorage() : new MemoryStorage();
}

export class DirectoryStorage implements Storage {
  constructor(readonly files = new MemoryFiles(), private readonly random = seeded(1)) {}

  open(options: JournalOptions): Promise<Journal> {
    return openJournal({
      ...options,
      files: this.files,
      directory: DIRECTORY,
      create: true,
      holder: "test",
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256)),
      segmentBytes: SEGMENT_BYTES,
      minFreeBytes: 0,
    });
  }

  setFault(fault: Fault | undefined): void {
    const { files } = this;
    files.plan = fault === undefined ? () => undefined : planOf(fault);
    files.enforceSpace = fault?.kind === "no space";
    files.free = fault?.kind === "no space" ? this.#usedBytes() + fault.left : Number.POSITIVE_INFINITY;
  }

  quarantined(sequence: number, path: unknown): Uint8Array | undefined {
    const expected = `${DIRECTORY}/quarantine/${String(sequence).padStart(20, "0")}.refused`;
    return path === expected ? this.files.bytesOf(expected) : undefined;
  }

  #usedBytes(): number {
    return this.files.paths().reduce((sum, path) => sum + this.files.bytesOf(path).length, 0);
  }

  crash(): void {
    this.files.crash();
  }

  get crashed(): boolean {
    return this.files.crashed;
  }

  afterCrash(): Storage {
    return new DirectoryStorage(this.files.afterCrash(), this.random);
  }

  afterPowerLoss(random: Random): Storage {
    return new DirectoryStorage(this.files.afterPowerLoss(random), this.random);
  }
}

class MemoryStorage implements Storage {
  constructor(private readonly store = new MemoryStore("memory", SEGMENT_BYTES)) {}

  open(options: JournalOptions): Promise<Journal> {
    return Promise.resolve(new MemoryJournal(this.store, options));
  }

  setFault(fault: Fault | undefined): void {
    const { store } = this;
    const plan = fault === undefined ? () => undefined : planOf(fault);
    store.faults = (operation, on) => plan(operation, on, 0, 0);
    store.capacity = fault?.kind === "no space" ? store.bytes + fault.left : Number.POSITIVE_INFINITY;
  }

  quarantined(sequence: number): Uint8Array | undefined {
    return this.store.quarantined.get(sequence);
  }

  crash(): void {
    this.store.crash();
  }

  get crashed(): boolean {
    return this.store.crashed;
  }

  afterCrash(): Storage {
    return new MemoryStorage(this.store.afterCrash());
  }

  afterPowerLoss(random: Random): Storage {
    return new MemoryStorage(this.store.afterPowerLoss(random));
  }
}
