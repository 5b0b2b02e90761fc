/**
 * 200 times kill -9 at random moments under load, split over both runtimes and
 * both modes: `deno task soak:kill`. `--kills N` for another number.
 */
import { parseArgs } from "@std/cli/parse-args";
import { type KillSetting, runKills } from "../cases/kills.ts";
import { onStage } from "../rig/scene.ts";
import { printTable } from "./table.ts";

/** How many kills one journal is used for: after each one a scan reads all of it. */
const KILLS_IN_ONE_GO = 10;
const KINDS: readonly Omit<KillSetting, "kills">[] = (["deno", "bun"] as const).flatMap((runtime) => [
  { runtime, mode: "always", sync: "os" },
  { runtime, mode: "always", sync: "each" },
  { runtime, mode: "overflow", sync: "os" },
  { runtime, mode: "overflow", sync: "each" },
]);

const options = parseArgs(Deno.args, { string: ["kills"] });
const kills = Number(options.kills ?? 200);

const rows = [];
for (const kind of KINDS) rows.push(await runAll(kind, Math.ceil(kills / KINDS.length)));
printTable(rows);
for (const row of rows) {
  console.log(
    `kill -9, ${row.runtime}, ${row.mode}, sync = ${row.sync}: ${row.runs} runs, ${row.kills} kills, ` +
      `${row.sent.toLocaleString("en")} frames sent, ${row.delivered.toLocaleString("en")} delivered, ${row.lost} lost`,
  );
}
Deno.exit(rows.some(({ lost, failures }) => lost > 0 || failures > 0) ? 1 : 0);

async function runAll(kind: Omit<KillSetting, "kills">, kills: number) {
  const row = { ...kind, runs: 0, kills: 0, sent: 0, journaled: 0, answered: 0, delivered: 0, repeats: 0, lost: 0 };
  const costs = { costFrames: 0, costMostBytes: 0, allowedBytes: 0, failures: 0 };
  for (let left = kills; left > 0; left -= KILLS_IN_ONE_GO) {
    row.runs++;
    try {
      const setting = { ...kind, kills: Math.min(left, KILLS_IN_ONE_GO) };
      const outcome = await onStage((scene) => runKills(scene, setting));
      for (const key of ["kills", "sent", "journaled", "answered", "delivered", "repeats", "lost"] as const) {
        row[key] += outcome[key];
      }
      costs.costFrames += outcome.cost;
      if (outcome.costMost.bytes > costs.costMostBytes) {
        costs.costMostBytes = outcome.costMost.bytes;
        costs.allowedBytes = outcome.costMost.allowedBytes;
      }
    } catch (error) {
      costs.failures++;
      console.log(`FAILED: ${JSON.stringify(kind)}: ${error}`);
    }
  }
  console.log(`${kind.runtime}, ${kind.mode}, sync = ${kind.sync}: ${row.kills} kills, ${row.lost} lost`);
  return { ...row, ...costs };
}
