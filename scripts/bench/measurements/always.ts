/** What it costs to append every frame, and to sync it: a consumer that keeps up, all modes beside `overflow`. */
import type { Measurement } from "../measurement.ts";
import { PAYLOADS } from "../payloads.ts";
import { asContender } from "../peers/relay.ts";
import { nameOf, spillway } from "../peers/spillway.ts";
import { copyThrough } from "../rig/through.ts";

const SYNCS = ["os", "interval", "each"] as const;

export const always: Measurement = {
  name: "always",
  title: "Everything appended, beside overflow",
  about: 'mode = "always" with each sync, at full speed, beside "overflow"',
  payloads: PAYLOADS,
  cases: (payload, options) => [{
    detail: "",
    main: ["rate"],
    warmBytes: options.sizeBytes,
    contenders: () =>
      options.runtimes.flatMap((runtime) =>
        [
          spillway({ runtime }, "overflow"),
          ...SYNCS.map((sync) => spillway({ runtime, mode: "always", sync }, `always, sync ${sync}`)),
        ].map((relay) =>
          asContender(
            relay,
            (directory) => copyThrough(relay, directory, { payload, bytes: options.sizeBytes }),
            nameOf(runtime, "overflow"),
          )
        )
      ),
  }],
};
