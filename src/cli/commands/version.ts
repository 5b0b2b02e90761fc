/** `spillway version`. */
import { EXIT } from "../../base/error.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { commit, version } from "../output/build_info.ts";
import type { Command, Invocation } from "../command.ts";

export const command: Command = {
  usage: ["version"],
  description: "Prints the version, the commit it was built from, and the runtime in it.",
  flags: [],
  operandsMax: 0,
  examples: [{ command: "spillway version", description: "for a bug report" }],
  async run(_: Invocation, runtime: Runtime): Promise<number> {
    await runtime.stdout.write(`spillway ${version} (commit ${commit}) on ${runtime.name} ${runtime.version}\n`);
    return EXIT.ok;
  },
};
