/** The executable needs nothing but itself, and listens to nothing that lies about. */
import { assert, assertEquals } from "../../support/assert.ts";
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";
import { finish, withDirectory } from "./program.ts";

const CONFIG = `[[route]]
name = "feed"
source.listen = "127.0.0.1:0"
target.connect = "127.0.0.1:1"
journal.min_free = "0B"
`;

/** Files that are found in the directory of another project. */
const HOSTILE: Readonly<Record<string, string>> = {
  ".env": "SPILLWAY_CONFIG=/nonexistent\nNO_COLOR=1\n",
  ".env.local": "SPILLWAY_CONFIG=/nonexistent\n",
  "bunfig.toml": 'preload = ["./evil.js"]\nlogLevel = "debug"\nsmol = true\n[run]\nsilent = true\n',
  "evil.js": 'console.log("EVIL"); process.exit(66);\n',
  "tsconfig.json": "{ this is not JSON",
  "package.json": "{ this is not JSON",
  "deno.json": "{ this is not JSON",
};

// On a runtime the program is a script, and what the runtime reads is the runtime's own affair.
if (chosenRuntime() === "binary") {
  Deno.test("the binary runs alone in an empty directory, with no PATH and no HOME", () =>
    withDirectory(async (directory) => {
      const copy = `${directory}/spillway`;
      await Deno.copyFile(relayCommand("binary")[0], copy);
      await Deno.chmod(copy, 0o755);
      const version = await finish([copy, "version"], { cwd: directory, env: { PATH: "" } });
      assertEquals([version.code, version.stderr], [0, ""]);
      assert(version.stdout.startsWith("spillway "), version.stdout);

      await Deno.writeTextFile(`${directory}/spillway.toml`, CONFIG);
      const check = await finish([copy, "check"], { cwd: directory });
      assertEquals(check.code, 0, check.stderr);
      assertEquals([...Deno.readDirSync(directory)].map((entry) => entry.name).sort(), ["spillway", "spillway.toml"]);
    }));

  Deno.test("the binary reads no .env, bunfig.toml, package.json and the like of the directory it is started in", () =>
    withDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/spillway.toml`, CONFIG);
      const [binary] = relayCommand("binary");
      const before = await finish([binary, "check"], { cwd: directory });
      for (const [name, text] of Object.entries(HOSTILE)) await Deno.writeTextFile(`${directory}/${name}`, text);
      assertEquals(await finish([binary, "check"], { cwd: directory }), before);
      assertEquals(before.code, 0, before.stderr);
    }));
}
