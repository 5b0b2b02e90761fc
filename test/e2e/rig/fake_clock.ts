/** A process whose wall clock is set while it runs, as the machine's would be: by libfaketime, told in a file. */

const LIBRARIES = "/usr/lib";
/** Where libfaketime keeps something for each process. */
const SHARED_MEMORY = "/dev/shm";

/** Why there is none here; undefined if there is. */
export function lackOfFakeClock(): string | undefined {
  return libraryPath() === undefined ? "needs the Debian package faketime" : undefined;
}

export class FakeClock {
  readonly #file: string;

  /** Right at first. Keeps a file in `directory`. */
  constructor(directory: string) {
    this.#file = `${directory}/clock-offset`;
    this.set(0);
  }

  /** Shifts the wall clock by a number of seconds from now on; the monotonic clock is unchanged. */
  set(offsetSeconds: number): void {
    const sign = offsetSeconds < 0 ? "-" : "+";
    Deno.writeTextFileSync(`${this.#file}.new`, `${sign}${Math.abs(offsetSeconds)}\n`);
    // It is read at every look at the clock: it must never be there without its content.
    Deno.renameSync(`${this.#file}.new`, this.#file);
  }

  /** Runs a command by this clock. */
  get inside(): readonly string[] {
    return ["env", ...Object.entries(this.environment).map(([name, value]) => `${name}=${value}`)];
  }

  /** What a program has to find in its environment to live by this clock. */
  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: libraryPath()!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }
}

/** Removes what programs that were killed have left: one that gets the process id of such a one would not start. */
export function sweepFakeClocks(): void {
  for (const { name } of Deno.readDirSync(SHARED_MEMORY)) {
    const pid = /^(?:sem\.faketime_sem|faketime_shm)_(\d+)$/.exec(name)?.[1];
    if (pid === undefined || exists(`/proc/${pid}`)) continue;
    try {
      Deno.removeSync(`${SHARED_MEMORY}/${name}`);
    } catch { // another process has removed it
    }
  }
}

function libraryPath(): string | undefined {
  for (const { name } of Deno.readDirSync(LIBRARIES)) {
    const path = `${LIBRARIES}/${name}/faketime/libfaketimeMT.so.1`;
    if (exists(path)) return path;
  }
  return undefined;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
