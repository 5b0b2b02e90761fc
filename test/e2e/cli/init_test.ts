/** The unit that `init systemd` prints, judged by systemd itself. */
import { assertEquals } from "../../support/assert.ts";
import { unreachable } from "../../../src/cli/commands/init/service_access.ts";
import { systemdUnit } from "../../../src/cli/commands/init/systemd_unit.ts";
import { finish, spillway, withDirectory } from "./program.ts";

const EXPOSURE_MAX = 19;

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
      // It loads the machine's other units as well, whose faults do not matter here.
      const ours = verified.stderr.split("\n").filter((line) => line.includes("spillway"));
      assertEquals(ours, []);
      // What systemd counts as exposed, from 0 to 100: it is ten times what it prints.
      const judged = await finish(
        ["systemd-analyze", "security", "--offline=true", `--threshold=${EXPOSURE_MAX}`, "--no-pager", unit],
        { env: ENV },
      );
      assertEquals(judged.code, 0, judged.stdout.split("\n").filter((line) => line.startsWith("✗")).join("\n"));
    }),
});

Deno.test("the unit limits the memory by what the routes of its configuration may take, where that is there", () =>
  withDirectory(async (directory) => {
    const config = `${directory}/spillway.toml`;
    const limitIn = async () => {
      const { stdout } = await spillway(["init", "systemd", "-c", config]);
      return stdout.split("\n").filter((line) => /^#?MemoryMax=/.test(line));
    };
    assertEquals(await limitIn(), ["#MemoryMax="]);
    const routes = ["a", "b"].map((name) =>
      `[[route]]\nname = "${name}"\nsource.listen = ":0"\ntarget.listen = ":0"\nmemory.max_bytes = "100MiB"\n`
    );
    await Deno.writeTextFile(config, routes.join(""));
    assertEquals(await limitIn(), ["MemoryMax=912M"]);
  }));

Deno.test("words that mean something to systemd are escaped in the unit", () => {
  const unit = systemdUnit(["/opt/my dir/spillway"], '/etc/100%/$x/"q".toml');
  const start = unit.split("\n").find((line) => line.startsWith("ExecStart="));
  assertEquals(start, String.raw`ExecStart="/opt/my dir/spillway" run -c "/etc/100%%/$$x/\"q\".toml"`);
});

Deno.test("a program or file that the service cannot reach is named, with what keeps it away", () =>
  withDirectory(async (directory) => {
    assertEquals(await unreachable(["/usr/local/bin/spillway", "/etc/spillway/spillway.toml"]), []);
    assertEquals(await unreachable(["/root/spillway", "/home/ann/dist/spillway", "/tmp/s", "/roots/spillway"]), [
      "the unit names /root/spillway, which it cannot see (ProtectHome=yes)",
      "the unit names /home/ann/dist/spillway, which it cannot see (ProtectHome=yes)",
      "the unit names /tmp/s, which it cannot see (PrivateTmp=yes)",
    ]);
    // By another name, for what is in a temporary directory is hidden anyway.
    const path = `/proc/self/root${directory}/dist/spillway`;
    await Deno.mkdir(`${directory}/dist`);
    await Deno.chmod(directory, 0o700);
    assertEquals(await unreachable([path]), [
      `the unit names ${path}, which its user cannot reach: /proc/self/root${directory} is not open to others`,
    ]);
    await Deno.chmod(directory, 0o711);
    assertEquals(await unreachable([path]), []);

    const { stderr, stdout } = await spillway(["init", "systemd", "-c", "/home/ann/spillway.toml"]);
    assertEquals(stdout.includes("/home/ann/spillway.toml"), true);
    // Where this program itself is in a place that the unit cannot see, that is said as well.
    const ofProgram = /^(warning: the unit names (?!\/home\/ann\/)|hint: install it in )/;
    assertEquals(stderr.split("\n").filter((line) => !ofProgram.test(line)).slice(-3), [
      "warning: the unit names /home/ann/spillway.toml, which it cannot see (ProtectHome=yes)",
      "hint: put the configuration in /etc/spillway, or name another with -c",
      "",
    ]);
  }));
