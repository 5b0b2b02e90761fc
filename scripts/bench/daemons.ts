/**
 * Spillway beside the two syslog daemons, all as store-and-forward relays of
 * the same 400,000 lines of 512 bytes: taken while the consumer is absent, and
 * passed on when it has appeared, for which each has 60 s. One run each.
 *
 * A daemon that is not installed is left out, and the result says so. Nothing is
 * downloaded.
 */
import type { RelayRuntime } from "../../test/e2e/rig/relay_command.ts";
import { startSpillway } from "./contender.ts";
import { type StartRelay, type StoreAndForward, storeAndForward } from "./store_and_forward.ts";
import { rsyslogMissing, startRsyslog, startSyslogNg, syslogNgMissing } from "./syslog_daemons.ts";
import { aligned, whole } from "./table.ts";

const LINES = 400_000;
const WINDOW_MS = 60_000;

interface Relay {
  readonly name: string;
  readonly missing?: string;
  readonly start: StartRelay;
}

export interface DaemonComparison {
  readonly measured: readonly ({ readonly name: string } & StoreAndForward)[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** Each in a directory of its own under `workplace`, which is removed afterwards; `say` gets progress messages. */
export async function compareDaemons(
  runtime: RelayRuntime,
  workplace: string,
  say: (text: string) => void,
): Promise<DaemonComparison> {
  const measured: ({ name: string } & StoreAndForward)[] = [];
  const leftOut: { name: string; reason: string }[] = [];
  for (const { name, missing, start } of relays(runtime)) {
    if (missing !== undefined) {
      leftOut.push({ name, reason: missing });
      continue;
    }
    const directory = Deno.makeTempDirSync({ dir: workplace });
    try {
      const result = await storeAndForward(start, directory, LINES, WINDOW_MS);
      measured.push({ name, ...result });
      say(`${name}: ${whole(result.inMegabytesPerSecond)} MB/s in, ${whole(result.outMegabytesPerSecond)} MB/s out`);
    } catch (error) {
      leftOut.push({ name, reason: error instanceof Error ? error.message : `${error}` });
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  }
  return { measured, leftOut };
}

function relays(runtime: RelayRuntime): Relay[] {
  const spillway = (mode: "overflow" | "always"): Relay => ({
    name: `spillway, ${mode}`,
    start: (ports, directory, queue) => startSpillway(runtime, ports, directory, { dir: queue, mode }),
  });
  const syslogNg = (reliable: boolean): Relay => ({
    name: `syslog-ng, reliable(${reliable ? "yes" : "no"})`,
    missing: syslogNgMissing(),
    start: (ports, directory, queue) => startSyslogNg(ports, directory, queue, reliable),
  });
  return [
    spillway("overflow"),
    spillway("always"),
    { name: "rsyslog, disk-assisted", missing: rsyslogMissing(), start: startRsyslog },
    syslogNg(true),
    syslogNg(false),
  ];
}

export function daemonsTable({ measured, leftOut }: DaemonComparison): string {
  const rows = [["relay", "MB/s in", "MB/s out", "first line after", "lines in 60 s", "in order", "peak MiB"]];
  for (const relay of measured) {
    rows.push([
      relay.name,
      whole(relay.inMegabytesPerSecond),
      whole(relay.outMegabytesPerSecond),
      `${relay.firstLineSeconds.toFixed(2)} s`,
      `${whole(relay.received)} of ${whole(relay.lines)}${relay.repeats > 0 ? `, ${whole(relay.repeats)} twice` : ""}`,
      relay.outOfOrder === 0 ? "yes" : "no",
      whole(relay.peakMebibytes),
    ]);
  }
  return [aligned(rows), ...leftOut.map(({ name, reason }) => `left out: ${name}: ${reason}`)].join("\n");
}
