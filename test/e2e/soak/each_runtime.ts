/**
 * Runs deno with the arguments it is given, for the relay as a binary, on Deno
 * and on Bun, one after the other and whatever fails; exit code 1 if something
 * did.
 */
import { RELAY_RUNTIMES } from "../rig/relay_command.ts";

const failed: string[] = [];
for (const runtime of RELAY_RUNTIMES) {
  console.log(`SPILLWAY_RUNTIME=${runtime}`);
  const deno = new Deno.Command(Deno.execPath(), { args: Deno.args, env: { SPILLWAY_RUNTIME: runtime } });
  const { success } = await deno.spawn().status;
  if (!success) failed.push(runtime);
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(", ")}`);
  Deno.exit(1);
}
