/** The shell of `deno task` can parse every task of deno.json. */
import config from "../../deno.json" with { type: "json" };
import { assertEquals } from "../support/assert.ts";

for (const [name, script] of Object.entries(config.tasks)) {
  Deno.test(`the task ${name} is something that deno's shell can read`, async () => {
    // It reads all of a script before it runs the first word.
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: ["task", "--eval", `exit 0; ${script}`] })
      .output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  });
}
