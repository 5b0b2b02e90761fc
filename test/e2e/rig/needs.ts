/**
 * What a test needs beyond this repository. Where it is missing, the test is
 * skipped by name, and the name says why.
 */
import { lackOfFakeClock } from "./fake_clock.ts";
import { injected } from "./injection.ts";
import { lackOfSeccomp, PROCESSES_ALONE } from "./sandbox.ts";
import { lackOfTun } from "./tun.ts";

export type Need =
  | "netns"
  | "tun"
  | "tbf"
  | "rsyslog"
  | "logger"
  | "root"
  | "setpriv"
  | "ptrace"
  | "tmpfs"
  | "terminal"
  | "faketime"
  | "promtool"
  | "seccomp"
  | "systemd-analyze"
  | "procsubset"
  | "jq"
  | "chromium"
  | "tcpdump"
  | "tshark";

const found = new Map<Need, string | undefined>();

/** Why this machine cannot do it; undefined if it can. */
export function missing(need: Need): string | undefined {
  if (!found.has(need)) found.set(need, LOOK[need]());
  return found.get(need);
}

const LOOK: Record<Need, () => string | undefined> = {
  root: () => Deno.uid() === 0 ? undefined : "needs root",
  netns: lookForNamespaces,
  tun: lackOfTun,
  tbf: lookForTokenBuckets,
  faketime: lackOfFakeClock,
  promtool: () => works(["promtool", "--version"]) ? undefined : "needs promtool of the Debian package prometheus",
  rsyslog: () => works(["rsyslogd", "-v"]) ? undefined : "needs the Debian package rsyslog",
  logger: () => works(["logger", "--version"]) ? undefined : "needs logger of the Debian package bsdutils",
  terminal: () => works(["script", "--version"]) ? undefined : "needs script of the Debian package bsdutils",
  seccomp: lackOfSeccomp,
  "systemd-analyze": () => works(["systemd-analyze", "--version"]) ? undefined : "needs the Debian package systemd",
  procsubset: () => {
    if (Deno.uid() !== 0) return "needs root to mount a /proc of its own";
    return works([...PROCESSES_ALONE, "true"]) ? undefined : "mounting a /proc of its own is not allowed here";
  },
  jq: () => works(["jq", "--version"]) ? undefined : "needs the Debian package jq",
  chromium: () => works(["/usr/bin/chromium", "--version"]) ? undefined : "needs the Debian package chromium",
  tcpdump: () => {
    if (!works(["tcpdump", "--version"])) return "needs the Debian package tcpdump";
    return works(["tcpdump", "-i", "lo", "-L"]) ? undefined : "capturing packets is not allowed here";
  },
  tshark: () =>
    works(["tshark", "--version"]) && works(["editcap", "--version"]) ? undefined : "needs the Debian package tshark",
  ptrace: lookForPtrace,
  tmpfs: lookForTmpfs,
  setpriv: () => {
    if (Deno.uid() !== 0) return "needs root";
    return works(["setpriv", "--reuid=65534", "true"]) ? undefined : "needs setpriv of the Debian package util-linux";
  },
};

function lookForNamespaces(): string | undefined {
  if (Deno.uid() !== 0) return "needs root for network namespaces";
  if (!works(["ip", "-V"])) return "needs the Debian package iproute2";
  const name = `spillway-try-${Deno.pid}`;
  if (!works(["ip", "netns", "add", name])) return "network namespaces are not allowed here";
  works(["ip", "netns", "del", name]);
  return undefined;
}

/** The queue with which tc(8) makes a link slow. */
function lookForTokenBuckets(): string | undefined {
  if (Deno.uid() !== 0) return "needs root for network namespaces";
  const name = `spillway-tbf-${Deno.pid}`;
  if (!works(["ip", "netns", "add", name])) return "network namespaces are not allowed here";
  const queue = ["root", "tbf", "rate", "1mbit", "burst", "16kb", "latency", "1s"];
  const made = works(["tc", "-n", name, "qdisc", "add", "dev", "lo", ...queue]);
  works(["ip", "netns", "del", name]);
  return made ? undefined : "this kernel has no token bucket (tc-tbf)";
}

function lookForPtrace(): string | undefined {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") return "needs Linux on x86-64";
  return works(injected({ under: "/", faults: [], report: "/dev/null" }, ["true"]))
    ? undefined
    : "needs ptrace(2), which is not allowed here";
}

function lookForTmpfs(): string | undefined {
  if (Deno.uid() !== 0) return "needs root to mount a tmpfs";
  const directory = Deno.makeTempDirSync({ prefix: "spillway-try-" });
  const mounted = works(["mount", "-t", "tmpfs", "-o", "size=1m", "spillway-try", directory]);
  if (mounted) works(["umount", directory]);
  Deno.removeSync(directory);
  return mounted ? undefined : "mounting a tmpfs is not allowed here";
}

function works(command: readonly string[]): boolean {
  try {
    return new Deno.Command(command[0], { args: command.slice(1), stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}
