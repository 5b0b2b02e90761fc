/** The contract on Deno. */
import { cases } from "./cases.ts";
import { runCase } from "./contract.ts";

for (const subject of cases) {
  const reason = subject.skip === undefined ? "" : ` (skipped: ${subject.skip})`;
  Deno.test({
    name: `on Deno: ${subject.name}${reason}`,
    ignore: subject.skip !== undefined,
    // A connection's leftovers end a moment after its close().
    sanitizeOps: false,
    fn: () => runCase(subject),
  });
}
