/** What the build promises where Deno's runtime base cannot be had. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { findBun } from "../../scripts/bun_binary.ts";
import { bundle, packagePath } from "../../scripts/bundle.ts";
import { denoCompile, printsVersion } from "../../scripts/compile.ts";
import { checkDenoCompile } from "../../scripts/deno_compile_check.ts";

async function withDirectory(action: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "spillway-build-" });
  try {
    await action(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("deno compile embeds the program with all permissions, and what it made is thrown away", () =>
  withDirectory(async (directory) => {
    await bundle("src/main.ts", `${directory}/spillway.js`);
    const said = await checkDenoCompile(`${directory}/spillway.js`, directory);
    assert(said.startsWith("deno compile: embeds the bundle ("), said);
    assertEquals([...Deno.readDirSync(directory)].map((entry) => entry.name), ["spillway.js"]);
  }));

Deno.test("the check of deno compile fails for a bundle that is not the program, or no module", () =>
  withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/other.js`, "console.log(1);");
    await assertRejects(() => checkDenoCompile(`${directory}/other.js`, directory), Error, "does not contain");
    await Deno.writeTextFile(`${directory}/broken.js`, 'import "./absent.js";');
    await assertRejects(() => checkDenoCompile(`${directory}/broken.js`, directory), Error, "cannot embed");
    assertEquals([...Deno.readDirSync(directory)].map((entry) => entry.name).sort(), ["broken.js", "other.js"]);
  }));

Deno.test("a binary on a base that is not denort is recognised by what it prints, not by its exit code", () =>
  withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/x.js`, 'console.log("spillway 1");');
    const compiled = await denoCompile(`${directory}/x.js`, `${directory}/x`, undefined, Deno.execPath());
    assertEquals(compiled.ok, true, compiled.stderr);
    assertEquals(await printsVersion(`${directory}/x`), false);
  }));

Deno.test("the bun that is found runs here", async () => {
  const { success } = await new Deno.Command(findBun(), { args: ["--version"], stdout: "null" }).output();
  assertEquals(success, true);
});

Deno.test("constants are put into the bundle", () =>
  withDirectory(async (directory) => {
    await bundle("src/cli/output/build_info.ts", `${directory}/x.js`, { define: { SPILLWAY_COMMIT: '"abc1234"' } });
    const { commit, version } = await import(`file://${directory}/x.js`);
    assertEquals([commit, version], ["abc1234", "dev"]);
  }));

Deno.test("specifiers of deno.json become paths of packages", () => {
  assertEquals(packagePath("npm:zod@4.6.7"), "zod");
  assertEquals(packagePath("npm:@a/b@1.0.0/sub/x.js"), "@a/b/sub/x.js");
});
