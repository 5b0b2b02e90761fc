/** Makes an executable of the bundle: with `deno compile`, or with `bun build --compile`. */
import { findBun } from "./bun_binary.ts";
import { TARGETS } from "./targets.ts";

export interface Compiled {
  readonly ok: boolean;
  /** What the compiler said on standard error. */
  readonly stderr: string;
}

/** Limit for fetching denort, which is the only slow part, on a network that drops packets. */
const DENO_COMPILE_MAX_MS = 120_000;

/**
 * `-A`: the daemon opens whatever sockets and files its configuration names,
 * calls libc through FFI (flock, ioctl) and reads /proc, which Deno allows with
 * all permissions only. Without the repository's configuration, because the
 * bundle needs no package and none may end up in the binary.
 */
export async function denoCompile(bundle: string, output: string, target?: string, denort?: string): Promise<Compiled> {
  const platform = target === undefined ? [] : ["--target", nameFor("deno", target)];
  return await run(
    Deno.execPath(),
    ["compile", "-A", "--no-check", "--no-config", "--no-lock", ...platform, "--output", output, bundle],
    denort === undefined ? {} : { DENORT_BIN: denort },
    DENO_COMPILE_MAX_MS,
  );
}

/**
 * Bytecode halves the start-up time (35 to 16 ms here). Minifying would spoil
 * stack traces to save a thousandth of the size. A compiled program must not
 * read .env, bunfig.toml, tsconfig.json or package.json of the directory where it is started.
 */
export async function bunCompile(bundle: string, output: string, target?: string): Promise<Compiled> {
  const platform = target === undefined ? [] : [`--target=${nameFor("bun", target)}`];
  const autoload = ["dotenv", "bunfig", "tsconfig", "package-json"].map((file) => `--no-compile-autoload-${file}`);
  const flags = ["--bytecode", "--format=esm", ...autoload, ...platform, "--outfile", output];
  return await run(findBun(), ["build", "--compile", ...flags, bundle], {});
}

/** What the executable prints as its version. Made of another base than denort it exits with 0 and is not this program. */
export async function printsVersion(executable: string): Promise<boolean> {
  const command = new Deno.Command(executable, { args: ["version"], stdin: "null", stdout: "piped", stderr: "null" });
  return new TextDecoder().decode((await command.output()).stdout).startsWith("spillway ");
}

function nameFor(compiler: "deno" | "bun", target: string): string {
  const name = TARGETS[target]?.[compiler];
  if (name !== undefined) return name;
  const known = Object.keys(TARGETS).filter((target) => TARGETS[target][compiler] !== undefined);
  throw new Error(`--target: found ${target}, ${compiler} knows: ${known.join(", ")}`);
}

async function run(program: string, args: string[], env: Record<string, string>, maxMs?: number): Promise<Compiled> {
  const signal = maxMs === undefined ? undefined : AbortSignal.timeout(maxMs);
  const command = new Deno.Command(program, {
    args,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal,
  });
  const { success, stderr } = await command.output();
  const late = signal?.aborted ? `\ngave up after ${maxMs! / 1000} s` : "";
  return { ok: success, stderr: new TextDecoder().decode(stderr) + late };
}
