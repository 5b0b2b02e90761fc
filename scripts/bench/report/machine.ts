/** What the figures were measured on, and with which versions. */
import { type Build, buildCommand } from "../peers/build.ts";
import { nameOf } from "../peers/spillway.ts";
import { versionNumber } from "../peers/installed.ts";
import { SYSLOG_NG } from "../peers/syslog_daemons.ts";

export interface Machine {
  /** ISO 8601. */
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGibibytes: number;
  readonly kernel: string;
  /** Where the files were made. */
  readonly filesystem: string;
  /** Of the last minute, at the beginning: figures of a busy machine say little. */
  readonly load: number;
  /** Of every program that is there; what "spillway version" says for each runtime. */
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(directory: string, runtimes: readonly Build[]): Machine {
  const versions: Record<string, string> = {};
  for (const runtime of runtimes) versions[nameOf(runtime)] = printed([...buildCommand(runtime), "version"]);
  const programs: [name: string, command: string, argument: string][] = [
    ["socat", "socat", "-V"],
    ["haproxy", "haproxy", "-v"],
    ["nginx", "nginx", "-v"],
    ["rsyslog", "rsyslogd", "-v"],
    ["syslog-ng", SYSLOG_NG, "--version"],
    ["zstd", "zstd", "--version"],
  ];
  for (const [name, command, argument] of programs) {
    const version = versionNumber(command, argument);
    if (version !== undefined) versions[name] = version;
  }
  versions["deno, of producer and consumer"] = Deno.version.deno;
  return {
    date: new Date().toISOString(),
    cpu: read("/proc/cpuinfo").match(/^model name\s*: (.*)$/m)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryGibibytes: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    kernel: `Linux ${Deno.osRelease()}`,
    filesystem: printed(["stat", "-f", "-c", "%T", directory]),
    load: Math.round(Deno.loadavg()[0] * 100) / 100,
    versions,
  };
}

/** In one line. */
export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGibibytes, kernel, filesystem, load, date } = machine;
  return `${cores} cores of ${cpu}, ${memoryGibibytes} GiB, ${kernel}, files on ${filesystem}, load ${load}, ${
    date.slice(0, 10)
  }`;
}

function printed(command: readonly string[]): string {
  const { stdout } = new Deno.Command(command[0], { args: command.slice(1), stderr: "null" }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}
