/** `spillway schema`: the configuration's JSON Schema. */
import { EXIT } from "../../base/error.ts";
import { configJsonSchema } from "../../config/schema.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, Invocation } from "../command.ts";

export const command: Command = {
  usage: ["schema"],
  description: `Prints the JSON Schema (draft 2020-12) of the configuration, for editors and
generators. It describes every key and value by itself; what keys mean together
is for spillway check.`,
  flags: [],
  operandsMax: 0,
  examples: [
    { command: "spillway schema > spillway.schema.json", description: "for an editor" },
    {
      command: "spillway schema | jq '.properties.route.items.properties.target'",
      description: "the keys of a target",
    },
  ],
  async run(_: Invocation, runtime: Runtime): Promise<number> {
    await runtime.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
    return EXIT.ok;
  },
};
