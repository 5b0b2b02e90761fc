/** The measurements, in the order of the report. */
import type { Measurement } from "../measurement.ts";
import { always } from "./always.ts";
import { daemons } from "./daemons.ts";
import { drain } from "./drain.ts";
import { inAndOut } from "./in_and_out.ts";
import { latency } from "./latency.ts";
import { pass } from "./pass.ts";
import { producers } from "./producers.ts";
import { replies } from "./replies.ts";
import { spill } from "./spill.ts";
import { startup } from "./startup.ts";
import { tenthGigabyte } from "./tenth_gigabyte.ts";
import { tools } from "./tools.ts";
import { watched } from "./watched.ts";

export const MEASUREMENTS: readonly Measurement[] = [
  pass,
  spill,
  drain,
  inAndOut,
  always,
  replies,
  daemons,
  latency,
  producers,
  startup,
  tenthGigabyte,
  tools,
  watched,
];
