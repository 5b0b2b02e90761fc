/** A system call on a file of the journal goes wrong, once or for a while; `deno task soak:syscalls` has all of them. */
import { assert, assertEquals } from "../support/assert.ts";
import { leaveBacklog, runSyscallFault } from "./cases/syscall_fault.ts";
import { FAULTS, SAMPLES, VARIETIES } from "./cases/syscall_plan.ts";
import { Injection } from "./rig/injection.ts";
import { chosenRuntime } from "./rig/relay_command.ts";
import { Scene, scene } from "./rig/scene.ts";

const runtime = chosenRuntime();

scene(
  "the injector hits the n-th call of a kind below its directory, whichever thread makes it, and no other",
  async (scene) => {
    const [inside, outside] = ["inside", "outside"].map((name) => `${scene.directory}/${name}`);
    Deno.mkdirSync(inside);
    const writes =
      `(echo 1 >>"$1/a"; echo x >>"$2/a") & wait; echo 2 >>"$1/b"; echo y >>"$2/a"; echo 3 >>"$1/c" || echo failed`;
    Deno.mkdirSync(outside);
    const injection = new Injection(scene.directory, {
      under: inside,
      faults: [{ kind: "write", nth: 2, fault: { do: "fail", errno: 5, times: 1 } }],
    });
    const program = scene.program("writer", [...injection.inside, "bash", "-c", writes, "writer", inside, outside]);
    await program.exited;
    assertEquals(injection.hits, [{ fault: 0, call: "write", paths: [`${inside}/b`] }]);
    const text = (path: string) => Deno.readTextFileSync(path);
    assertEquals([text(`${inside}/a`), text(`${inside}/b`), text(`${inside}/c`)], ["1\n", "", "3\n"]);
    assertEquals(text(`${outside}/a`), "x\ny\n");
  },
  ["ptrace"],
);

for (const { name, sync, consumerLate, provocation } of VARIETIES) {
  const samples = SAMPLES.filter(({ variety }) => variety === name);
  if (samples.length === 0) continue;
  scene(
    `a call on the journal goes wrong, ${samples.length} of them: nothing is lost (sync: ${name})`,
    async (base) => {
      const backlog = await leaveBacklog(base, { runtime, sync });
      let [injections, restarts] = [0, 0];
      for (const { kind, nth, fault } of samples) {
        const what = `${fault} at ${kind} ${nth}`;
        const stage = new Scene();
        try {
          const outcome = await runSyscallFault(stage, { runtime, sync, consumerLate }, {
            kind,
            nth,
            fault: FAULTS[fault],
            provocation,
          }, backlog);
          assertEquals(outcome.lost, 0, `lost by ${what}`);
          if (outcome.hits.length > 0) injections++;
          restarts += outcome.restarts;
        } catch (error) {
          console.error(`${what}:\n${stage.tails()}`);
          throw error;
        } finally {
          await stage.close();
        }
        await stage.assertBalanced();
      }
      base.note(`${injections} calls went wrong, ${restarts} restarts`);
      assert(injections >= samples.length * 0.8, `only ${injections} of ${samples.length} calls were met`);
    },
    ["ptrace"],
  );
}
