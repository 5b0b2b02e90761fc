/**
 * The builds of Spillway that can be measured: what has been built here, on each
 * of its runtimes, and another executable, so that two versions can be measured
 * in the same run.
 */
import { RELAY_RUNTIMES, relayCommand } from "../../../test/e2e/rig/relay_command.ts";

export const BUILDS = [...RELAY_RUNTIMES, "other"] as const;

export type Build = typeof BUILDS[number];

/** Has the path of the executable that is called `other`. */
export const OTHER_VARIABLE = "SPILLWAY_OTHER";

/** The words before `run`. Throws, with what to do, if there is no such build. */
export function buildCommand(build: Build): string[] {
  if (build !== "other") return relayCommand(build);
  const file = Deno.env.get(OTHER_VARIABLE);
  if (file === undefined) throw new Error(`--runtime other needs an executable's path in ${OTHER_VARIABLE}`);
  return [file];
}
