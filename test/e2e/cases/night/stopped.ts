/** What an operator does to a journal whose daemon is down, and what must hold of it afterwards. */
import { loopback } from "../../../peers/address.ts";
import { Consumer } from "../../../peers/consumer.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import type { Random } from "../../../support/memory_inode.ts";
import { freePorts } from "../../rig/ports.ts";
import { until } from "../../rig/wait.ts";
import { objectsOf, run } from "./command.ts";
import { examine, type Examined, type JournalFrame, segmentFiles, sizeOf, verify } from "./examine.ts";
import type { NightRoute } from "./route.ts";

interface CompactReport {
  readonly removed: { readonly segments: number };
  readonly rewritten: { readonly segments: number };
  readonly after: { readonly bytes: number; readonly segments: number };
  readonly warnings: readonly string[];
}

/** What compact says where --max-bytes cannot be reached. */
const AIM_MISSED = /^note: .* are left, --max-bytes is .* are pending, and stay until they are delivered or given up/;

/** Compacts it twice: the report is what is on disk, and the second time there is nothing to do. */
export async function compactStopped(route: NightRoute, config: string, before: Examined, random: Random) {
  const limits = [[], [], ["--older-than", "0s"], ["--max-bytes", random() < 0.5 ? "0B" : "300KiB"]];
  const flags = limits[Math.floor(random() * limits.length)];
  const { journal, setting } = route;
  const where = random() < 0.5 ? [journal] : ["-c", config];
  const codes = route.flipped ? [0, 1] : [0];
  // The other route's journal may be the damaged one.
  const plain = await run(["compact", ...where, ...flags], { codes: where[0] === journal ? codes : [0, 1] });
  if (!route.flipped && where[0] === journal) {
    const said = flags[0] === "--max-bytes" ? plain.errors.filter((line) => !AIM_MISSED.test(line)) : plain.errors;
    assertEquals(plain.stdout.length + said.length, 0, "compact is silent");
  }
  const ran = await run(["compact", "--json", journal, ...flags], { codes });
  const [report] = objectsOf<CompactReport>(ran);
  assertEquals([report.after.bytes, report.after.segments], sizeOf(journal), "what compact says is on disk");
  if (!route.flipped) {
    assertEquals([report.removed.segments, report.rewritten.segments, report.warnings.length], [0, 0, 0], "again");
    route.twice = false;
  }
  const after = await examine(route.known(), random);
  const gone = before.frames.length - after.frames.length;
  assertEquals(
    after.frames.map(({ sequence }) => sequence),
    before.frames.slice(gone).map(({ sequence }) => sequence),
    "what is left is the end of what was there",
  );
  assertEquals(after.pending, before.pending, "what is pending stays");
  const removes = flags.length > 0 || setting.retain === "0s" || setting.journal.retain_bytes !== "0B";
  if (!removes) assertEquals(gone, 0, "nothing may go");
  if (flags.length > 0 && flags[1] !== "300KiB" && setting.target.rewind === "0B" && !route.flipped) {
    checkAllGone(journal, after.frames, after.status.cursor);
  }
  return after;
}

/** Nothing that is delivered is left but in the newest segment and in the one that the cursor is in. */
function checkAllGone(journal: string, frames: readonly JournalFrame[], cursor: number): void {
  const bases = segmentFiles(journal).map((name) => Number(name.slice(0, 20)));
  const inside = bases.findLast((base) => base <= cursor && base !== bases.at(-1)) ?? bases.at(-1) ?? 0;
  const low = frames.at(0)?.sequence ?? 0;
  assert(low >= Math.min(inside, bases.at(-1) ?? 0), `delivered frames from ${low} on are left, cursor ${cursor}`);
}

/** Gives up a part of what is pending, or asks for what cannot be. */
export async function skipStopped(route: NightRoute, { status, pending }: Examined, random: Random) {
  const { cursor, end } = status;
  const target = cursor + Math.floor(random() * (end - cursor + 1));
  const wrong = random() < 0.2;
  const asked = wrong ? end + 1 : target;
  const ran = await run(["skip", route.journal, "--until", `${asked}`, "--yes", "--json"], { codes: [wrong ? 2 : 0] });
  if (wrong) return;
  const [{ frames }] = objectsOf<{ frames: number }>(ran);
  route.past.dropped += frames;
  route.lossy = true;
  if (frames > 0) route.left = undefined;
  const after = await examine(route.known(), random);
  assertEquals(after.status.cursor, asked, "cursor after skip");
  if (!route.flipped && !route.holes) {
    assertEquals(after.pending, pending.slice(frames), "what is pending after skip");
    assertEquals(after.status.pending_frames, status.pending_frames - frames, "pending after skip");
  }
}

