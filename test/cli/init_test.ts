/** The unit that `init systemd` prints, judged by systemd itself. */
import { assertEquals } from "../support/assert.ts";
import { systemdUnit } from "../../src/cli/init_systemd.ts";
import { finish, spillway, withDirectory } from "./program.ts";

const ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

function hasSystemdAnalyze(): boolean {
  try {
    return new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

const isMissing = !hasSystemdAnalyze();

Deno.test({
  name: `systemd finds no fault with the unit of init systemd${
    isMissing ? " (skipped: needs the Debian package systemd)" : ""
  }`,
  ignore: isMissing,
  fn: () =>
    withDirectory(async (directory) => {
      const { stdout } = await spillway(["init", "systemd"]);
      const unit = `${directory}/spillway.service`;
      await Deno.writeTextFile(unit, stdout);
      const verified = await finish(["systemd-analyze", "verify", unit], { env: ENV });
      // It loads the machine's other units as well, whose faults are not ours.
      const ours = verified.stderr.split("\n").filter((line) => line.includes("spillway"));
      assertEquals(ours, []);
    }),
});

Deno.test("words that mean something to systemd are escaped in the unit", () => {
  const unit = systemdUnit(["/opt/my dir/spillway"], '/etc/100%/$x/"q".toml');
  const start = unit.split("\n").find((line) => line.startsWith("ExecStart="));
  assertEquals(start, String.raw`ExecStart="/opt/my dir/spillway" run -c "/etc/100%%/$$x/\"q\".toml"`);
});
