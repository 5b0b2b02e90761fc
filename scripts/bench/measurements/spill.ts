/** Spill: everything goes into files while the consumer is absent, on a disk and on tmpfs; socat writes one file. */
import type { Measurement } from "../measurement.ts";
import { PAYLOADS, prepareFrames } from "../payloads.ts";
import { stores } from "../peers/store.ts";
import { intoFiles } from "../rig/one_way.ts";

export const spill: Measurement = {
  name: "spill",
  title: "Spill: into files, the consumer absent",
  about: "producer to files at full speed, consumer absent, on disk and tmpfs, beside socat",
  payloads: PAYLOADS,
  cases: (payload, options) => {
    const { bytes } = prepareFrames(payload).whole(options.sizeBytes);
    return [options.directory, options.tmpfs].map((place, i) => ({
      detail: i === 0 ? "disk" : "tmpfs",
      main: ["rate"],
      warmBytes: bytes,
      place,
      contenders: () =>
        stores(options).map((store) => ({
          ...store,
          run: async (directory) => (await intoFiles(store, directory, { payload, bytes })).run,
        })),
    }));
  },
};
