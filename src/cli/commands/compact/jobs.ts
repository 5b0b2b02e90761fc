/** Which journals `spillway compact` works on, and how each is to be kept. */
import { messageOf, usageError } from "../../../base/error.ts";
import { parseDuration, parseSize } from "../../../base/quantity.ts";
import { loadConfig } from "../../../config/load.ts";
import { type CompactionPolicy, journalAt, readLockNote } from "../../../journal/directory_only.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Invocation } from "../../command.ts";

/** A journal to compact, and by which policy. */
export interface Job {
  readonly directory: string;
  /** True for a route of the configuration: before its first run it has no journal, which is no fault. */
  readonly mayBeAbsent: boolean;
  readonly policy: CompactionPolicy;
}

/** As `journal.segment_bytes` by default, for a journal in which no daemon has noted it. */
const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * The journals of the configuration, or those that the operands name. Rejects
 * with a SpillwayError for flags and paths that are wrong.
 */
export async function jobsOf(invocation: Invocation, runtime: Runtime): Promise<Job[]> {
  const { operands, values } = invocation;
  const limits = {
    olderThanMs: quantity(values, "older-than", parseDuration, "a duration, for example 7d"),
    maxBytes: quantity(values, "max-bytes", parseSize, "a size, for example 10GiB"),
  };
  if (operands.length === 0) return await jobsOfConfig(values.config, limits, runtime);
  if (values.config !== undefined) {
    throw usageError("--config and a path are given together", "a journal is named by the one or by the other");
  }
  const jobs: Job[] = [];
  for (const operand of operands) {
    const directory = await journalAt(runtime.files, operand);
    const { retention } = await readLockNote(runtime.files, directory);
    jobs.push({
      directory,
      mayBeAbsent: false,
      policy: {
        rewindBytes: retention?.rewindBytes ?? 0,
        retainMs: retention?.retainMs,
        retainBytes: retention?.retainBytes ?? 0,
        segmentBytes: retention?.segmentBytes ?? SEGMENT_BYTES,
        ...limits,
      },
    });
  }
  return jobs;
}

async function jobsOfConfig(
  path: string | undefined,
  limits: Pick<CompactionPolicy, "olderThanMs" | "maxBytes">,
  runtime: Runtime,
): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const { journal, target } of (await loadConfig(path, runtime)).routes) {
    const { directory, retainMs, retainBytes, segmentBytes } = journal;
    jobs.push({
      directory,
      mayBeAbsent: true,
      // What `auto` keeps is in the cursor file.
      policy: {
        rewindBytes: target.rewind === "auto" ? 0 : target.rewind,
        retainMs,
        retainBytes,
        segmentBytes,
        ...limits,
      },
    });
  }
  return jobs;
}

function quantity(
  values: Invocation["values"],
  flag: string,
  parse: (text: string) => number,
  expected: string,
): number | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw usageError(`--${flag}: ${messageOf(error)}`, `--${flag} takes ${expected}`);
  }
}
