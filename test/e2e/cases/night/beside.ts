/** Commands beside a running daemon: each one at a random moment, several at once. */
import { loopback } from "../../../peers/address.ts";
import { Consumer } from "../../../peers/consumer.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import type { Random } from "../../../support/memory_inode.ts";
import { freePorts } from "../../rig/ports.ts";
import { chosenRuntime, relayCommand } from "../../rig/relay_command.ts";
import { objectsOf, run } from "./command.ts";
import { type JournalFrame, parse, segmentFiles } from "./examine.ts";
import type { NightRoute } from "./route.ts";

export const BESIDE = [
  "status",
  "ls",
  "verify",
  "cat",
  "replay",
  "replay",
  "compact",
  "compact",
  "compact",
  "skip",
  "copy",
  "refused",
  "twice",
  "twice",
  "pipe",
  "backup",
] as const;

/** What the commands of a night have in common. */
export interface Surroundings {
  /** For files of their own. */
  readonly directory: string;
  readonly config: string;
  readonly routes: readonly NightRoute[];
  readonly say: (text: string) => void;
}

/** One command on one route, with random numbers of its own. */
export class Beside {
  constructor(
    private readonly surroundings: Surroundings,
    private readonly route: NightRoute,
    private readonly random: Random,
  ) {}

  async run(what: (typeof BESIDE)[number]): Promise<void> {
    const { journal } = this.route;
    switch (what) {
      case "status":
        return void await this.route.live();
      case "ls":
        return void await run(["ls", journal]);
      case "verify":
        return void await run(["verify", journal], { codes: this.#codes });
      case "cat":
        return await this.#cat();
      case "replay":
        return await this.#replay();
      case "compact":
        return await this.#compact();
      case "skip":
        return await this.#skip();
      case "copy":
        return await this.#copy();
      case "refused":
        return await this.#refused();
      case "twice":
        return await this.#catTwice();
      case "pipe":
        return await this.#pipe();
      case "backup":
        return await this.#backup();
    }
  }

  /** Of commands that read: 1 where something may be damaged or missing. */
  get #codes(): readonly number[] {
    return this.route.flipped || this.route.holes || this.#dropsOldest ? [0, 1] : [0];
  }

  /** What is in flight may be in a segment that was dropped for room: then it is in no file. */
  get #dropsOldest(): boolean {
    const { whenFull, maxBytes } = this.route.setting;
    return whenFull === "drop-oldest" && maxBytes > 0;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)];
  }

  async #cat(): Promise<void> {
    const format = this.#pick(["raw", "raw", "text", "json", "hex"]);
    const more = this.#pick([[], [], ["--pending"], ["--limit", "1"], ["--since", "1s"]]);
    const ran = await run(["cat", "--format", format, ...more, this.route.journal], { codes: this.#codes });
    if (format === "raw") parse(ran.stdout, this.route.setting.frames);
  }

  /** What is for a journal without a daemon says that it is busy. */
  async #refused(): Promise<void> {
    const { journal } = this.route;
    const args = this.#pick([["repair", journal], ["run", "-c", this.surroundings.config]]);
    const ran = await run(args, { codes: [75] });
    assert(ran.errors.some((line) => line.startsWith("hint: ")), ran.errors.join("\n"));
    await run(["repair", "--dry-run", journal], { codes: [0] });
  }

  /** What is there and not delivered is still there a moment later. */
  async #catTwice(): Promise<void> {
    const { route } = this;
    const cat = async () =>
      objectsOf<JournalFrame>(await run(["cat", "--format", "json", route.journal], { codes: this.#codes })).map((
        each,
      ) => each.sequence);
    const first = await cat();
    const second = new Set(await cat());
    const { cursor } = await route.live();
    if (this.#dropsOldest) return;
    const gone = first.filter((sequence) => sequence >= cursor && !second.has(sequence));
    assertEquals(
      gone.slice(0, 10),
      [],
      `${gone.length} pending frames are not there the second time, cursor ${cursor}`,
    );
    const again = (sequence: number, i: number) => i > 0 && sequence <= first[i - 1];
    assert(!first.some(again), "cat: sequences that do not rise");
  }

  /** A reader that has had enough ends it quietly. */
  async #pipe(): Promise<void> {
    const { journal } = this.route;
    const command = [...relayCommand(chosenRuntime()), ...this.#pick([["cat"], ["replay", "--to", "-"]]), journal];
    const { stderr } = await new Deno.Command("sh", { args: ["-c", `"$@" | head -c 1`, "sh", ...command] }).output();
    const strange = new TextDecoder().decode(stderr).split("\n").filter((line) => /internal|EPIPE|^\s+at /.test(line));
    assertEquals(strange, [], command.join(" "));
  }

  /** A copy that was made beside the daemon is read as it is. */
  async #backup(): Promise<void> {
    const { journal, setting: { frames } } = this.route;
    const away = `${journal}-backup-${Math.floor(this.random() * 1e9)}`;
    await new Deno.Command("cp", { args: ["-r", journal, away], stderr: "null" }).output();
    try {
      const ran = await run(["cat", away], { codes: [0, 1] });
      parse(ran.stdout, frames);
      await run(["verify", away], { codes: [0, 1] });
      await run(["status", "--json", away], { codes: [0, 1] });
      await run(["ls", away]);
    } finally {
      Deno.removeSync(away, { recursive: true });
    }
  }

  async #replay(): Promise<void> {
    const { journal, setting: { frames } } = this.route;
    const codes = this.#codes;
    const [port] = freePorts(1);
    const consumer = new Consumer({ listen: loopback(port), frames }).start();
    try {
      const args = [
        "replay",
        journal,
        "--to",
        `127.0.0.1:${port}`,
        "--progress-file",
        `${this.surroundings.directory}/p${port}`,
      ];
      const kill = this.random() < 0.5;
      const name = this.#pick(["SIGKILL", "SIGINT"] as const);
      if (kill) await run([...args, "--rate", "1MB/s"], { codes, signal: { name, afterMs: this.random() * 500 } });
      await run(args, { codes });
      assertEquals([consumer.damage, consumer.tally.late], [undefined, 0]);
      assertEquals(consumer.tally.connections.flatMap(({ disorder }) => disorder), []);
      if (!kill) assertEquals(consumer.tally.repeats, 0, "repeats of a replay that nothing disturbed");
    } finally {
      await consumer.stop();
    }
  }

  async #compact(): Promise<void> {
    const where = this.#pick([[this.route.journal], ["-c", this.surroundings.config]]);
    const flags = this.#pick([[], [], ["-v"], ["--json"], ["--older-than", "0s"], ["--max-bytes", "200KiB"], [
      "--dry-run",
    ]]);
    const args = ["compact", ...where, ...flags];
    const flipped = this.surroundings.routes.some((route) => route.flipped || route.holes);
    const codes = flipped ? [0, 1, 75] : [0, 75];
    const kind = this.random();
    if (kind < 0.3) {
      for (const each of this.surroundings.routes) each.twice = true;
      await run(args, { codes, signal: { name: "SIGKILL", afterMs: 20 + this.random() * 150 } });
    } else if (kind < 0.6) await Promise.all([args, args].map((each) => run(each, { codes })));
    else await run(args, { codes });
  }

  async #skip(): Promise<void> {
    const { route } = this;
    const { cursor, end } = await route.live();
    const target = cursor + Math.floor(this.random() * 0.3 * (end - cursor));
    route.lossy = true;
    // It may have been delivered meanwhile: then the cursor is beyond it.
    const ran = await run(["skip", route.journal, "--until", `${target}`, "--yes", "--json"], { codes: [0, 2] });
    if (ran.code === 0) this.surroundings.say(`  skipped ${JSON.stringify(objectsOf(ran)[0])}`);
  }

  async #copy(): Promise<void> {
    const { route } = this;
    const name = this.#pick(segmentFiles(route.journal));
    if (name === undefined) return;
    const away = `${route.journal}-away-${Math.floor(this.random() * 1e9)}`;
    Deno.mkdirSync(away);
    try {
      Deno.copyFileSync(`${route.journal}/${name}`, `${away}/${name}`);
      // The daemon may remove frames in between: then they are missing, and that is said.
      const ran = await run(["cat", route.journal, `${away}/${name}`], { codes: [0, 1] });
      parse(ran.stdout, route.setting.frames);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    } finally {
      Deno.removeSync(away, { recursive: true });
    }
  }
}
