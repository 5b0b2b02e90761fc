/**
 * A journal that is not being written, read by every command that reads: what one
 * says is what the others say.
 */
import { frameFormat, type FrameKind } from "../../../peers/frames.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import type { Random } from "../../../support/memory_inode.ts";
import { objectsOf, run, textOf } from "./command.ts";

/** As `cat --format json` prints it. */
export interface JournalFrame {
  readonly sequence: number;
  readonly time: string;
  readonly bytes: number;
}

export interface DiskRoute {
  readonly from: string;
  readonly state: string;
  readonly pending_frames: number;
  readonly pending_bytes: number;
  readonly cursor: number;
  readonly end: number;
  readonly at_risk_bytes: number;
  readonly journal_bytes: number;
  readonly journal_segments: number;
}

/** What the examiner knows of it. */
export interface Known {
  readonly journal: string;
  readonly frames: FrameKind;
  /** Somebody has flipped a bit in it. */
  readonly flipped: boolean;
  /** Frames that were journaled may be missing in it. */
  readonly holes: boolean;
  /** A compaction was killed: a frame may be there twice. */
  readonly twice: boolean;
}

export interface Examined {
  readonly frames: readonly JournalFrame[];
  readonly status: DiskRoute;
  /** Producer and number of each frame that is not delivered. */
  readonly pending: readonly (readonly [number, number])[];
}

export async function examine(known: Known, random: Random): Promise<Examined> {
  const { journal, flipped, holes } = known;
  const codes = flipped || holes ? [0, 1] : [0];
  const status = await diskStatus(journal);
  const all = await run(["cat", "--format", "json", journal], { codes });
  const frames = objectsOf<JournalFrame>(all);
  if (!flipped && !holes) assertEquals(all.errors, [], "cat has nothing to say");
  frames.forEach(({ sequence }, i) => {
    assert(i === 0 || sequence > frames[i - 1].sequence, `cat: ${sequence} after ${frames[i - 1]?.sequence}`);
  });
  assert((frames.at(-1)?.sequence ?? -1) < status.end, `cat's last frame is beyond end ${status.end}`);
  const raw = await run(["cat", journal], { codes });
  assertEquals(raw.stdout.length, bytesOf(frames), "bytes of cat");
  parse(raw.stdout, known.frames, frames.length);
  const waiting = await run(["cat", "--pending", journal], { codes });
  const pendingFrames = frames.filter(({ sequence }) => sequence >= status.cursor);
  const pending = parse(waiting.stdout, known.frames, pendingFrames.length);
  if (!flipped && !holes) {
    const told = [status.pending_frames, status.pending_bytes];
    assertEquals(told, [pendingFrames.length, bytesOf(pendingFrames)], "status and cat --pending");
  }
  assertEquals([status.journal_bytes, status.journal_segments], sizeOf(journal), "status and the files");
  await checkListing(known, frames.length);
  await checkVerify(known, frames.length);
  for (let i = 0; i < 3; i++) await checkSelection(known, frames, status, random);
  await checkCopy(known, raw.stdout, random);
  return { frames, status, pending };
}

export async function diskStatus(journal: string): Promise<DiskRoute> {
  const [route] = JSON.parse(textOf(await run(["status", "--json", journal]))).routes;
  assertEquals([route.from, route.state], ["disk", "stopped"]);
  return route;
}

/** Bytes and number of the segments. */
export function sizeOf(journal: string): [number, number] {
  const names = segmentFiles(journal);
  return [names.reduce((sum, name) => sum + Deno.statSync(`${journal}/${name}`).size, 0), names.length];
}

export function segmentFiles(journal: string): string[] {
  return [...Deno.readDirSync(journal)].map(({ name }) => name).filter((name) => /^\d{20}\.seg(\.zst)?$/.test(name))
    .sort();
}

