/**
 * From a parsed document to values that are each valid, and a problem for every
 * one that is not. A value with a problem is left out of the result, so that
 * the rules which look at several keys can go on with the others.
 */
import type * as z from "zod";
import { FRAMING_TYPES, FRAMING_WORDS } from "./keys/framing.ts";
import { allTables, framingTableAt, isFraming, tableAt, wholeValue } from "./keys/lookup.ts";
import { nearest } from "./nearest.ts";
import { describeValue, formatPath, type KeyPath, type Problem, valueAt } from "./problem.ts";
import { configSchema, type RawConfig } from "./schema.ts";

export interface Validated {
  readonly config: RawConfig;
  readonly problems: readonly Problem[];
  /** True if the value at this path, one inside it or one around it has a problem; no rule reports it again then. */
  isBroken(...path: KeyPath): boolean;
}

/**
 * Checks every value by itself, not what keys mean together. `faults` are
 * problems that are known already.
 */
export function validate(document: unknown, faults: readonly Problem[] = []): Validated {
  const problems: Problem[] = [...faults];
  const broken: KeyPath[] = [];
  const rest = withoutDates(document);
  const leaveOut = (path: KeyPath) => {
    broken.push(path);
    remove(rest, path);
  };
  for (const { path } of faults) leaveOut(wholeValue(path));
  const first = configSchema.safeParse(rest);
  for (const issue of first.success ? [] : flatten(first.error.issues)) {
    problems.push(...problemsOf(issue, document));
    for (const path of faultyPaths(issue)) leaveOut(path);
  }
  const second = configSchema.safeParse(rest);
  if (!second.success) throw new Error(`the configuration without its faults has faults: ${second.error.message}`);
  const isBroken = (...path: KeyPath) =>
    broken.some((other) => path.every((part, i) => i >= other.length || other[i] === part));
  return { config: second.data, problems, isBroken };
}

/** A copy in which dates, which no key allows, are null: the schema would take them for tables without keys. */
function withoutDates(value: unknown): unknown {
  if (value instanceof Date) return null;
  if (Array.isArray(value)) return value.map(withoutDates);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutDates(inner)]));
}

type Issue = z.core.$ZodIssue;

/** Of the two lists of issues of a framing, which is a word or a table, the one for what it was meant to be. Paths are whole. */
function flatten(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "invalid_union" || issue.errors.length !== 2) return [issue];
    const [asWord, asTable] = issue.errors;
    const isTable = !asTable.some((inner) => inner.code === "invalid_type" && inner.path.length === 0);
    return (isTable ? asTable : asWord).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  });
}

function problemsOf(issue: Issue, document: unknown): Problem[] {
  const path = issue.path as KeyPath;
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path, key, document));
  const found = describeValue(valueAt(document, path));
  if (issue.code === "custom" && issue.params?.whole) return [{ path, text: issue.message, hint: issue.params.hint }];
  if (issue.code === "invalid_union") return [unknownWord(path, document, FRAMING_TYPES)];
  if (issue.code === "invalid_value" && isFraming(path)) return [unknownWord(path, document, FRAMING_WORDS)];
  if (issue.code === "invalid_value") {
    const word = valueAt(document, path);
    const meant = typeof word === "string" ? nearest(word, issue.values.map(String)) : undefined;
    return [{ path, text: `found ${found}, allowed: ${issue.message}`, hint: didYouMean(meant) }];
  }
  return [{ path, text: `found ${found}, allowed: ${issue.message}` }];
}

function unknownWord(path: KeyPath, document: unknown, words: readonly string[]): Problem {
  const found = valueAt(document, path);
  const list = words.map((word) => JSON.stringify(word)).join(", ");
  const text = `found ${describeValue(found)}, allowed: ${list}${
    isFraming(path) ? ' or a table { type = "…", … }' : ""
  }`;
  if (typeof found !== "string") return { path, text };
  if (isFraming(path) && FRAMING_TYPES.includes(found)) {
    return { path, text, hint: `this framing has settings: write framing = { type = ${JSON.stringify(found)}, … }` };
  }
  return { path, text, hint: didYouMean(nearest(found, words)) };
}

function unknownKey(table: KeyPath, key: string, document: unknown): Problem {
  const path = [...table, key];
  const keys = tableAt(table) ?? framingTableAt(table, valueAt(document, [...table, "type"]));
  const known = Object.keys(keys ?? {});
  const text = `found an unknown key, allowed here: ${known.join(", ")}`;
  const meant = nearest(key, known);
  if (meant !== undefined) return { path, text, hint: didYouMean(meant) };
  const tables = allTables().filter(({ entry }) => Object.hasOwn(entry.keys, key));
  const homes = tables.map(({ path: [first, ...rest] }) =>
    first === undefined
      ? `outside of [[route]], as [${key}]`
      : `in ${first !== "route" ? formatPath([first, ...rest]) : formatPath(rest) || "[[route]]"}`
  );
  return { path, text, hint: homes.length > 0 ? `${key} belongs ${homes.join(" or ")}` : undefined };
}

function didYouMean(word: string | undefined): string | undefined {
  return word === undefined ? undefined : `did you mean ${word}?`;
}

/** What has to go so that the rest is valid: unknown keys by themselves, else the whole value of a key. */
function faultyPaths(issue: Issue): KeyPath[] {
  const path = issue.path as KeyPath;
  const isKeys = issue.code === "unrecognized_keys" && wholeValue(path).length === path.length && !isFraming(path);
  return isKeys ? issue.keys.map((key) => [...path, key]) : [wholeValue(path)];
}

function remove(document: unknown, path: KeyPath): void {
  const holder = valueAt(document, path.slice(0, -1));
  const last = path.at(-1);
  // A faulty element of a list leaves an empty one behind, so that the others keep their index.
  if (Array.isArray(holder)) holder[last as number] = {};
  else if (typeof holder === "object" && holder !== null) delete (holder as Record<string, unknown>)[last as string];
}
