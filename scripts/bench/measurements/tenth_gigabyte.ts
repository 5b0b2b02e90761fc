/** Whether the tenth GB of a backlog goes in and out as fast as the first. */
import type { Measurement } from "../measurement.ts";
import { prepareFrames } from "../payloads.ts";
import { backlogs, stores } from "../peers/store.ts";
import type { Run } from "../report/figures.ts";
import { intoFiles, type Marked, outOfFiles } from "../rig/one_way.ts";

const GIGABYTE = 1e9;
/** A little more than ten, since the last frames are whole. */
const BYTES = 10.01 * GIGABYTE;

export const tenthGigabyte: Measurement = {
  name: "tenth",
  title: "The tenth GB of a backlog, beside the first",
  about: "the tenth GB of a backlog beside the first one, in and out; with --long",
  payloads: ["lines-512", "frames"],
  isLong: true,
  cases: (payload, options) => {
    const { bytes } = prepareFrames(payload).whole(BYTES);
    const amounts = { payload, bytes, markEvery: GIGABYTE };
    return [
      {
        detail: "in",
        main: ["kept"],
        warmBytes: bytes,
        contenders: () =>
          stores(options).map((store) => ({
            ...store,
            run: async (directory) => firstAndTenth(await intoFiles(store, directory, amounts)),
          })),
      },
      {
        detail: "out",
        main: ["kept"],
        warmBytes: 0,
        contenders: async (directory) =>
          (await backlogs(directory, payload, bytes, options)).map((backlog) => ({
            ...backlog,
            run: async (place) => firstAndTenth(await outOfFiles(backlog, place, amounts)),
          })),
      },
    ];
  },
};

function firstAndTenth({ run, marksMs }: Marked): Run {
  const [firstMs, tenthMs] = [marksMs[0], marksMs[9] - marksMs[8]];
  const rate = (ms: number) => GIGABYTE / ms / 1000;
  return { ...run, firstGb: rate(firstMs), tenthGb: rate(tenthMs), kept: firstMs / tenthMs };
}
