/** Drain: a backlog that goes out at full speed; socat sends a file of the same bytes. */
import type { Measurement } from "../measurement.ts";
import { PAYLOADS, prepareFrames } from "../payloads.ts";
import { backlogs } from "../peers/store.ts";
import { outOfFiles } from "../rig/one_way.ts";

export const drain: Measurement = {
  name: "drain",
  title: "Drain: a backlog to the consumer",
  about: "a backlog to the consumer at full speed, beside socat that sends a file",
  payloads: PAYLOADS,
  cases: (payload, options) => {
    const { bytes } = prepareFrames(payload).whole(options.backlogBytes);
    return [{
      detail: "",
      main: ["rate"],
      warmBytes: 0,
      contenders: async (directory) =>
        (await backlogs(directory, payload, bytes, options)).map((backlog) => ({
          ...backlog,
          run: async (place) => (await outOfFiles(backlog, place, { payload, bytes })).run,
        })),
    }];
  },
};
