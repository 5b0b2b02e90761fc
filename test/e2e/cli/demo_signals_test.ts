/** The demo that is ended early: by a terminal, a user or a supervisor. Its relay must not go on by itself. */
import { isAlive, relayOf } from "../rig/processes.ts";
import { Program } from "../rig/program.ts";
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";
import { until } from "../rig/wait.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { withDirectory } from "./program.ts";

for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const) {
  Deno.test(`${signal} ends the demo with 130, its relay with it, and leaves nothing behind`, () =>
    withDirectory(async (directory) => {
      const demo = new Program("demo", [...relayCommand(chosenRuntime()), "demo"], { env: { TMPDIR: directory } });
      try {
        const relay = await until(
          "the relay runs",
          () => demo.exitCode === undefined ? relayOf(demo.pid) : demo.tail(),
        );
        assert(typeof relay === "number", `${relay}`);
        demo.signal(signal);
        assertEquals(await demo.exited, 130, demo.tail());
        assert(!isAlive(relay), "the relay goes on by itself");
        assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), []);
      } finally {
        await demo.kill();
      }
    }));
}