function bytesOf(frames: readonly JournalFrame[]): number {
  return frames.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Every byte is checked; each producer's frames rise. */
export function parse(bytes: Uint8Array, kind: FrameKind, count?: number): [number, number][] {
  const format = frameFormat(kind);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: [number, number][] = [];
  const last = new Map<number, number>();
  for (let start = 0; start < bytes.length;) {
    const { size, producer, sequence } = format.check(bytes, view, start, bytes.length);
    assert(size > 0, `no frame at byte ${start} of ${bytes.length}`);
    assert(sequence > (last.get(producer) ?? -1), `producer ${producer}: ${sequence} after ${last.get(producer)}`);
    last.set(producer, sequence);
    found.push([producer, sequence]);
    start += size;
  }
  if (count !== undefined) assertEquals(found.length, count, "frames");
  return found;
}

interface Row {
  readonly base: number;
  readonly end: number;
  readonly frames: number;
  readonly state: string;
}

async function checkListing({ journal, flipped, twice }: Known, frames: number): Promise<void> {
  const rows = objectsOf<Row>(await run(["ls", "--json", journal]));
  const sum = rows.reduce((sum, row) => sum + row.frames, 0);
  if (!flipped) assert(twice ? sum >= frames : sum === frames, `ls: ${sum} frames, cat: ${frames}`);
  if (!flipped) assertEquals(rows.filter(({ state }) => state === "damaged"), [], "ls");
}

interface Verdict {
  readonly kind: "damaged" | "missing";
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  readonly from: number | null;
  readonly until: number | null;
}

async function checkVerify(known: Known, frames: number): Promise<void> {
  const { journal, flipped, holes } = known;
  const verdicts = await verify(journal);
  if (!flipped) assertEquals(verdicts.filter(({ kind }) => kind === "damaged"), [], "verify");
  if (!flipped && !holes) assertEquals(verdicts, [], "verify");
  const said = textOf(await run(["verify", journal], { codes: [0, 1] }));
  const whole = Number(/(?:ok|whole): \d+ segments?, (\d+) frames?/.exec(said)?.[1]);
  assert(known.twice ? whole >= frames : whole === frames, `verify: ${whole} frames, cat: ${frames}: ${said}`);
}

export async function verify(journal: string): Promise<Verdict[]> {
  const ran = await run(["verify", "--json", journal], { codes: [0, 1] });
  const verdicts = objectsOf<Verdict>(ran);
  assertEquals(ran.code, verdicts.some(({ kind }) => kind === "damaged") ? 1 : 0, "exit code of verify");
  return verdicts;
}

async function checkSelection(
  { journal, flipped, holes, frames: kind }: Known,
  frames: readonly JournalFrame[],
  { cursor, end }: DiskRoute,
  random: Random,
): Promise<void> {
  const some = (max: number) => Math.floor(random() * (max + 1));
  const flags: string[] = [];
  let wanted = frames;
  const low = frames[0]?.sequence ?? 0;
  const keep = (flag: string, value: string, test: (frame: JournalFrame) => boolean) => {
    if (random() < 0.4) return;
    flags.push(flag, value);
    wanted = wanted.filter(test);
  };
  const from = low + some(end - low);
  const until = from + 1 + some(end - from);
  keep("--from", `${from}`, ({ sequence }) => sequence >= from);
  keep("--until", `${until}`, ({ sequence }) => sequence < until);
  if (frames.length > 0) {
    const [since, before] = [0, 0].map(() => frames[some(frames.length - 1)].time).sort();
    if (random() < 0.5) keep("--since", since, ({ time }) => time >= since);
    if (random() < 0.5 && since < before) keep("--before", before, ({ time }) => time < before);
  }
  if (random() < 0.3) {
    flags.push("--pending");
    wanted = wanted.filter(({ sequence }) => sequence >= cursor);
  }
  if (random() < 0.5) {
    const limit = 1 + some(frames.length);
    flags.push("--limit", `${limit}`);
    wanted = wanted.slice(0, limit);
  }
  const codes = flipped || holes ? [0, 1] : [0];
  const json = objectsOf<JournalFrame>(await run(["cat", "--format", "json", ...flags, journal], { codes }));
  const told = flags.join(" ");
  assertEquals(json.map(({ sequence }) => sequence), wanted.map(({ sequence }) => sequence), `cat ${told}`);
  const sent = await run(["replay", journal, "--to", "-", "--allow-gaps", ...flags], { codes });
  const [got] = [parse(sent.stdout, kind, wanted.length)];
  assertEquals(got.length, wanted.length, `replay ${told}`);
  assertEquals(sent.stdout.length, bytesOf(wanted), `replay ${told}`);
  if (flipped) return;
  const planned = await run(["replay", journal, "--dry-run", "--allow-gaps", ...flags], { codes });
  const would = /would send: (\d+) frames?/.exec(textOf(planned))?.[1] ?? "0";
  assertEquals(Number(would), wanted.length, `replay --dry-run ${told}`);
  if (!holes) assertEquals(planned.errors, [], `replay --dry-run ${told}`);
}

/** A segment that was copied away, beside its journal, comes once; alone it is a part of it. */
async function checkCopy({ journal, flipped, holes, frames }: Known, all: Uint8Array, random: Random): Promise<void> {
  const names = segmentFiles(journal);
  if (names.length === 0) return;
  const name = names[Math.floor(random() * names.length)];
  const away = `${journal}-away`;
  Deno.mkdirSync(away, { recursive: true });
  Deno.copyFileSync(`${journal}/${name}`, `${away}/${name}`);
  const codes = flipped || holes ? [0, 1] : [0];
  const both = random() < 0.5 ? [journal, `${away}/${name}`] : [`${away}/${name}`, `${journal}/*.seg*`];
  const [command, ...to] = random() < 0.5 ? ["cat"] : ["replay", "--to", "-", "--allow-gaps"];
  const ran = await run([command, ...both, ...to], { codes });
  if (!flipped) assertEquals(ran.stdout.length, all.length, `${command} ${both.join(" ")}`);
  parse(ran.stdout, frames);
  const alone = await run(["cat", `${away}/${name}`], { codes });
  parse(alone.stdout, frames);
  Deno.removeSync(away, { recursive: true });
}
