/**
 * Keys that the contract has and this release does not. They are refused with
 * what to use until then, because a key that is silently ignored is a promise
 * broken.
 */
import type { KeyPath } from "./problem.ts";
import type { RawConfig } from "./schema.ts";

const TLS: Readonly<Record<string, string>> = {
  source: "leave it out and put a TLS proxy such as stunnel in front",
  target: "leave it out and connect through a TLS proxy such as stunnel",
};

/** Calls `refuse` for every key that this release cannot do. */
export function refuseLaterKeys(
  config: RawConfig,
  refuse: (path: KeyPath, allowed: string, hint: string) => void,
): void {
  config.route?.forEach((route, index) => {
    for (const side of ["source", "target"] as const) {
      if (route[side]?.tls !== undefined) refuse(["route", index, side, "tls"], "nothing", TLS[side]);
    }
  });
  const isOff = config.admin === undefined || Object.keys(config.admin).length === 0;
  if (!isOff) refuse(["admin"], "nothing", "leave [admin] out; the log on standard error says what the routes do");
}
