/** Pass-through with a consumer that keeps up, beside the programs that only copy. */
import type { Measurement } from "../measurement.ts";
import { PAYLOADS } from "../payloads.ts";
import { asContender, plainRelays } from "../peers/relay.ts";
import { spillway } from "../peers/spillway.ts";
import { copyThrough } from "../rig/through.ts";

export const pass: Measurement = {
  name: "pass",
  title: "Pass-through at full speed",
  about: "producer to consumer at full speed, beside socat, HAProxy and nginx",
  payloads: PAYLOADS,
  cases: (payload, options) => [{
    detail: "",
    main: ["rate"],
    warmBytes: options.sizeBytes,
    contenders: () =>
      [...options.runtimes.map((runtime) => spillway({ runtime })), ...plainRelays(options.socatBufferBytes)].map(
        (relay) =>
          asContender(relay, (directory) => copyThrough(relay, directory, { payload, bytes: options.sizeBytes })),
      ),
  }],
};
