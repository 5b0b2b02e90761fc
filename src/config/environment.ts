/**
 * Environment variables in the strings of a configuration: `${NAME}`, or
 * `${NAME:-default}` where it may be unset or empty; `$$` stands for a dollar
 * sign. They are put into values that are parsed already, so that none can
 * become anything but text.
 */
import { describeValue, type KeyPath, type Problem } from "./problem.ts";

/** The value of an environment variable; undefined if it is not set. */
export type Environment = (name: string) => string | undefined;

const HINT = "write ${NAME}, or ${NAME:-default}; $$ stands for a dollar sign";

/** An escaped dollar sign, a variable, or the beginning of one without the rest. */
const REFERENCE = /\$\$|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

export interface Expanded {
  /** A copy with the variables in their places; a string that is wrong is as it was. */
  readonly document: unknown;
  readonly problems: readonly Problem[];
}

/** Expands every string of a document, at whatever depth, but no keys. */
export function expandEnvironment(document: unknown, env: Environment): Expanded {
  const problems: Problem[] = [];
  const expand = (value: unknown, path: KeyPath): unknown => {
    if (typeof value === "string") return expandString(value, path, env, problems);
    if (Array.isArray(value)) return value.map((inner, i) => expand(inner, [...path, i]));
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expand(inner, [...path, key])]));
  };
  return { document: expand(document, []), problems };
}

/** The string that stands for `value` where variables are expanded. */
export function withoutReferences(value: string): string {
  return value.replaceAll(/\$(?=[{$])/g, "$$$$");
}

function expandString(value: string, path: KeyPath, env: Environment, problems: Problem[]): string {
  const found = problems.length;
  const refuse = (text: string, hint: string) => {
    problems.push({ path, text: `found ${describeValue(value)}${text}`, hint });
    return "";
  };
  const expanded = value.replaceAll(REFERENCE, (reference, name?: string, otherwise?: string) => {
    if (reference === "$$") return "$";
    if (name === undefined) return refuse(", allowed: the name of an environment variable between ${ and }", HINT);
    const given = env(name);
    // As in a shell: the default is for an empty one too.
    if (otherwise !== undefined) return given || otherwise;
    if (given !== undefined) return given;
    return refuse(`: the environment variable ${name} is not set`, `set it, or write \${${name}:-default}`);
  });
  return problems.length > found ? value : expanded;
}
