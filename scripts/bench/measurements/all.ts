/** The measurements, in the order of the report. */
import type { Measurement } from "../measurement.ts";
import { daemons } from "./daemons.ts";
import { drain } from "./drain.ts";
import { latency } from "./latency.ts";
import { pass } from "./pass.ts";
import { spill } from "./spill.ts";
import { tools } from "./tools.ts";

export const MEASUREMENTS: readonly Measurement[] = [pass, spill, drain, latency, daemons, tools];
