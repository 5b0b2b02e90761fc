/** A process whose wall clock is set while it runs, as the machine's would be: by libfaketime, told in a file. */

const LIBRARIES = "/usr/lib";

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

  /** So many seconds off from now on; the monotonic clock goes on as it is. */
  set(offsetSeconds: number): void {
    const sign = offsetSeconds < 0 ? "-" : "+";
    Deno.writeTextFileSync(this.#file, `${sign}${Math.abs(offsetSeconds)}\n`);
  }

  /** Runs a command by this clock. */
  get inside(): readonly string[] {
    return [
      "env",
      `LD_PRELOAD=${libraryPath()}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
  }
}

function libraryPath(): string | undefined {
  for (const { name } of Deno.readDirSync(LIBRARIES)) {
    const path = `${LIBRARIES}/${name}/faketime/libfaketimeMT.so.1`;
    try {
      Deno.statSync(path);
      return path;
    } catch { // not of this architecture
    }
  }
  return undefined;
}
