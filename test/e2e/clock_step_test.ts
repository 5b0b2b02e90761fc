/** The machine's clock is set while the relay runs: no battery clock and NTP a minute later, or a machine that was asleep. */
import { loopback } from "../peers/address.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "./rig/fake_clock.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const DAY = 86_400;

for (const [what, wrongBy] of [["a year back", -365 * DAY], ["a day ahead", DAY]] as const) {
  scene(
    `records and log lines have the right time as soon as a clock that was ${what} is set`,
    async (scene) => {
      const [source] = freePorts(1);
      const journal = `${scene.directory}/journal`;
      const clock = new FakeClock(scene.directory);
      clock.set(wrongBy);
      const relay = scene.spillway([{
        name: "feed",
        source: { listen: `127.0.0.1:${source}` },
        target: { connect: "127.0.0.1:1" },
        journal: { dir: journal, mode: "always" },
      }], { inside: clock.inside });
      await relay.listening(source);
      const send = async (first: number, count: number) => {
        const { error } = await scene.producer({
          connect: loopback(source),
          frames: { kind: "line", size: 100 },
          first,
          count,
        });
        assertEquals(error, undefined);
        await until("all is in the journal", async () => {
          const { routes } = JSON.parse(await spillway(["status", "--json", journal]));
          return routes[0].pending_frames === first + count;
        });
      };
      const spillway = async (args: readonly string[]) => {
        const program = scene.program(args[0], [...relayCommand(chosenRuntime()), ...args]);
        assertEquals(await program.exited, 0, program.tail());
        return program.output.join("\n");
      };
      await send(0, 3);
      assertEquals((await spillway(["cat", "--since", "2h", "--before", "0s", journal])).length, 0);
      clock.set(0);
      await send(3, 4);
      const found = await spillway(["cat", "--since", "2h", "--before", "0s", journal]);
      assertEquals(found.split("\n").length, 4, "--since finds what came after the clock was set");
      // How long a frame has been waiting beside a clock that was set is known to the second.
      const waitingSeconds = async () => {
        const { routes: [{ oldest_pending_seconds: oldest }] } = JSON.parse(
          await spillway(["status", "--json", journal]),
        );
        return Number(oldest);
      };
      await until("the oldest frame is said to have been waiting", async () => await waitingSeconds() > 0);
      const oldest = await waitingSeconds();
      assert(oldest < 600, `the oldest frame is said to have been waiting for ${oldest} s`);
      const line = await relay.saying(/source connected.*/);
      const later = JSON.parse(relay.logged(/source connected/).at(-1)!);
      const apart = (Date.parse(String(later.time)) - Date.parse(String(line.time))) / 1000;
      assert(Math.abs(apart + wrongBy) < 60, `the log's times are ${apart} s apart`);
      await relay.stop();
    },
    ["faketime"],
  );
}
