/**
 * The model of a route: a plain array of what was received, where the index is
 * the sequence, and what has become of each frame. It knows nothing of buffers,
 * segments or positions. It is told what was received, appended, confirmed and
 * declared as dropped, and checks what the route does next.
 */
import type { DropReason, Ledger, Tally } from "../../../src/base/ledger.ts";
import type { SequenceRange } from "../../../src/spool/dropped.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** `gone`: a crash took it, as it may. `maybe`: a power loss may have taken it. */
export type Fate = "pending" | "gone" | "maybe" | DropReason;

export interface Entry {
  readonly id: number;
  readonly length: number;
  fate: Fate;
  /** An append of it was begun; one has succeeded; and no power loss can take it any more. */
  attempted: boolean;
  appended: boolean;
  durable: boolean;
  /** A process has ended after a sync of it may have failed: no later one makes it durable for certain. */
  doubtful: boolean;
  /** It was in a segment that was dropped. */
  unlinked: boolean;
  /** It has been sent on the present connection, and is not confirmed. */
  inFlight: boolean;
  /** A consumer has it whole and has confirmed it, whether or not the route knows. */
  arrived: boolean;
  /** The last process that knows of the confirmation; 0: none. */
  toldTo: number;
  /** A consumer's program has read it, or it was said that it may be lost. */
  read: boolean;
}

/** A frame that was dropped, or cut off, by a process. */
interface Ghost {
  readonly entry: Entry;
  readonly run: number;
}

/** Frames that are dropped: how many are certainly among them, how many may be. */
interface Given {
  readonly least: number;
  readonly most: number;
  readonly bytes: number;
}

export class Books {
  log: Entry[] = [];
  /** What the last call was to append. */
  #attempt: readonly SequenceRange[] = [];
  /** Which process this is, from 1. */
  run = 0;
  #received: Tally = { frames: 0, bytes: 0 };
  /** By sequence: frames that were dropped or cut off, and may come back. */
  readonly #ghosts = new Map<number, Ghost[]>();
  #passed: Given = { least: 0, most: 0, bytes: 0 };
  #dropped = new Map<DropReason, Tally>();
  /** Frames that the operator gave up at most, and that are left to a reader to tell as damaged. */
  #leftToReader = 0;
  /** Where this process found the cursor: everything before was confirmed to an earlier one. */
  #begin = 0;
  /** Nothing before this will be delivered for the first time any more. */
  #settled = 0;

  /** First sequence that has to be delivered and is not confirmed. */
  get position(): number {
    const { log } = this;
    while (this.#settled < log.length && log[this.#settled].fate !== "maybe" && this.#needsNothing(this.#settled)) {
      this.#settled++;
    }
    return this.skip(this.#settled);
  }

  /** The first frame from `sequence` on that has to be delivered and is not confirmed. */
  skip(sequence: number): number {
    let at = sequence;
    while (at < this.log.length && this.#needsNothing(at)) at++;
    return at;
  }

  #needsNothing(sequence: number): boolean {
    return this.log[sequence].fate !== "pending" || this.#isConfirmed(sequence);
  }

  #isConfirmed(sequence: number): boolean {
    return sequence < this.#begin || this.log[sequence].toldTo === this.run;
  }

  receive(id: number, length: number): void {
    this.#received.frames++;
    this.#received.bytes += length;
    this.log.push({
      id,
      length,
      fate: "pending",
      attempted: false,
      appended: false,
      durable: false,
      doubtful: false,
      unlinked: false,
      inFlight: false,
      arrived: false,
      toldTo: 0,
      read: false,
    });
  }

  /** `drop-newest`: the route has only frames below `end` any more. */
  cutTo(end: number): void {
    while (this.log.length > end) {
      const entry = this.log.pop()!;
      assert(entry.fate === "pending" && !entry.appended && !entry.inFlight, `frame ${entry.id} cannot be taken back`);
      this.drop("full", 1, entry.length);
      if (entry.attempted) this.#remember(this.log.length, entry);
    }
  }

