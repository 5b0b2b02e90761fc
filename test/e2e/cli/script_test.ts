/** Runs every script of scripts/ against the built program, and checks that scripts can fail. */
import { assertEquals } from "../../support/assert.ts";
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";
import { matches, parseScript, runScript } from "./script.ts";

const here = new URL("./scripts/", import.meta.url);
const scripts = [...Deno.readDirSync(here)].map((entry) => entry.name).filter((name) => name.endsWith(".txt")).sort();

for (const name of scripts) {
  Deno.test(`the command line behaves as ${name} shows`, async () => {
    const script = parseScript(await Deno.readTextFile(new URL(name, here)));
    assertEquals(await runScript(script, relayCommand(chosenRuntime())), []);
  });
}

Deno.test("a script fails where output, error output or exit code differ from it", async () => {
  const script = parseScript(
    "$ echo a; echo b >&2; exit 3\na\n! b\n= 3\n$ echo a\nb\n$ echo a >&2\n! b\n$ exit 1\n= 2\n",
  );
  const differences = await runScript(script, ["true"]);
  assertEquals(differences.map((text) => text.split("\n")[0]), [
    "line 5: echo a",
    "line 7: echo a >&2",
    "line 9: exit 1",
  ]);
});

Deno.test("placeholders of a script stand for some text, and for some lines", () => {
  assertEquals(matches(["pid 12 of x"], ["pid [..] of x"]), true);
  assertEquals(matches(["pid 12 of y"], ["pid [..] of x"]), false);
  assertEquals(matches(["a", "b", "c"], ["a", "...", "c"]), true);
  assertEquals(matches(["a", "c"], ["a", "...", "c"]), true);
  assertEquals(matches(["a", "b"], ["a", "...", "c"]), false);
  assertEquals(matches(["a", "b"], ["a", "..."]), true);
  assertEquals(matches(["a"], []), false);
});