/** Flips a bit in a part that is no longer written; `verify` names its place, and at most one record is lost. */
export async function flip(route: NightRoute, before: Examined, random: Random): Promise<boolean> {
  const { journal } = route;
  const names = segmentFiles(journal).slice(0, -1);
  if (names.length === 0 || route.flipped || route.holes) return false;
  const name = names[Math.floor(random() * names.length)];
  const path = `${journal}/${name}`;
  const bytes = Deno.readFileSync(path);
  const at = Math.floor(random() * bytes.length);
  bytes[at] ^= 1 << Math.floor(random() * 8);
  Deno.writeFileSync(path, bytes);
  route.flipped = route.lossy = true;
  route.left = undefined;
  const told = `bit of byte ${at} of ${name} (${bytes.length} bytes)`;
  const named = (await verify(journal)).filter(({ kind }) => kind === "damaged");
  assert(named.length > 0, `${told}: verify says nothing`);
  assert(named.every(({ file }) => file === path), `${told}: ${JSON.stringify(named)}`);
  assert(named.some(({ offset, bytes }) => offset <= at && at < offset + bytes), `${told}: ${JSON.stringify(named)}`);
  const after = await examine(route.known(), random);
  const there = new Set(after.frames.map(({ sequence }) => sequence));
  const lost = before.frames.filter(({ sequence }) => !there.has(sequence));
  assert(new Set(lost.map(({ time }) => time)).size <= 1, `${told}: ${lost.length} frames of several records are lost`);
  return true;
}

export async function repair(route: NightRoute, random: Random): Promise<void> {
  const { journal } = route;
  const before = await examine(route.known(), random);
  await run(["repair", "--dry-run", journal], { codes: [0] });
  const killed = random() < 0.3;
  if (killed) {
    await run(["repair", journal], { signal: { name: "SIGKILL", afterMs: 20 + random() * 80 } });
  }
  await run(["repair", journal]);
  assertEquals((await verify(journal)).filter(({ kind }) => kind === "damaged"), [], "verify after repair");
  route.holes ||= route.flipped;
  route.flipped = false;
  const after = await examine(route.known(), random);
  assertEquals(after.frames, before.frames, "repair leaves every whole frame");
  const lost = before.status.pending_frames - after.status.pending_frames;
  if (lost > 0) route.left = undefined;
  route.past.dropped += lost;
}

/** The whole journal to another consumer, killed and resumed. */
export async function replayAll(route: NightRoute, { frames }: Examined, directory: string, random: Random) {
  const [port] = freePorts(1);
  const consumer = new Consumer({ listen: loopback(port), frames: route.setting.frames }).start();
  const progress = `${directory}/progress-${port}`;
  const bytes = frames.reduce((sum, each) => sum + each.bytes, 0);
  const args = ["replay", route.journal, "--to", `127.0.0.1:${port}`, "--progress-file", progress, "--allow-gaps"];
  const codes = route.flipped || route.holes ? [0, 1] : [0];
  try {
    const rate = Math.max(1000, Math.ceil(bytes));
    for (let kills = Math.floor(random() * 3); kills > 0; kills--) {
      const name = random() < 0.6 ? "SIGKILL" : "SIGINT";
      await run([...args, "--rate", `${rate}B/s`], { codes, signal: { name, afterMs: 50 + random() * 600 } });
    }
    await run(args, { codes });
    if (frames.length > 0) await until("the replay is read", () => consumer.tally.frames >= frames.length);
    assertEquals(consumer.damage, undefined);
    assertEquals([consumer.tally.frames, consumer.tally.late], [frames.length, 0], "replayed");
    assertEquals(consumer.tally.connections.flatMap(({ disorder }) => disorder), [], "disorder in a replay");
    const again = await run(args, { codes });
    assert(again.errors.some((line) => line.startsWith("nothing to send: ")), again.errors.join("\n"));
  } finally {
    await consumer.stop();
  }
}
