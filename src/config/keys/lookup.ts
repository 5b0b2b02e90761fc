/** Finding the description of a key by its path in a document, in which lists have indexes. */
import { findKind, FRAMING_KINDS } from "../../framing/framing.ts";
import type { KeyPath } from "../problem.ts";
import { CONFIG } from "./config.ts";
import { FRAMING, framingKeys } from "./framing.ts";
import type { Entries, Entry, Key, Table } from "./key.ts";

/** A key or a table with the names that lead to it. */
export interface PathOf<E> {
  readonly path: readonly string[];
  readonly entry: E;
}

/** Every key that has an effect in this version. */
export function allKeys(): PathOf<Key>[] {
  return allTables().flatMap(({ path, entry }) =>
    Object.entries(entry.keys).flatMap(([name, inner]) =>
      "keys" in inner || inner.unsupported !== undefined ? [] : [{ path: [...path, name], entry: inner }]
    )
  );
}

/** Every table, the whole configuration first. */
export function allTables(entry: Table = CONFIG, path: readonly string[] = []): PathOf<Table>[] {
  const inner = Object.entries(entry.keys).flatMap(([name, below]) =>
    "keys" in below ? allTables(below, [...path, name]) : []
  );
  return [{ path, entry }, ...inner];
}

/** The key at exactly this path, one of a framing's table included; undefined if a table or nothing known is there. */
export function keyAt(path: KeyPath): Key | undefined {
  const { entry, rest } = walk(path);
  if (entry === undefined || "keys" in entry) return undefined;
  if (rest.length === 0) return entry;
  const [name] = rest;
  if (entry.type !== FRAMING || rest.length > 1) return undefined;
  return FRAMING_KINDS.map((kind) => framingKeys(kind)[name]).find((key) => key?.default !== undefined);
}

/** The keys that the table at this path may have; undefined if no table is known there. */
export function tableAt(path: KeyPath): Entries | undefined {
  const { entry, rest } = walk(path);
  return entry !== undefined && rest.length === 0 && "keys" in entry ? entry.keys : undefined;
}

/** The keys of the framing at this path that is of the kind `type`; undefined if that is none. */
export function framingTableAt(path: KeyPath, type: unknown): Entries | undefined {
  const kind = isFraming(path) ? findKind(type) : undefined;
  return kind && framingKeys(kind);
}

export function isFraming(path: KeyPath): boolean {
  const { entry, rest } = walk(path);
  return rest.length === 0 && entry !== undefined && "type" in entry && entry.type === FRAMING;
}

/** How much of the path leads to the key whose value it is, or whose value it is a part of. */
export function wholeValue(path: KeyPath): KeyPath {
  return path.slice(0, path.length - walk(path).rest.length);
}

/** Follows the path through tables as far as they are known; `rest` is what leads into a key's value. */
function walk(path: KeyPath): { readonly entry: Entry | undefined; readonly rest: KeyPath } {
  let entry: Entry | undefined = CONFIG;
  for (const [i, part] of path.entries()) {
    if (entry === undefined || !("keys" in entry)) return { entry, rest: path.slice(i) };
    if (typeof part === "number") continue;
    entry = Object.hasOwn(entry.keys, part) ? (entry.keys as Entries)[part] : undefined;
  }
  return { entry, rest: [] };
}
