/** `spillway run`: the relay, in the foreground. */
import { startAdmin } from "../../admin/admin.ts";
import { type HttpOptions, HttpServer } from "../../admin/http/server.ts";
import { ownControlGroup } from "../../admin/control_group.ts";
import { systemClock } from "../../base/clock.ts";
import { EXIT, usageError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { STOP_MS } from "../../base/stop_deadline.ts";
import { configFromFlags, RUN_FLAGS } from "../../config/flags.ts";
import { describe, wordsOf } from "../../config/keys/key.ts";
import { loadConfig } from "../../config/load.ts";
import type { Config } from "../../config/config.ts";
import { openFilesOf } from "../../relay/open_files.ts";
import { type Relay, startRelay } from "../../relay/relay.ts";
import { ConnectionLimit } from "../../runtime/connection_limit.ts";
import type { Runtime, Signal } from "../../runtime/runtime.ts";
import { type Command, configFlag, type Invocation } from "../command.ts";
import { commit, version } from "../output/build_info.ts";
import { isJournalStream } from "../output/journal_stream.ts";
import { ProcessLog } from "../output/log.ts";
import { ServiceManager } from "./run/service_manager.ts";
import { warnAtStart } from "./run/start_warnings.ts";
import { wantsColour } from "../output/terminal.ts";

export const command: Command = {
  usage: ["run [-c FILE]", "run --listen ADDR --to ADDR [FLAGS]"],
  description: `Relays until SIGTERM or SIGINT: then it stops cleanly within 5 s. A second one
ends the waiting for producers and consumers; what is in memory is journaled all
the same. No other signal ends it, SIGKILL and those of a fault such as SIGABRT
apart. Logs to standard error. The flags other than --config describe one route
without a file; what they cannot say, a file can.`,
  flags: [
    configFlag,
    ...RUN_FLAGS.map(({ flag: { name, value, description }, entry }) => (
      { name, value, values: wordsOf(entry), description: describe(description, entry) }
    )),
  ],
  operandsMax: 0,
  examples: [
    { command: "spillway run -c spillway.toml", description: "the routes of a file, as a service does" },
    { command: "spillway run --listen :9000 --to server-b:9001", description: "one route of lines, without a file" },
    {
      command: "spillway run --listen :9000 --to server-b:9001 --mode always --journal spillway-data/main",
      description: "journal every frame before it counts",
    },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    runtime.outliveSignals();
    const config = await configOf(invocation, runtime);
    const processLog = new ProcessLog(config.log, {
      target: runtime.stderr,
      clock: systemClock,
      colour: wantsColour(runtime),
      isJournal: isJournalStream(runtime.env("JOURNAL_STREAM")),
    });
    const log = processLog.of;
    await warnAtStart(config.routes, runtime, log);
    const user = runtime.userName();
    const controlGroup = await ownControlGroup(config.admin.controlGroup, user);
    const { connectionsMax, spareConnections } = await openFilesOf(config.routes.length);
    const connectionLimit = new ConnectionLimit(connectionsMax, spareConnections);
    let http: HttpServer | undefined;
    const start = async () => {
      // A start that fails later has told no one that it is ready.
      http = await openHttp(config, { runtime, connectionLimit, log: log("spillway") });
      const relay = await startRelay({
        routes: config.routes,
        runtime,
        clock: systemClock,
        log,
        user,
        connectionLimit,
      });
      startAdmin(relay, {
        runtime,
        connectionLimit,
        clock: systemClock,
        controlGroup,
        log,
        version,
        events: processLog.recent,
        http,
      });
      return relay;
    };
    const manager = new ServiceManager({ runtime, clock: systemClock, log: log("spillway") });
    try {
      return await relayUntilSignal(start, manager, runtime, log("spillway"));
    } finally {
      await http?.close();
      processLog.flush();
    }
  },
};

/** Undefined where no HTTP is asked for. */
async function openHttp(
  { admin: { listen } }: Config,
  { runtime, ...options }: { runtime: Runtime } & Pick<HttpOptions, "connectionLimit" | "log">,
): Promise<HttpServer | undefined> {
  if (listen === undefined) return undefined;
  const build = { version, commit, runtime: `${runtime.name} ${runtime.version}` };
  return await HttpServer.open({ ...options, address: listen, net: runtime.net, build });
}

async function configOf({ values }: Invocation, runtime: Runtime): Promise<Config> {
  const given = RUN_FLAGS.map(({ flag }) => flag.name).filter((name) => values[name] !== undefined);
  if (given.length === 0) return await loadConfig(values.config, runtime);
  const [first] = given;
  if (values.config !== undefined) {
    throw usageError(
      `--config and --${first} are given together`,
      "a route stands in the file or in flags, not in both",
    );
  }
  const required = RUN_FLAGS.filter(({ flag }) => flag.required).map(({ flag }) => flag.name);
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) {
    const all = required.map((name) => `--${name}`).join(" and ");
    throw usageError(`--${first} is given, and --${missing} is not`, `a route without a file needs ${all}`);
  }
  return configFromFlags(values);
}

/**
 * The first SIGTERM or SIGINT stops the relay, also one that comes while it
 * starts; the next ones end the waiting for others. Returns the exit code.
 */
async function relayUntilSignal(
  start: () => Promise<Relay>,
  manager: ServiceManager,
  runtime: Runtime,
  log: Log,
): Promise<number> {
  const asked = new AbortController();
  let relay: Relay | undefined;
  const onSignal = (signal: Signal) => () => {
    if (!asked.signal.aborted) {
      log.say("stopping", { signal });
      asked.abort();
      manager.stopping();
      relay?.stop();
    } else {
      log.say("hurrying", { signal });
      relay?.hurry();
    }
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) runtime.onSignal(signal, onSignal(signal));
  runtime.onSignal("SIGHUP", () => {
    log.say("reload_unsupported", { signal: "SIGHUP" });
  });
  const starting = start().then((started) => relay = started);
  if (!await unlessStuck(starting, asked.signal)) {
    log.say("start_stuck");
    return EXIT.failed;
  }
  if (asked.signal.aborted) relay!.stop();
  manager.ready();
  return await relay!.stopped;
}

/** Waits for the start; false if it takes longer than {@link STOP_MS} after a stop was requested. Nothing has been received by then. */
async function unlessStuck(starting: Promise<unknown>, asked: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const tooLate = new Promise<boolean>((resolve) => {
    const count = () => void systemClock.sleep(STOP_MS, over.signal).then(() => resolve(false));
    asked.addEventListener("abort", count, { once: true, signal: over.signal });
  });
  return await Promise.race([starting.then(() => true), tooLate]).finally(() => over.abort());
}
