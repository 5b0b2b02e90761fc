/**
 * The journal in a directory and the one in memory against each other: after the
 * same appends, confirmations, kills and stops, commands that read are told the
 * same by both, whatever is selected.
 */
import { diskStatus } from "../../src/admin/disk_status.ts";
import { printFrames } from "../../src/cli/commands/cat.ts";
import { FORMATS } from "../../src/cli/commands/cat/format.ts";
import { listingOf } from "../../src/cli/commands/ls.ts";
import type { Archive, JournalSummary, Selection } from "../../src/journal/archive.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { openArchive, summarizeJournal } from "../../src/journal/open.ts";
import { assertEquals } from "../support/assert.ts";
import { MemoryArchive, summarizeStore } from "../support/memory_archive.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { MemoryJournal } from "../support/memory_journal.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { seeded } from "../support/random.ts";
import { DIRECTORY, lines, ManualClock, open, optionsFor, run, settle } from "./support/rig.ts";

/** Larger than what one process appends: each has one segment in both, so that both drop and free the same frames. */
const SEGMENT_BYTES = 1 << 20;

/** One journal, and what a reader finds of it when no process is at work. */
interface Kept {
  open(clock: ManualClock, retainMs?: number): Promise<Journal>;
  /** The process at work dies. */
  kill(): void;
  archive(): Promise<Archive>;
  summary(): Promise<JournalSummary>;
}

class InDirectory implements Kept {
  files = new MemoryFiles();

  open(clock: ManualClock, retainMs = 0): Promise<Journal> {
    return open(this.files, { clock, retainMs, segmentBytes: SEGMENT_BYTES });
  }

  kill(): void {
    this.files.crash();
    this.files = this.files.afterCrash();
  }

  archive(): Promise<Archive> {
    return openArchive({ files: this.files, readStdin: () => Promise.reject(new Error("not asked for")) }, [DIRECTORY]);
  }

  summary(): Promise<JournalSummary> {
    return summarizeJournal(this.files, DIRECTORY);
  }
}

class InMemory implements Kept {
  store = new MemoryStore("memory", SEGMENT_BYTES);

  open(clock: ManualClock, retainMs = 0): Promise<Journal> {
    return Promise.resolve(new MemoryJournal(this.store, optionsFor(new MemoryFiles(), { clock, retainMs })));
  }

  kill(): void {
    this.store.crash();
    this.store = this.store.afterCrash();
  }

  archive(): Promise<Archive> {
    return Promise.resolve(new MemoryArchive(this.store));
  }

  summary(): Promise<JournalSummary> {
    return Promise.resolve(summarizeStore(this.store));
  }
}

/** A process that appends, declares holes, confirms, drops, and stops or dies; the same for the same seed. */
async function live(kept: Kept, seed: number): Promise<void> {
  const random = seeded(seed);
  const clock = new ManualClock();
  const journal = await kept.open(clock, random() < 0.5 ? 3_600_000 : 0);
  for (let i = 0; i < 12; i++) {
    const hole = random() < 0.2 ? Math.floor(random() * 4) : 0;
    const first = journal.end + hole;
    if (hole > 0) journal.confirm(first);
    const count = 1 + Math.floor(random() * 5);
    await journal.append([run(first, lines(first, count, "x".repeat(Math.floor(random() * 80))))]);
    if (random() < 0.4) journal.confirm(Math.min(journal.end, journal.cursor + Math.floor(random() * 9)));
    const droppable = journal.oldestDroppable();
    if (random() < 0.1 && droppable !== undefined) await journal.dropBelow(droppable);
    await clock.advance(200);
  }
  if (random() < 0.5) return await journal.close();
  kept.kill();
  await settle();
}

function selections(random: () => number, end: number): Selection[] {
  const some = (most: number) => random() < 0.5 ? undefined : Math.floor(random() * most);
  const at = () => some(end + 3);
  return Array.from({ length: 16 }, (_, i) => ({
    from: at(),
    until: at(),
    sinceUs: i % 2 === 0 ? some(end * 20_000) : undefined,
    beforeUs: i % 2 === 0 ? some(end * 20_000 * 2) : undefined,
    limit: some(20),
    pending: random() < 0.3,
  }));
}

