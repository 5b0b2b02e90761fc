/** A command that runs to its end, and what it took. */

export interface Timed {
  readonly seconds: number;
  /** User and system time of the command and of what it has waited for. */
  readonly cpuSeconds: number;
}

/** bash measures, because only a parent is told what its child took; its output is discarded. */
const TIME = `TIMEFORMAT='%R %U %S'; time timeout -k 5 "$0" "$@" > /dev/null`;
const LIMIT_SECONDS = 900;

/** Rejects with what the command says if it fails, or has not ended within a quarter of an hour. */
export async function timed(command: readonly string[]): Promise<Timed> {
  const { success, stderr } = await new Deno.Command("bash", {
    args: ["-c", TIME, `${LIMIT_SECONDS}`, ...command],
    env: { LC_ALL: "C" },
    stdout: "null",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stderr).trimEnd();
  if (!success) throw new Error(`${command.slice(0, 3).join(" ")} failed: ${said.slice(-2000)}`);
  const [seconds, user, system] = said.slice(said.lastIndexOf("\n") + 1).split(" ").map(Number);
  return { seconds, cpuSeconds: user + system };
}
