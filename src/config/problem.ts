/**
 * What is wrong with a configuration, as data. A file's problems are collected
 * and reported together, so that one run names all that has to be mended.
 */
import { EXIT, SpillwayError } from "../base/error.ts";

/** Where a value stands: `["route", 0, "target", "confirm"]`. */
export type KeyPath = readonly (string | number)[];

export interface Problem {
  readonly path: KeyPath;
  /** What was found and what is allowed. */
  readonly text: string;
  /** What to do about it. Without one, the description of its key gives a hint. */
  readonly hint?: string;
}

/** One problem as it is printed: the text says where, what was found and what is allowed. */
export interface LocatedProblem {
  readonly message: string;
  readonly hint: string;
}

/** Everything that is wrong with one configuration; exit code 2. */
export class ConfigError extends SpillwayError {
  override readonly name = "ConfigError";

  /** `problems` holds at least one. */
  constructor(readonly problems: readonly LocatedProblem[]) {
    super(problems.map((problem) => problem.message).join("\n"), { hint: problems[0].hint, exit: EXIT.usage });
  }
}

/** `route[0].target.confirm`; a key that is not bare is quoted as in TOML. */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += (text === "" ? "" : ".") + (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part));
  }
  return text;
}

/** What stands at `path` in a document; undefined if nothing does. */
export function valueAt(document: unknown, path: KeyPath): unknown {
  // deno-lint-ignore no-explicit-any -- an arbitrary document
  return path.reduce((value: any, part) => value?.[part], document);
}

/** A value as a message shows it: as TOML would write it, at most 60 characters; tables and most lists by kind alone. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return shorten(JSON.stringify(value));
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value === undefined || value === null) return "nothing";
  if (value instanceof Date) return `the date ${value.toISOString()}`;
  return Array.isArray(value) ? describeList(value) : "a table";
}

function describeList(values: readonly unknown[]): string {
  if (values.some((value) => typeof value !== "string")) return "a list";
  const text = `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
  return text.length <= 60 ? text : "a list";
}

function shorten(text: string): string {
  return text.length <= 60 ? text : text.slice(0, 57) + '…"';
}
