/** What is allowed and will hardly be meant is said by `check` before, and by `run` when it starts. */
import { assert, assertEquals } from "../support/assert.ts";
import { type ConfigTable, toToml } from "./rig/config.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { scene } from "./rig/scene.ts";

scene("a ring of two routes, and more memory than there is, are said by check and run alike", async (scene) => {
  const [one, other] = freePorts(2);
  const routes: ConfigTable[] = [
    { name: "a", source: { listen: `127.0.0.1:${one}` }, target: { connect: `localhost:${other}` } },
    {
      name: "b",
      source: { listen: `:${other}` },
      target: { connect: `127.0.0.1:${one}` },
      memory: { max_bytes: "6144GiB" },
    },
  ];
  Deno.writeTextFileSync(`${scene.directory}/a.toml`, toToml({ routes }));
  const check = scene.program("check", [...relayCommand(chosenRuntime()), "check", "-c", "a.toml"], {
    cwd: scene.directory,
  });
  assertEquals(await check.exited, 0, check.tail());
  const relay = await scene.spillway(routes).listening(one, other);
  for (
    const warning of [
      /routes feed each other in a ring: a to b to a/,
      /memory.max_bytes of all routes allows 6TiB.*found a limit of/,
    ]
  ) {
    assert(check.errors.some((line) => line.startsWith("warning: ") && warning.test(line)), check.tail());
    assertEquals((await relay.saying(warning)).level, "warn");
  }
  assertEquals((await relay.stop()).code, 0);
});
