/** Reports of the benchmark as tests make them up. */
import type { Run } from "../../../scripts/bench/report/figures.ts";
import type { Report, Result } from "../../../scripts/bench/report/result.ts";

/** One case in which Spillway is set beside socat. */
export function besideSocat(ours: readonly Run[], socat: readonly Run[], more: Partial<Result> = {}): Result {
  return {
    measurement: "pass",
    title: "a copy & its <peer>",
    payload: "lines-512",
    detail: "",
    main: ["rate"],
    rows: [
      { name: "spillway (binary)", ours: true, beside: "socat", runs: ours },
      { name: "socat", ours: false, runs: socat },
    ],
    leftOut: [],
    ...more,
  };
}

export function reportOf(...results: Result[]): Report {
  return {
    machine: {
      date: "2026-01-02T03:04:05.000Z",
      cpu: "a processor",
      cores: 2,
      memoryGibibytes: 24,
      kernel: "Linux 6.18",
      filesystem: "ext2/ext3",
      load: 0.1,
      versions: { socat: "1.7.4.4" },
    },
    flags: "--runs 5",
    results,
  };
}

export function rates(...values: number[]): Run[] {
  return values.map((rate) => ({ rate }));
}
