/**
 * How long the disk of a journal keeps one write waiting, seen for a few seconds
 * at full speed: what producers send meanwhile has to find room in memory. The
 * file has no name while it is written, so that nothing is left of it.
 */
import { join } from "node:path";
import { randomBytes, systemClock } from "../../../base/clock.ts";
import { messageOf } from "../../../base/error.ts";
import { formatDuration, formatSize } from "../../../base/quantity.ts";
import type { SyncPolicy } from "../../../journal/journal.ts";
import type { RouteOptions } from "../../../relay/options.ts";
import type { FileSystem, WritableFile } from "../../../runtime/files.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Finding } from "./finding.ts";
import { nearestExisting } from "./journal.ts";

/** What the appender writes at once, about. */
const WRITE_BYTES = 2 * 1024 * 1024;
const PROBE_MS = 3000;
const PROBE_BYTES_MAX = 1024 * 1024 * 1024;
/** `crypto.getRandomValues` gives no more at once. */
const RANDOM_BYTES = 65_536;
/** Of the room that `min_free` leaves, a probe takes no more than this share, and with less than so many bytes none. */
const ROOM_SHARE = 0.5;
const PROBE_BYTES_MIN = 8 * WRITE_BYTES;
/** A shorter pause means nothing: the event loop's own are as long. */
const PAUSE_MS_MIN = 1;

/** What one probe has shown. */
export interface DiskPace {
  readonly bytes: number;
  readonly ms: number;
  /** The longest time that one write took, with its sync where that belongs to it, in ms. */
  readonly longestMs: number;
}

export interface ProbeOptions {
  readonly files: Pick<FileSystem, "open" | "unlink">;
  readonly directory: string;
  readonly sync: SyncPolicy;
  readonly syncIntervalMs: number;
  /** To be written at most. */
  readonly bytesMax: number;
  monotonicMs(): number;
}

/** Writes to a file in `directory` as a journal is written. Rejects with a `SystemError`. */
export async function probeDisk(options: ProbeOptions): Promise<DiskPace> {
  const { files, directory, bytesMax, monotonicMs } = options;
  const suffix = [...randomBytes(8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const path = join(directory, `.spillway-probe-${suffix}`);
  const file = await files.open(path, "create");
  try {
    await files.unlink(path);
    const piece = incompressible(WRITE_BYTES);
    const syncs = new Syncs(file, options);
    const beganMs = monotonicMs();
    let bytes = 0;
    let longestMs = 0;
    for (let nowMs = beganMs; bytes < bytesMax && nowMs - beganMs < PROBE_MS;) {
      await file.writeAt([piece], bytes);
      await syncs.afterWrite(nowMs);
      bytes += piece.length;
      const endMs = monotonicMs();
      longestMs = Math.max(longestMs, endMs - nowMs);
      nowMs = endMs;
    }
    await syncs.ended();
    return { bytes, ms: monotonicMs() - beganMs, longestMs };
  } finally {
    file.close();
  }
}

/** A file system that compresses must not find anything to compress. */
function incompressible(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_BYTES) bytes.set(randomBytes(Math.min(RANDOM_BYTES, length - at)), at);
  return bytes;
}

/** The syncs of a policy: within each write, or beside them from time to time. */
class Syncs {
  #lastMs: number;
  #running: Promise<void> | undefined;

  constructor(private readonly file: WritableFile, private readonly options: ProbeOptions) {
    this.#lastMs = options.monotonicMs();
  }

  /** For a write that began at `beganMs`. */
  async afterWrite(beganMs: number): Promise<void> {
    const { sync, syncIntervalMs } = this.options;
    if (sync === "each") return await this.file.sync();
    if (sync === "os" || this.#running !== undefined || beganMs - this.#lastMs < syncIntervalMs) return;
    this.#lastMs = beganMs;
    this.#running = this.file.sync().finally(() => this.#running = undefined);
    this.#running.catch(() => {}); // `ended` or the next write tells of a disk that fails
  }

  async ended(): Promise<void> {
    await this.#running;
  }
}

/** One finding for each route, whose journals are probed one after the other. Never rejects. */
export async function inspectPace(routes: readonly RouteOptions[], runtime: Runtime): Promise<[string, Finding][]> {
  const findings: [string, Finding][] = [];
  for (const route of routes) findings.push([route.name, await probeJournal(route, runtime)]);
  return findings;
}

async function probeJournal({ journal, memoryMaxBytes }: RouteOptions, runtime: Runtime): Promise<Finding> {
  const { files } = runtime;
  try {
    const { path } = await nearestExisting(journal.directory, runtime);
    const free = await files.freeBytes(path);
    const bytesMax = Math.min(PROBE_BYTES_MAX, (free - journal.minFreeBytes) * ROOM_SHARE);
    if (bytesMax < PROBE_BYTES_MIN) {
      return { kind: "warning", text: `${path} is not probed: found ${formatSize(free)} free, that is too little` };
    }
    const { monotonicMs } = systemClock;
    const { sync, syncIntervalMs } = journal;
    return told(
      path,
      memoryMaxBytes,
      await probeDisk({ files, directory: path, sync, syncIntervalMs, bytesMax, monotonicMs }),
    );
  } catch (thrown) {
    return { kind: "error", text: `the probe of the journal's disk failed: ${messageOf(thrown)}` };
  }
}

/** What the figures mean for a route with so much memory. */
export function told(path: string, memoryMaxBytes: number, { bytes, ms, longestMs }: DiskPace): Finding {
  const pauseMs = Math.max(PAUSE_MS_MIN, longestMs);
  const perSecond = (count: number, milliseconds: number) => `${formatSize(count / milliseconds * 1000)}/s`;
  return {
    kind: "note",
    text:
      `${path} took ${formatSize(bytes)} at ${perSecond(bytes, ms)}, one write ${formatDuration(pauseMs)} at most; ` +
      `for so long memory.max_bytes = ${formatSize(memoryMaxBytes)} takes up to ${perSecond(memoryMaxBytes, pauseMs)}`,
    hint:
      `memory.max_bytes is at least the producers' peak rate × ${
        formatDuration(pauseMs)
      }; a busy disk pauses longer, ` +
      "so probe it at a busy hour",
  };
}
