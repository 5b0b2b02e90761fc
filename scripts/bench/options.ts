/** The flags of `deno task bench`, checked. */
import { parseArgs } from "node:util";
import { parseSize } from "../../src/base/quantity.ts";
import { RELAY_RUNTIMES } from "../../test/e2e/rig/relay_command.ts";
import { type Payload, PAYLOADS } from "./payloads.ts";
import { type Build, BUILDS, OTHER_VARIABLE } from "./peers/build.ts";

export interface Options {
  /** Names of measurements, in the order in which they are run. */
  readonly only: readonly string[];
  readonly payloads: readonly Payload[];
  readonly runtimes: readonly Build[];
  /** Runs of each contender. */
  readonly runs: number;
  /** What is passed through or spilled in one run. */
  readonly sizeBytes: number;
  /** What is pending where a journal is drained or read. */
  readonly backlogBytes: number;
  /** Backlogs with which the daemon is started; may be 0. */
  readonly backlogs: readonly number[];
  readonly socatBufferBytes: number;
  /** How long frames come at a fixed rate. */
  readonly seconds: number;
  /** Where files are made, and where on tmpfs. */
  readonly directory: string;
  readonly tmpfs: string;
  readonly isLong: boolean;
}

/** Where the report goes, and what it is made of. */
export interface Outputs {
  readonly json?: string;
  readonly markdown?: string;
  readonly charts?: string;
  readonly compare?: string;
  /** Earlier reports: show these, and measure nothing. */
  readonly from?: readonly string[];
}

export const USAGE = `usage: deno task bench [FLAGS]

  --only NAME,...        the measurements; all, if not given (--list shows them)
  --payload NAME,...     ${PAYLOADS.join(", ")} or all (lines-512,frames)
  --runtime NAME,...     ${RELAY_RUNTIMES.join(", ")} or all (binary); other: the executable
                         that ${OTHER_VARIABLE} names, an earlier version for example
  --runs N               runs of each contender, alternating (5)
  --size SIZE            passed through or spilled in one run (1GB)
  --backlog SIZE         pending where a journal is drained or read (4GB)
  --backlogs SIZE,...    pending where the daemon is started (0,1GB,10GB)
  --buffer SIZE          socat's (128KiB, with which it is fastest)
  --seconds N            of frames at a fixed rate, and of producers that wait for replies (10)
  --dir DIR              where files are made; its path must be short (the system's place for temporary files)
  --tmpfs DIR            where files on tmpfs are made (/dev/shm)
  --long                 the measurements that write 10 GB in each run, too
  --json FILE            write the report, after every case again
  --markdown FILE        write the table
  --charts DIR           write the charts (SVG)
  --compare OLD.json     say what got slower or faster by more than the runs' spread
  --from FILE.json,...   measure nothing: table, charts and comparison of these reports
  --list                 the measurements, each with a line
`;

const FLAGS = {
  only: { type: "string", default: "all" },
  payload: { type: "string", default: "lines-512,frames" },
  runtime: { type: "string", default: "binary" },
  runs: { type: "string", default: "5" },
  size: { type: "string", default: "1GB" },
  backlog: { type: "string", default: "4GB" },
  backlogs: { type: "string", default: "0,1GB,10GB" },
  buffer: { type: "string", default: "128KiB" },
  seconds: { type: "string", default: "10" },
  dir: { type: "string" },
  tmpfs: { type: "string", default: "/dev/shm" },
  long: { type: "boolean", default: false },
  json: { type: "string" },
  markdown: { type: "string" },
  charts: { type: "string" },
  compare: { type: "string" },
  from: { type: "string" },
  list: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** `measurements` are the names that `--only` may have; throws an error that says what is wrong. */
export function readFlags(args: readonly string[], measurements: readonly string[]) {
  const { values } = parseArgs({ args: [...args], options: FLAGS });
  const options: Options = {
    only: chosen("--only", values.only, measurements),
    payloads: chosen("--payload", values.payload, PAYLOADS),
    runtimes: values.runtime === "all" ? RELAY_RUNTIMES : chosen("--runtime", values.runtime, BUILDS),
    runs: count("--runs", values.runs),
    sizeBytes: parseSize(values.size),
    backlogBytes: parseSize(values.backlog),
    backlogs: values.backlogs.split(",").map((size) => size === "0" ? 0 : parseSize(size)),
    socatBufferBytes: parseSize(values.buffer),
    seconds: count("--seconds", values.seconds),
    directory: values.dir ?? Deno.env.get("TMPDIR") ?? "/tmp",
    tmpfs: values.tmpfs,
    isLong: values.long,
  };
  const { json, markdown, charts, compare } = values;
  const outputs: Outputs = { json, markdown, charts, compare, from: values.from?.split(",") };
  return { options, outputs, list: values.list, help: values.help };
}

function chosen<T extends string>(flag: string, value: string, allowed: readonly T[]): readonly T[] {
  if (value === "all") return allowed;
  return value.split(",").map((name) => {
    const found = allowed.find((each) => each === name);
    if (found === undefined) throw new Error(`${flag}: found ${name}, allowed: all, ${allowed.join(", ")}`);
    return found;
  });
}

function count(flag: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${flag}: found ${value}, expected 1 or more`);
  return number;
}
