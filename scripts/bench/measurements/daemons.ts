/**
 * Store and forward beside the two syslog daemons: the same 400,000 lines of 512 bytes
 * are taken while the consumer is absent, and passed on when it has appeared, for
 * which each has a minute. A daemon that is not installed is left out.
 */
import type { Contender, Measurement } from "../measurement.ts";
import { nameOf, spillway } from "../peers/spillway.ts";
import { rsyslogMissing, startRsyslog, startSyslogNg, syslogNgMissing } from "../peers/syslog_daemons.ts";
import { LINE_BYTES } from "../rig/numbered_lines.ts";
import { type StartStore, storeAndForward } from "../rig/store_and_forward.ts";

/** Fewer with a smaller `--size`. */
const LINES_MAX = 400_000;

const RSYSLOG = "rsyslog, disk-assisted";
const SYSLOG_NG = "syslog-ng, reliable";

export const daemons: Measurement = {
  name: "daemons",
  title: "Store and forward, beside the syslog daemons",
  about: "store and forward of 400,000 lines, in and then out, beside syslog-ng and rsyslog",
  payloads: ["lines-512"],
  cases: (payload, options) => {
    const lines = Math.min(LINES_MAX, Math.floor(options.sizeBytes / LINE_BYTES));
    const contender = (name: string, ours: boolean, start: StartStore, more: Partial<Contender>): Contender => ({
      name,
      ours,
      run: (directory) => storeAndForward(start, directory, lines),
      ...more,
    });
    const peer = syslogNgMissing() === undefined ? SYSLOG_NG : RSYSLOG;
    const ours = options.runtimes.flatMap((runtime) =>
      (["overflow", "always"] as const).map((mode) =>
        contender(nameOf(runtime, mode), true, (stage) => spillway({ runtime, mode }).start(stage, payload), {
          beside: peer,
        })
      )
    );
    const others = [
      contender(SYSLOG_NG, false, (stage, queue) => startSyslogNg(stage, queue, true), { missing: syslogNgMissing() }),
      contender("syslog-ng", false, (stage, queue) => startSyslogNg(stage, queue, false), {
        missing: syslogNgMissing(),
      }),
      contender(RSYSLOG, false, startRsyslog, { missing: rsyslogMissing() }),
    ];
    return [{
      detail: "",
      main: ["in", "out"],
      warmBytes: lines * LINE_BYTES * 2,
      contenders: () => [...ours, ...others],
    }];
  },
};
