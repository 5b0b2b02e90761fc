/**
 * The two syslog daemons as store-and-forward relays: line in, the same line
 * out, stored on disk between. Each gets what its documentation recommends for
 * a consumer that may be away, and runs in the foreground with its files in a
 * directory of its own, on loopback, never the system's.
 */
import type { Stage } from "../rig/stage.ts";
import { missing, versionText } from "./installed.ts";

/** `SPILLWAY_SYSLOG_NG` names a program to start instead of `syslog-ng`. */
export const SYSLOG_NG = Deno.env.get("SPILLWAY_SYSLOG_NG") ?? "syslog-ng";

/** Why this machine cannot run it; undefined if it can. */
export function rsyslogMissing(): string | undefined {
  return missing("rsyslogd", "-v", "rsyslog");
}

/** Why this machine cannot run it; undefined if it can. */
export function syslogNgMissing(): string | undefined {
  if (versionText(SYSLOG_NG, "--version") !== undefined) return undefined;
  if (SYSLOG_NG !== "syslog-ng") return `SPILLWAY_SYSLOG_NG=${SYSLOG_NG} does not run`;
  return "syslog-ng is neither in PATH nor named by SPILLWAY_SYSLOG_NG";
}

/**
 * imtcp → disk-assisted queue → omfwd, as in "Reliable Forwarding of syslog
 * Messages" of rsyslog's documentation, with room in memory. With the default
 * queue.size of 1,000 its queue fills before it goes to disk under such a load:
 * it then takes a message a second, and drops those it had to hold for 2 s
 * (queue.timeoutEnqueue).
 */
export function startRsyslog(stage: Stage, queue: string): void {
  const { ports, directory } = stage;
  const config = [
    `global(workDirectory="${directory}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")`,
    `module(load="imtcp")`,
    `template(name="verbatim" type="string" string="%rawmsg%")`,
    `input(type="imtcp" address="127.0.0.1" port="${ports.source}" ruleset="forward")`,
    `ruleset(name="forward") {`,
    `  action(type="omfwd" target="127.0.0.1" port="${ports.target}" protocol="tcp" template="verbatim"`,
    `    action.resumeRetryCount="-1" action.resumeInterval="1"`,
    `    queue.type="LinkedList" queue.filename="bench" queue.spoolDirectory="${queue}"`,
    `    queue.size="100000" queue.highWatermark="50000" queue.lowWatermark="10000"`,
    `    queue.maxDiskSpace="8g" queue.maxFileSize="64m" queue.dequeueBatchSize="1024"`,
    `    queue.timeoutEnqueue="600000" queue.saveOnShutdown="on")`,
    `}`,
  ];
  Deno.writeTextFileSync(`${directory}/rsyslog.conf`, config.join("\n") + "\n");
  stage.measure("rsyslog", ["rsyslogd", "-n", "-f", `${directory}/rsyslog.conf`, "-i", `${directory}/pid`]);
}

/** network → disk-buffer → network. `reliable` stores each line before it counts as taken; else the newest wait in memory. */
export function startSyslogNg(stage: Stage, queue: string, reliable: boolean): void {
  const { ports, directory } = stage;
  const memory = reliable ? "mem-buf-size(64MiB)" : "mem-buf-length(10000)";
  const config = [
    `@version: current`,
    `options { keep-hostname(yes); chain-hostnames(no); use-dns(no); stats-freq(0); time-reopen(1); };`,
    `source s { network(transport("tcp") ip("127.0.0.1") port(${ports.source}) flags(no-parse)`,
    `  max-connections(1) log-fetch-limit(1000) log-iw-size(10000)); };`,
    `destination d { network("127.0.0.1" transport("tcp") port(${ports.target}) template("\${MSG}\\n") flush-lines(100)`,
    `  disk-buffer(reliable(${reliable ? "yes" : "no"}) ${memory} disk-buf-size(8GiB) dir("${queue}"))); };`,
    `log { source(s); destination(d); flags(flow-control); };`,
  ];
  const path = (name: string) => `${directory}/${name}`;
  Deno.writeTextFileSync(path("syslog-ng.conf"), config.join("\n") + "\n");
  const files = ["-f", path("syslog-ng.conf"), "-R", path("persist"), "-c", path("control"), "-p", path("pid")];
  stage.measure("syslog-ng", [SYSLOG_NG, "-F", "--no-caps", ...files]);
}