/** What the command prints, with names of segments left out: each implementation has its own. */
async function printed(archive: Archive, selection: Selection, format: (typeof FORMATS)[number]): Promise<string> {
  let out = "";
  const write = (text: string | Uint8Array) => {
    out += typeof text === "string" ? text : new TextDecoder("latin1").decode(text);
    return Promise.resolve();
  };
  const { sinceUs, beforeUs } = selection;
  const isByTime = sinceUs !== undefined || beforeUs !== undefined;
  const warn = (text: string) => void (out += isByTime ? "" : text.replace(/^warning: \S+: /, ""));
  const exit = await printFrames(archive, selection, format, { stdout: { write }, stderr: { write: warn } } as never);
  return isByTime ? out : `${out}exit ${exit}`;
}

async function planned(archive: Archive, selection: Selection): Promise<unknown> {
  const times: number[] = [];
  const { missing: found, segments, ...rest } = await archive.plan(selection, (us) => times.push(us));
  assertEquals(segments > 0, rest.frames > 0);
  const { sinceUs, beforeUs } = selection;
  const missing = sinceUs === undefined && beforeUs === undefined ? found.map(({ from, until }) => [from, until]) : [];
  return { ...rest, missing, times };
}

/** Its segments. Whether the newest is sealed at a stop, and what a segment takes up, is a matter of each. */
async function listed(archive: Archive): Promise<unknown> {
  const rows = (await listingOf(archive, true)).split("\n").filter((row) => row !== "").map((row) => JSON.parse(row));
  const isNewest = (i: number) => i === rows.length - 1;
  return rows.map(({ segment: _segment, file_bytes: _bytes, state, ...rest }, i) => [rest, isNewest(i) || state]);
}

const NAMES = { route: "r", directory: "/j", silent: undefined, nowUs: 1e9 };

for (let seed = 1; seed <= 40; seed++) {
  Deno.test(`cat, ls, replay's plan and status of a journal are the same in a directory and in memory, seed ${seed}`, async () => {
    const kept = [new InDirectory(), new InMemory()] as const;
    const random = seeded(seed * 1000);
    for (let process = 0; process < 5; process++) {
      for (const each of kept) await live(each, seed * 10 + process);
      const [one, other] = await Promise.all(kept.map((each) => each.archive()));
      const [summary, otherSummary] = await Promise.all(kept.map((each) => each.summary()));
      const status = (found: JournalSummary) => diskStatus({ ...found, journalBytes: 0 }, NAMES);
      assertEquals(status(otherSummary), status(summary));
      assertEquals(await listed(other), await listed(one));
      assertEquals([other.cursor, other.framing], [one.cursor, one.framing]);
      for (const selection of [{}, { pending: true }, ...selections(random, summary.end)]) {
        const what = JSON.stringify(selection);
        for (const format of FORMATS) {
          assertEquals(await printed(other, selection, format), await printed(one, selection, format), what);
        }
        assertEquals(await planned(other, selection), await planned(one, selection), what);
        assertEquals(other.removed(selection), one.removed(selection), what);
      }
    }
  });
}

for (const [name, kept] of [["directory", new InDirectory()], ["memory", new InMemory()]] as const) {
  Deno.test(`journal in ${name}: status without a daemon says what the next start finds`, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      await live(kept, seed);
      const summary = await kept.summary();
      const clock = new ManualClock();
      const journal = await kept.open(clock);
      const { pendingFrames, pendingBytes, clean, atRiskBytes } = journal.recovery;
      assertEquals(
        [summary.cursor, summary.end, summary.pendingFrames, summary.pendingBytes, summary.clean, summary.atRiskBytes],
        [journal.cursor, journal.end, pendingFrames, pendingBytes, clean, atRiskBytes],
      );
      assertEquals(summary.oldestUs, pendingFrames > 0 ? await journal.arrivalOf(journal.cursor) : undefined);
      await journal.close();
    }
  });
}
