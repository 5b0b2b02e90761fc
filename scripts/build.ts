/**
 * Builds dist/spillway.js, the bundle that both runtimes run, and dist/spillway,
 * an executable that needs neither.
 *
 *   deno task build [--with deno|bun] [--target T] [--if-stale] [--check-deno-compile]
 *
 * `deno compile` comes first. It needs denort, which is taken from DENORT_BIN
 * or Deno's cache, or fetched from Deno's server; without it `bun build --compile`
 * is used instead. The last line of output says which compiler it was, and why.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "../src/cli/args/parse_args.ts";
import { bundle } from "./bundle.ts";
import { bunCompile, type Compiled, denoCompile, printsVersion } from "./compile.ts";
import { dashboardAssets } from "./dashboard.ts";
import { checkDenoCompile } from "./deno_compile_check.ts";
import { gitCommit, inputsHash } from "./inputs.ts";
import { TARGETS } from "./targets.ts";

const root = new URL("../", import.meta.url);
const dist = fileURLToPath(new URL("dist/", root));
const BUNDLE = `${dist}spillway.js`;
const STAMP = `${dist}stamp`;

type Compiler = "deno" | "bun";

interface Options {
  readonly with?: Compiler;
  readonly target?: string;
  readonly ifStale: boolean;
}

async function main(): Promise<void> {
  const parsed = parseArgs(Deno.args, {
    string: ["with", "target"],
    boolean: ["if-stale", "check-deno-compile"],
    collect: [],
    alias: {},
    unknown: (argument) => fail(`build: '${argument}' is not known; see the head of scripts/build.ts`),
  });
  const compiler = parsed.with as string | undefined;
  if (compiler !== undefined && compiler !== "deno" && compiler !== "bun") fail("build: --with takes deno or bun");
  const target = parsed.target as string | undefined;
  if (target !== undefined && TARGETS[target] === undefined) {
    fail(`build: --target: found ${target}, allowed: ${Object.keys(TARGETS).join(", ")}`);
  }
  await build({ with: compiler as Compiler | undefined, target, ifStale: parsed["if-stale"] === true });
  if (parsed["check-deno-compile"] === true) console.log(await checkDenoCompile(BUNDLE, dist));
}

async function build(options: Options): Promise<void> {
  const output = outputPath(options.target);
  const stamp = `${await inputsHash()} ${options.with ?? "any"}`;
  if (options.ifStale && options.target === undefined && await isFresh(stamp, output)) return;

  await Deno.mkdir(dist, { recursive: true });
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  await bundle("src/main.ts", BUNDLE, {
    define: {
      SPILLWAY_VERSION: JSON.stringify(version),
      SPILLWAY_COMMIT: JSON.stringify(await gitCommit()),
      SPILLWAY_DASHBOARD: JSON.stringify(await dashboardAssets()),
    },
  });
  // Made beside the old one and renamed, so that a running binary stays whole.
  const fresh = `${dist}new-${Deno.pid}${options.target?.startsWith("windows") ? ".exe" : ""}`;
  const how = await compile(fresh, options);
  await Deno.rename(fresh, output);
  if (options.target === undefined) await Deno.writeTextFile(STAMP, stamp);
  const megabytes = Math.round((await Deno.stat(output)).size / 1e6);
  console.log(`${output.slice(fileURLToPath(root).length)}: ${megabytes} MB, made with ${how}`);
}

/** Reports which compiler was used, and why. */
async function compile(output: string, options: Options): Promise<string> {
  if (options.with === "bun") {
    return done("bun build --compile, as asked", await bunCompile(BUNDLE, output, options.target));
  }
  const first = await tryDeno(output, options);
  if (first.ok) return `deno compile${options.with === "deno" ? ", as asked" : ""}`;
  if (options.with === "deno") fail(`build: deno compile failed:\n${first.stderr}`);
  const reason = reasonOf(first.stderr);
  return done(
    `bun build --compile, because deno compile failed: ${reason}`,
    await bunCompile(BUNDLE, output, options.target),
  );
}

async function tryDeno(output: string, { target }: Options): Promise<Compiled> {
  if (target !== undefined && TARGETS[target].deno === undefined) return { ok: false, stderr: `no target ${target}` };
  const compiled = await denoCompile(BUNDLE, output, target);
  if (!compiled.ok || target !== undefined || await printsVersion(output)) return compiled;
  await Deno.remove(output);
  return {
    ok: false,
    stderr: `no spillway came out of it: is DENORT_BIN (${Deno.env.get("DENORT_BIN")}) really denort?`,
  };
}

function done(how: string, compiled: Compiled): string {
  return compiled.ok ? how : fail(`build: bun build failed:\n${compiled.stderr}`);
}

/** The line with the reason, of an error with numbered causes; the whole text is kept beside the binary. */
function reasonOf(stderr: string): string {
  Deno.writeTextFileSync(`${dist}deno-compile.log`, stderr);
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const cause = lines.find((line) => /^(1:|gave up|no )/.test(line)) ??
    lines.find((line) => line.startsWith("error"));
  return `${(cause ?? "no reason given").replace(/^\d+: /, "")} (dist/deno-compile.log)`;
}

async function isFresh(stamp: string, output: string): Promise<boolean> {
  try {
    await Deno.stat(output);
    await Deno.stat(BUNDLE);
    return await Deno.readTextFile(STAMP) === stamp;
  } catch {
    return false;
  }
}

function outputPath(target: string | undefined): string {
  const suffix = (target ?? Deno.build.os).startsWith("windows") ? ".exe" : "";
  return `${dist}spillway${target === undefined ? "" : `-${target}`}${suffix}`;
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(1);
}

await main();
