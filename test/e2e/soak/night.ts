/**
 * The operator's bad night, again and again: `deno task soak:night`. The same
 * seed does the same things in the same order, though not at the same moments.
 * `--nights N`, `--seed S` (the first of them), `--steps N`, `--loud` tells what
 * is done as it is done.
 */
import { parseArgs } from "@std/cli/parse-args";
import { seeded } from "../../support/random.ts";
import { Night } from "../cases/night/night.ts";
import { chosenRuntime } from "../rig/relay_command.ts";
import { Scene } from "../rig/scene.ts";

const options = parseArgs(Deno.args, { string: ["nights", "seed", "steps"], boolean: ["loud"] });
const nights = Number(options.nights ?? 10);
const first = Number(options.seed ?? Math.floor(Math.random() * 1e6));
const steps = Number(options.steps ?? 30);
/** Of the diary and the log of a night that failed. */
const SHOWN_LINES = 40;
const SHOWN_COLUMNS = 700;

const sum = { nights: 0, failed: 0, lives: 0, kills: 0, commands: 0, frames: 0 };
for (let seed = first; seed < first + nights; seed++) await pass(seed);
const { failed, lives, kills, commands, frames } = sum;
console.log(
  `${chosenRuntime()}: ${sum.nights} nights from seed ${first}, ${lives} daemons of which ${kills} were killed, ` +
    `${commands} commands, ${frames.toLocaleString("en")} frames delivered, ${failed} nights failed`,
);
Deno.exit(failed === 0 ? 0 : 1);

async function pass(seed: number): Promise<void> {
  const scene = new Scene();
  const begin = performance.now();
  const night = new Night(scene, seeded(seed), options.loud);
  sum.nights++;
  try {
    await Promise.race([night.run(steps), deadline(120_000 + steps * 30_000)]);
    console.log(`seed ${seed}: held, ${Math.round((performance.now() - begin) / 1000)} s`);
  } catch (error) {
    sum.failed++;
    console.log(`seed ${seed}: FAILED: ${error instanceof Error ? error.stack : error}`);
    if (!options.loud) console.log(night.diary.slice(-SHOWN_LINES).join("\n"));
    const log = scene.tails().split("\n").slice(-SHOWN_LINES);
    console.log(log.map((line) => line.slice(0, SHOWN_COLUMNS)).join("\n"));
  } finally {
    await scene.close();
  }
  for (const key of ["lives", "kills", "commands", "frames"] as const) sum[key] += night.counts[key];
}

function deadline(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    Deno.unrefTimer(setTimeout(() => reject(new Error(`not over after ${ms / 1000} s`)), ms) as unknown as number);
  });
}
