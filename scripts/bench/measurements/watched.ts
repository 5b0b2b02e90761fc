/** What it costs to be watched: a scrape a second and an open dashboard, beside nobody. */
import type { Measurement } from "../measurement.ts";
import { PAYLOADS } from "../payloads.ts";
import { asContender } from "../peers/relay.ts";
import { nameOf, spillway } from "../peers/spillway.ts";
import { copyThrough } from "../rig/through.ts";

const SUFFIX = "watched";

export const watched: Measurement = {
  name: "watched",
  title: "Watched by a scraper and a dashboard, beside nobody",
  about: "pass-through while /metrics, /status and /events are asked for each second, beside nobody who asks",
  payloads: PAYLOADS,
  cases: (payload, options) => [{
    detail: "",
    main: ["rate"],
    warmBytes: options.sizeBytes,
    contenders: () =>
      options.runtimes.flatMap((runtime) =>
        [spillway({ runtime }), spillway({ runtime, isWatched: true }, SUFFIX)].map((relay) =>
          asContender(
            relay,
            (directory) => copyThrough(relay, directory, { payload, bytes: options.sizeBytes }),
            nameOf(runtime, ""),
          )
        )
      ),
  }],
};
