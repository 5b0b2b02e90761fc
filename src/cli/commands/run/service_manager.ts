/**
 * What systemd, or another service manager, is told of this process (sd_notify(3)):
 * that the routes listen, that the relay stops, and for the watchdog that the event
 * loop, which moves all data, still turns. Nothing happens where nobody asks for it.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import type { Runtime } from "../../../runtime/runtime.ts";

/** A notification that is not taken, since the manager is busy, is sent again so often, with these pauses in ms. */
const ATTEMPTS_MAX = 20;
const AGAIN_MS = 50;

export interface ServiceManagerOptions {
  readonly runtime: Pick<Runtime, "env" | "pid" | "sendDatagram">;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

export class ServiceManager {
  /** Where it listens; undefined if this process has no manager. */
  readonly #socket: string | undefined;
  readonly #stopping = new AbortController();

  constructor(private readonly options: ServiceManagerOptions) {
    this.#socket = options.runtime.env("NOTIFY_SOCKET") || undefined;
  }

  /** To be called when the routes listen. */
  async ready(): Promise<void> {
    if (this.#socket === undefined || this.#stopping.signal.aborted) return;
    if (!await this.#tell("READY=1", this.#stopping.signal) && !this.#stopping.signal.aborted) {
      this.options.log.say("service_manager_unreachable", {
        NOTIFY_SOCKET: this.#socket,
        hint: "without a libc that can be loaded the unit needs Type=exec and no WatchdogSec",
      });
    }
    this.#feedWatchdog();
  }

  /** To be called when the stop begins. */
  stopping(): void {
    this.#stopping.abort();
    if (this.#socket !== undefined) this.#tell("STOPPING=1");
  }

  /** Also during the stop, until the process ends. */
  async #feedWatchdog(): Promise<void> {
    const intervalMs = this.#watchdogMs();
    while (intervalMs !== undefined) {
      this.#send("WATCHDOG=1");
      await this.options.clock.sleep(intervalMs);
    }
  }

  /** Half of what the watchdog waits for; undefined if it is not for this process (sd_watchdog_enabled(3)). */
  #watchdogMs(): number | undefined {
    const { env, pid } = this.options.runtime;
    const us = Number(env("WATCHDOG_USEC"));
    if (!Number.isSafeInteger(us) || us <= 0) return undefined;
    return Number(env("WATCHDOG_PID") || pid) === pid ? us / 2000 : undefined;
  }

  /** False if it was not taken, or `unless` was aborted first. */
  async #tell(state: string, unless?: AbortSignal): Promise<boolean> {
    for (let left = ATTEMPTS_MAX; left > 0 && !unless?.aborted; left--) {
      if (this.#send(state)) return true;
      await this.options.clock.sleep(AGAIN_MS);
    }
    return false;
  }

  #send(state: string): boolean {
    return this.options.runtime.sendDatagram(this.#socket!, new TextEncoder().encode(state));
  }
}
