/** `status --watch` when its output is not read. */
import { systemClock } from "../../../../src/base/clock.ts";
import { watch } from "../../../../src/cli/commands/status/watch.ts";
import { denoRuntime } from "../../../../src/runtime/deno/runtime.ts";
import type { Runtime } from "../../../../src/runtime/runtime.ts";
import { assertEquals } from "../../../support/assert.ts";

const nothing = { report: { time: "2026-11-25T03:50:12.500Z", routes: [] }, failures: [] };

for (const stuck of ["write", "collect"] as const) {
  Deno.test(`a signal ends it, though a ${stuck} does not`, async () => {
    let signal = () => {};
    const reached = Promise.withResolvers<void>();
    const never = () => {
      reached.resolve();
      return new Promise<never>(() => {});
    };
    const runtime: Runtime = {
      ...denoRuntime,
      stdout: { write: () => stuck === "write" ? never() : Promise.resolve() },
      onSignal(_, handler) {
        signal = handler;
        return () => {};
      },
    };
    const collect = () => stuck === "collect" ? never() : Promise.resolve(nothing);
    const watching = watch({ runtime, clock: systemClock, json: true, collect, complain() {} });
    await reached.promise;
    signal();
    assertEquals(await Promise.race([watching, systemClock.sleep(1000)]), 0);
  });
}
