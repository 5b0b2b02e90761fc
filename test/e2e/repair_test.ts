/**
 * One bit flipped in each of a hundred copies of a real journal: `verify` names
 * the range, `cat` prints the rest and says what it skipped, `repair` leaves
 * clean journals with every whole frame, and the relay delivers that.
 */
import { basename } from "node:path";
import { assert, assertEquals } from "../support/assert.ts";
import { seeded } from "../support/random.ts";
import { type Finished, spillway } from "./cli/program.ts";
import { findSegments } from "../../src/journal/files/archive/find_segments.ts";
import { readArchive } from "../../src/journal/files/archive/read_archive.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { segmentNames } from "./rig/journal_files.ts";
import { freePorts } from "./rig/ports.ts";
import { journaled } from "./rig/recording.ts";
import { type Scene, scene } from "./rig/scene.ts";

const COPIES = 100;
const SEGMENTS = 3;
const RECORDS = 5;
/** Of each record. */
const LINES = 3;
/** How many run at the same time: most of what a command costs is its start. */
const AT_ONCE = 4;

/** A record of the journal, as `verify` would name it. */
interface Place {
  readonly name: string;
  readonly offset: number;
  readonly end: number;
  readonly text: string;
}

interface Flip {
  readonly directory: string;
  readonly name: string;
  readonly at: number;
}

scene("a flipped bit in each of a hundred journals is named, passed over and repaired", async (scene) => {
  const journal = `${scene.directory}/journal`;
  await makeJournal(scene, journal);
  const records = await recordsOf(journal);
  assertEquals(records.length, SEGMENTS * RECORDS);
  const flips = flipCopies(journal, scene.directory);
  const directories = flips.map(({ directory }) => directory);
  const left = (flip: Flip) =>
    records.filter(({ name, offset, end }) => name !== flip.name || flip.at < offset || flip.at >= end);

  const named = await spillway(["verify", "--json", ...directories]);
  assertEquals(named.code, 1, named.stderr);
  const ranges = named.stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === "damaged");
  assertEquals(ranges.length, COPIES);
  for (const { directory, name, at } of flips) {
    const range = ranges.find(({ file }) => file === `${directory}/${name}`);
    assert(range?.offset <= at && at < range.offset + range.bytes, `byte ${at} of ${name}: ${JSON.stringify(range)}`);
  }

  await each(flips, async (flip) => {
    const { code, stdout, stderr } = await spillway(["cat", flip.directory]);
    const texts = left(flip);
    assertEquals(stdout, texts.map(({ text }) => text).join(""), `byte ${flip.at} of ${flip.name}`);
    // A damaged footer is skipped as well, and costs no frame.
    const skipped = stderr.includes("damaged at byte");
    assertEquals(code, skipped ? 1 : 0, stderr);
    if (texts.length < records.length) assert(skipped, `byte ${flip.at} of ${flip.name}: nothing was said`);
  });

  assertOk(await spillway(["repair", ...directories]));
  assertOk(await spillway(["verify", ...directories]));
  for (const flip of flips) {
    const texts = (await recordsOf(flip.directory)).map(({ text }) => text);
    assertEquals(texts, left(flip).map(({ text }) => text), `byte ${flip.at} of ${flip.name}`);
  }
  const inRecord = flips.find((flip) => left(flip).length < records.length)!;
  assertEquals(await delivered(scene, inRecord.directory), left(inRecord).map(({ text }) => text).join(""));
});

/** Three runs of the relay, whose consumer is away. */
async function makeJournal(scene: Scene, journal: string): Promise<void> {
  for (let run = 0; run < SEGMENTS; run++) {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}` },
      journal: { dir: journal, mode: "always" },
    }], { name: `run${run}` }).listening(source);
    const connection = await Deno.connect({ port: source });
    for (let record = 0; record < RECORDS; record++) {
      const lines = Array.from({ length: LINES }, (_, i) => `run ${run} record ${record} line ${i}\n`).join("");
      await connection.write(new TextEncoder().encode(lines));
      // What comes after this was appended is another record.
      await journaled(journal, LINES * (run * RECORDS + record + 1));
    }
    connection.close();
    await relay.stop();
  }
  assertEquals(segmentNames(journal).length, SEGMENTS);
}

async function recordsOf(directory: string): Promise<Place[]> {
  const places: Place[] = [];
  const { files } = denoRuntime;
  const ends = new Map<string, number>();
  for await (const passage of readArchive(files, await findSegments(files, [directory]), {})) {
    if (passage.kind !== "frames") continue;
    // Records follow each other in a file: a header of 64 bytes and the frames; the first one stands at 512.
    const offset = ends.get(passage.segment) ?? 512;
    const end = offset + 64 + passage.bytes.length;
    ends.set(passage.segment, end);
    places.push({ name: basename(passage.segment), offset, end, text: new TextDecoder().decode(passage.bytes) });
  }
  return places;
}

function flipCopies(journal: string, into: string): Flip[] {
  const random = seeded(20261125);
  const names = [...segmentNames(journal), "cursor"];
  return Array.from({ length: COPIES }, (_, i) => {
    const directory = `${into}/copy${String(i).padStart(3, "0")}`;
    Deno.mkdirSync(directory);
    for (const name of names) Deno.copyFileSync(`${journal}/${name}`, `${directory}/${name}`);
    const name = names[i % names.length];
    const bytes = Deno.readFileSync(`${directory}/${name}`);
    const at = Math.floor(random() * bytes.length);
    bytes[at] ^= 1 << Math.floor(random() * 8);
    Deno.writeFileSync(`${directory}/${name}`, bytes);
    return { directory, name, at };
  });
}

/** All that a relay on this journal sends to its consumer. */
async function delivered(scene: Scene, journal: string): Promise<string> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const [source] = freePorts(1);
  const relay = scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${listener.addr.port}` },
    journal: { dir: journal },
  }], { name: "after" });
  const connection = await listener.accept();
  await relay.saying(/the journal is sent/);
  const received = new Response(connection.readable).text();
  await relay.stop();
  listener.close();
  return await received;
}

async function each(flips: readonly Flip[], action: (flip: Flip) => Promise<void>): Promise<void> {
  const left = [...flips];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let flip = left.pop(); flip !== undefined; flip = left.pop()) await action(flip);
  }));
}

function assertOk({ code, stdout, stderr }: Finished): void {
  assertEquals([code, stderr], [0, ""], stdout);
}
