/** Many producers at once on one route: the same bytes over 1, 10, 100 and 1,000 connections. */
import type { Measurement } from "../measurement.ts";
import { asContender, direct } from "../peers/relay.ts";
import { spillway } from "../peers/spillway.ts";
import { copyThrough } from "../rig/through.ts";
import { producersOf } from "./replies.ts";

const PRODUCERS = [1, 10, 100, 1_000];

export const producers: Measurement = {
  name: "producers",
  title: "Many producers at once, beside one",
  about: "the same bytes over 1, 10, 100 and 1,000 connections, beside 1; and with nothing between",
  payloads: ["lines-512", "lines-64", "frames", "frames-1m"],
  cases: (payload, options) => [{
    detail: "",
    main: ["rate"],
    warmBytes: options.sizeBytes,
    contenders: () =>
      [...options.runtimes.map((runtime) => spillway({ runtime })), direct].flatMap((relay) =>
        PRODUCERS.map((connections) =>
          asContender(
            { ...relay, name: producersOf(relay.name, connections) },
            (directory) => copyThrough(relay, directory, { payload, bytes: options.sizeBytes, connections }),
            producersOf(relay.name, 1),
          )
        )
      ),
  }],
};
