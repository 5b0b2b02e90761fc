/**
 * The journal that the golden files hold, made by today's writer with a fixed
 * clock and fixed random bytes. Run as a program it writes them anew: only for
 * a new format version, whose files then stand beside the old ones.
 *
 *     deno run --allow-read --allow-write test/journal/format/golden/generate.ts
 */
import { MemoryFiles } from "../../../support/memory_files.ts";
import { createFramer } from "../../../../src/framing/framing.ts";
import { compressInPlace } from "../../support/compress_sample.ts";
import { ManualClock, open, optionsFor, run } from "../../support/rig.ts";

export const GOLDEN_FRAMES = [
  { sequence: 0, text: "first\n" },
  { sequence: 1, text: "second, arrived 5 ms later\n" },
  { sequence: 2, text: "third, arrived 20 ms later\n" },
  // 3 to 9 were delivered from memory: a declared hole.
  { sequence: 10, text: "tenth, after a hole\n" },
  { sequence: 11, text: "\n" },
  // Another framing, another segment.
  { sequence: 12, text: "8 octets, " },
  { sequence: 13, text: "5 count" },
];

const ARRIVED_US = 1_700_000_000_000_000;

/** Names and bytes of the files, without the lock. */
export async function goldenFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  // The same random bytes as if both were one process.
  const { randomBytes } = optionsFor(files);
  const text = (sequence: number) => GOLDEN_FRAMES.find((frame) => frame.sequence === sequence)!.text;

  const lines = await open(files, { clock, randomBytes });
  await lines.append([
    run(0, [text(0)], ARRIVED_US),
    run(1, [text(1)], ARRIVED_US + 5_000),
    run(2, [text(2)], ARRIVED_US + 20_000),
  ]);
  lines.confirm(1);
  await clock.advance(100);
  await lines.append([run(10, [text(10), text(11)], ARRIVED_US + 1_000_000)]);
  await lines.close();

  const framer = createFramer({ type: "octet-count", maxFrame: 1024 });
  const octets = await open(files, { clock, randomBytes, framer });
  await octets.append([run(12, [text(12), text(13)], ARRIVED_US + 2_000_000)]);
  octets.confirm(2);
  await octets.boundRisk(40);
  await clock.advance(100);
  const golden = new Map<string, Uint8Array>();
  for (const path of files.paths()) {
    if (!path.endsWith("/lock")) golden.set(path.slice(path.lastIndexOf("/") + 1), files.bytesOf(path).slice());
  }
  await octets.close();
  return golden;
}

/** Name and bytes of the first golden segment, compressed; what zstd makes of it may change with its version. */
export async function goldenCompressed(golden: ReadonlyMap<string, Uint8Array>): Promise<[string, Uint8Array]> {
  const files = new MemoryFiles();
  const [name, bytes] = [...golden][0];
  files.put(`/golden/${name}`, bytes);
  const path = await compressInPlace(files, `/golden/${name}`);
  return [`${name}.zst`, files.bytesOf(path).slice()];
}

if (import.meta.main) {
  const [compressed, bytes] = await goldenCompressed(await goldenFiles());
  Deno.mkdirSync(new URL("v1/compressed", import.meta.url), { recursive: true });
  Deno.writeFileSync(new URL(`v1/compressed/${compressed}`, import.meta.url), bytes);
  for (const [name, bytes] of await goldenFiles()) Deno.writeFileSync(new URL(`v1/${name}`, import.meta.url), bytes);
}