  /** Its sequence is free again; yet a write that did not count may bring it back after a restart. */
  #remember(sequence: number, entry: Entry): void {
    if (!entry.attempted) return;
    const ghosts = this.#ghosts.get(sequence) ?? [];
    this.#ghosts.set(sequence, [...ghosts, { entry, run: this.run }]);
  }

  /**
   * Is frame `id` what the journal may have at `sequence`, in place of one that
   * may be lost? Then the books have it too.
   */
  hasGhost(sequence: number, id: number): boolean {
    if (this.log[sequence].fate === "pending") return false;
    const ghost = this.#ghostsAt(sequence).find(({ entry }) => entry.id === id);
    if (ghost === undefined) return false;
    this.log[sequence] = raised(ghost);
    return true;
  }

  #ghostsAt(sequence: number): readonly Ghost[] {
    return (this.#ghosts.get(sequence) ?? []).filter(({ run }) => run < this.run);
  }

  drop(reason: DropReason, frames: number, bytes: number): void {
    let tally = this.#dropped.get(reason);
    if (tally === undefined) this.#dropped.set(reason, tally = { frames: 0, bytes: 0 });
    tally.frames += frames;
    tally.bytes += bytes;
  }

  /** Frames of [from, until) are passed over from now on; how many these are is declared later. */
  pass(from: number, until: number): void {
    this.#passed = this.#give("full", from, until);
  }

  /** The route has logged how much it dropped of what `pass` was called for. */
  declarePassed(said: Tally): void {
    this.#agree("full", this.#passed, said);
  }

  /** The route has logged that it dropped frames of [from, until), and how many: checks that. */
  declareDropped(reason: DropReason, from: number, until: number, said: Tally): void {
    const given = this.#give(reason, from, until);
    this.#agree(reason, given, said);
    // A damaged stretch that the limit lies in is told as a whole.
    if (reason === "operator") this.#leftToReader += given.most - said.frames;
  }

  #give(reason: DropReason, from: number, until: number): Given {
    const found = this.log.slice(from, until).filter((entry, i) =>
      (entry.fate === "pending" || entry.fate === "maybe") && !this.#isConfirmed(from + i)
    );
    const certain = found.filter((entry) => entry.fate === "pending").length;
    for (const entry of found) entry.fate = reason;
    return { least: certain, most: found.length, bytes: sumOf(found) };
  }

  #agree(reason: DropReason, { least, most, bytes }: Given, { frames, bytes: said }: Tally): void {
    assert(least <= frames && frames <= most, `${frames} frames dropped (${reason}), should be ${least} to ${most}`);
    if (least === most) assertEquals(said, bytes, `bytes dropped (${reason})`);
    this.drop(reason, frames, said);
  }

  /** Frames below `end` are in the journal no more: those in flight are in the connection alone. */
  unlinked(end: number): void {
    for (const entry of this.log.slice(0, end)) entry.unlinked = true;
  }

  /** The route has given up frame `sequence`: the consumer does not take it. */
  refused(sequence: number): void {
    const entry = this.log[sequence];
    assertEquals(sequence, this.position, "the frame that is refused");
    entry.fate = "refused";
    this.drop("refused", 1, entry.length);
  }

  /** These are about to be appended, by one call. */
  attempt(ranges: readonly SequenceRange[]): void {
    this.#attempt = ranges;
    for (const { from, until } of ranges) for (const entry of this.log.slice(from, until)) entry.attempted = true;
  }

  /** What the last call attempted below `end` is appended; what earlier ones failed to append may have been left out. */
  published(end: number, durable: boolean): void {
    for (const { from, until } of this.#attempt) {
      for (const entry of this.log.slice(from, Math.min(until, end))) {
        if (entry.attempted) entry.appended = true;
        entry.durable ||= entry.attempted && durable;
      }
    }
  }

  /** What is appended now survives a power loss. */
  synced(): void {
    for (const entry of this.log) entry.durable ||= entry.appended && !entry.doubtful;
  }

  /**
   * The process has died and the next one has found `confirmed` and `end`. A
   * kill takes what was in memory alone; a power loss what was not synced too.
   */
  crashed(by: "kill" | "power loss", confirmed: number, end: number): void {
    const keeps = (entry: Entry) => by === "kill" ? entry.appended : entry.durable;
    const sure = (entry: Entry) => keeps(entry) && !entry.unlinked && (by === "kill" || entry.toldTo === 0);
    this.log.forEach((entry, at) => {
      if (at >= end) {
        assert(!sure(entry) || entry.fate !== "pending", `frame ${entry.id} (${at}) is gone, after a ${by}`);
      }
      if (at >= end || entry.fate === "gone") return;
      if (at < confirmed) {
        // Only `rewind` may bring it again, if it is there.
        if (entry.toldTo === 0 && !sure(entry) || entry.fate === "full") entry.fate = "maybe";
        return;
      }
      const open = entry.fate === "pending" || entry.fate === "refused";
      if (sure(entry) && open) entry.fate = "pending";
      else entry.fate = entry.attempted || this.#ghosts.has(at) ? "maybe" : "gone";
    });
  }

  /**
   * The first frame, not before `from`, that is confirmed and that no consumer's
   * program has read; undefined if there is none.
   */
  firstUnread(confirmed: number, from = 0): number | undefined {
    const at = this.log.findIndex(({ fate, toldTo, read }, i) =>
      i >= from && fate === "pending" && toldTo > 0 && !read
    );
    return at === -1 || at >= confirmed ? undefined : at;
  }

  /** What a kill would take now: frames in memory alone that no consumer has, in bytes. */
  get onlyInMemory(): number {
    return sumOf(this.log.filter(({ fate, appended, arrived }) => fate === "pending" && !appended && !arrived));
  }

  /** The process ends in which syncs may have failed. */
  syncsMayHaveFailed(): void {
    for (const entry of this.log) entry.doubtful ||= !entry.durable;
  }

  /** A new process has opened the journal. */
  reopened(confirmed: number, end: number): void {
    while (this.log.length > end) this.#remember(this.log.length - 1, this.log.pop()!);
    this.run++;
    this.#attempt = [];
    for (let at = this.log.length; at < end; at++) {
      const ghost = this.#ghostsAt(at).at(-1);
      assert(ghost !== undefined, `the journal ends at ${end}, ${at} frames have been received`);
      this.log.push(raised(ghost));
    }
    this.#received = { frames: 0, bytes: 0 };
    this.#dropped.clear();
    this.#leftToReader = 0;
    // What was written and did not count may be there; then it has not been synced by that.
    for (const entry of this.log) entry.appended ||= entry.attempted;
    this.checkConfirmed(confirmed);
    this.#begin = this.#settled = confirmed;
  }

  /** Frames that must be there, and frames that may, from `sequence` on. */
  pendingFrom(sequence: number): { readonly least: Tally; readonly most: Tally } {
    const rest = this.log.slice(sequence);
    const certain = rest.filter((entry) => entry.fate === "pending");
    const possible = rest.filter((entry) => entry.fate === "pending" || entry.fate === "maybe");
    return {
      least: { frames: certain.length, bytes: sumOf(certain) },
      most: { frames: possible.length, bytes: sumOf(possible) },
    };
  }

  /** Checks that a consumer has confirmed everything before `sequence`. */
  checkConfirmed(sequence: number): void {
    for (let at = this.#begin; at < sequence; at++) {
      const { fate, toldTo, id } = this.log[at];
      assert(fate !== "pending" || toldTo > 0, `frame ${id} (${at}) counts as confirmed, and no consumer has said so`);
    }
  }

  /** Received and dropped as the ledger has them, the balance, and what is pending if `confirmed` is given. */
  check(ledger: Ledger, confirmed: number | undefined): void {
    const { carried, received, delivered, pending } = ledger;
    const dropped = ledger.droppedTotal();
    for (const unit of ["frames", "bytes"] as const) {
      const out = delivered[unit] + pending[unit] + dropped[unit];
      assertEquals(carried[unit] + received[unit], out, `the books: ${unit}`);
    }
    if (confirmed === undefined) return;
    assertEquals({ ...received }, this.#received, "received");
    for (const reason of new Set([...ledger.dropped.keys(), ...this.#dropped.keys()])) {
      if (reason === "damaged") continue;
      assertEquals(ledger.dropped.get(reason), this.#dropped.get(reason), `dropped: ${reason}`);
    }
    const { least, most } = this.pendingFrom(confirmed);
    if (least.frames === most.frames) assertEquals(pending.frames, least.frames, "pending frames");
    const atMost = most.frames + this.#leftToReader;
    assert(pending.frames >= least.frames && pending.frames <= atMost, `${pending.frames} frames pending`);
    if (least.frames === most.frames && !ledger.dropped.has("damaged")) {
      assertEquals(pending.bytes, least.bytes, "pending bytes");
    }
  }
}

/** It may be back in the journal; its sync may be the one that failed. */
function raised({ entry }: Ghost): Entry {
  return Object.assign(entry, { fate: "maybe" as const, appended: true, doubtful: true });
}

function sumOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { length }) => sum + length, 0);
}
