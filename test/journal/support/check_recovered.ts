/**
 * Opening a damaged journal, delivering all of it and holding it to what is
 * true whatever the damage:
 *
 * - what is delivered is what was written under that sequence, in order;
 * - the books balance: what was pending at the start is delivered, or reported
 *   as damaged and counted, in frames and in bytes;
 * - a frame that is passed over is reported;
 * - a second reading delivers the same and reports nothing again;
 * - appends go on, and a second opening delivers the same and they.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import type { MemoryFiles } from "../../support/memory_files.ts";
import type { Damage, Journal, Recovery } from "../../../src/journal/journal.ts";
import { appendLines, type Delivered, line, open, readAll } from "./rig.ts";

/** In the soak every place is tried, and the figures are printed. */
export const SOAK: boolean = Deno.env.get("SPILLWAY_SOAK") !== undefined;

const figures = { journals: 0, delivered: 0, lost: 0, reported: 0 };

/** What was examined since the last time; in the gate nothing is said. */
export function printFigures(what: string): void {
  const { journals, delivered, lost, reported } = figures;
  Object.assign(figures, { journals: 0, delivered: 0, lost: 0, reported: 0 });
  if (SOAK) {
    console.log(
      `${what}: ${journals} journals, ${delivered} frames delivered, ${lost} lost, ${reported} of them reported`,
    );
  }
}

/** More operations than any of this takes; a journal that loops is stopped there. */
const OPERATIONS_MAX = 20_000;

export interface Examined {
  /** Where delivery went on. */
  readonly cursor: number;
  readonly delivered: readonly Delivered[];
  readonly damages: readonly Damage[];
  /** Sequence after the last frame of what was found. */
  readonly end: number;
  readonly truncatedBytes: number;
  readonly recovery: Recovery;
}

/** What the sample has under each sequence. */
type Frames = ReadonlyMap<number, string>;

export async function examine(files: MemoryFiles, frames: Frames, what: string): Promise<Examined> {
  files.plan = (operation, path, count) => {
    if (count > OPERATIONS_MAX) throw new Error(`${what}: does not come to an end: ${operation} ${path}`);
    return undefined;
  };
  const journal = await open(files);
  const { cursor, end, recovery } = journal;
  const { truncatedBytes } = recovery;
  const damages: Damage[] = [];
  journal.onDamage = (damage) => damages.push(damage);
  const delivered = await readAll(journal);
  checkContents(delivered, frames, what);
  checkBooks(journal, delivered, damages, what);
  checkSilence(cursor, delivered, damages, frames, what);
  const reported = damages.length;
  assertEquals(await readAll(journal), delivered, `${what}, read again`);
  assertEquals(damages.length, reported, `${what}: reported twice`);
  const examined = { cursor, delivered, damages: [...damages], end, truncatedBytes, recovery };
  await checkGoingOn(files, journal, examined, what);
  count(examined, frames);
  return examined;
}

function count({ cursor, delivered, damages }: Examined, frames: Frames): void {
  const pending = [...frames.keys()].filter((sequence) => sequence >= cursor);
  figures.journals++;
  figures.delivered += delivered.length;
  figures.lost += pending.length - delivered.length;
  figures.reported += pending.filter((sequence) => lostIn(damages, sequence)).length;
}

function lostIn(damages: readonly Damage[], sequence: number): boolean {
  return damages.some(({ from, until }) => from <= sequence && sequence < until);
}

function checkContents(delivered: readonly Delivered[], frames: Frames, what: string): void {
  let last = -1;
  for (const { sequence, text } of delivered) {
    assert(sequence > last, `${what}: ${sequence} after ${last}`);
    assert(text === frames.get(sequence), `${what}: frame ${sequence} is not what was written`);
    last = sequence;
  }
}

function checkBooks(journal: Journal, delivered: readonly Delivered[], damages: readonly Damage[], what: string): void {
  const pending = { frames: delivered.length, bytes: bytesOf(delivered) };
  for (const { from, until, frames, payloadBytes, counted } of damages) {
    assert(
      frames >= 0 && frames <= until - from && payloadBytes >= 0,
      `${what}: an impossible loss, ${from} to ${until}, ${payloadBytes} bytes`,
    );
    if (!counted) continue;
    pending.frames += frames;
    pending.bytes += payloadBytes;
  }
  const { pendingFrames, pendingBytes } = journal.recovery;
  assertEquals(
    { frames: pendingFrames, bytes: pendingBytes },
    pending,
    `${what}: pending, against delivered and damaged`,
  );
}

/** No missing frame is passed over without a report, except at the end, where it cannot be known. */
function checkSilence(
  cursor: number,
  delivered: readonly Delivered[],
  damages: readonly Damage[],
  frames: Frames,
  what: string,
): void {
  const there = new Set(delivered.map(({ sequence }) => sequence));
  const last = delivered[delivered.length - 1]?.sequence ?? 0;
  for (const sequence of frames.keys()) {
    if (there.has(sequence)) {
      assert(!lostIn(damages, sequence), `${what}: ${sequence} is delivered and reported as lost`);
    } else if (sequence >= cursor && sequence < last) {
      assert(lostIn(damages, sequence), `${what}: ${sequence} is lost silently`);
    }
  }
}

async function checkGoingOn(files: MemoryFiles, journal: Journal, { delivered, end }: Examined, what: string) {
  assert(
    delivered.every(({ sequence }) => sequence < end),
    `${what}: the journal ends at ${end}, before what it delivers`,
  );
  await appendLines(journal, 2);
  const all = [...delivered, ...[end, end + 1].map((sequence) => ({ sequence, text: line(sequence) }))];
  assertEquals(await readAll(journal), all, `${what}, with two frames more`);
  await journal.close();
  const again = await open(files);
  assertEquals(again.recovery.clean, true, what);
  const damages: Damage[] = [];
  again.onDamage = (damage) => damages.push(damage);
  const redelivered = await readAll(again);
  assertEquals(redelivered, all, `${what}, opened again`);
  checkBooks(again, redelivered, damages, `${what}, opened again`);
  await again.close();
}

function bytesOf(delivered: readonly Delivered[]): number {
  return delivered.reduce((sum, { text }) => sum + text.length, 0);
}
