/**
 * The shape of a measurement. Each is a module of `measurements/`, chosen by its
 * name with `--only`; it has cases, a case has contenders, and a contender's run
 * gives figures.
 */
import type { Options } from "./options.ts";
import type { Payload } from "./payloads.ts";
import type { FigureName, Run } from "./report/figures.ts";

export interface Measurement {
  readonly name: string;
  /** Of its chart: at most 60 characters. */
  readonly title: string;
  /** One line for people. */
  readonly about: string;
  /** Those that make sense for it; the others of `--payload` are passed over. */
  readonly payloads: readonly Payload[];
  /** With `--long` only. */
  readonly isLong?: boolean;
  cases(payload: Payload, options: Options): readonly Case[];
}

export interface Case {
  /** What sets it apart from the measurement's other cases with this payload. */
  readonly detail: string;
  /** The figures that it is about. */
  readonly main: readonly FigureName[];
  /** How much memory one run brings into use, in bytes: the files that it writes or reads. */
  readonly warmBytes: number;
  /** Where the files of its runs are made, if not in the place that the flags name. */
  readonly place?: string;
  /** Called once, in a directory of the case's own: what is prepared there serves all rounds. */
  contenders(directory: string): Promise<readonly Contender[]> | readonly Contender[];
}

export interface Contender {
  readonly name: string;
  /** Is it Spillway? */
  readonly ours: boolean;
  /** The contender that it is set beside. */
  readonly beside?: string;
  /** Why this machine cannot run it. */
  readonly missing?: string;
  /** One run in an empty directory of its own. */
  run(directory: string): Promise<Run>;
}
