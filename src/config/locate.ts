/**
 * Finds the line on which a key of a TOML document stands. The parser checks
 * the document but keeps no positions; this walk keeps nothing but positions.
 *
 * It is run on text that the parser has accepted, so it knows tables, arrays of
 * tables, dotted and quoted keys, all four kinds of strings, lists and inline
 * tables, and checks nothing. On text that is not TOML it ends and finds less.
 */
import { formatPath, type KeyPath } from "./problem.ts";

/** From the key path as `formatPath` writes it to the line, counted from 1. */
export type Lines = ReadonlyMap<string, number>;

/** The line of `path`, or of the nearest table around it that has one; undefined if even that is implicit. */
export function lineOf(lines: Lines, path: KeyPath): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(formatPath(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return undefined;
}

/** Walks a whole TOML document. */
export function locateKeys(toml: string): Lines {
  return new Walk(toml).document();
}

class Walk {
  readonly #lines = new Map<string, number>();
  /** How many tables each `[[array]]` has had, by its path. */
  readonly #counts = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(readonly text: string) {}

  document(): Lines {
    let table: KeyPath = [];
    for (this.#skipBlank(); this.#at < this.text.length; this.#skipBlank()) {
      const before = this.#at;
      if (this.#takes("[[")) table = this.#arrayTable();
      else if (this.#takes("[")) table = this.#table();
      else this.#assignment(table);
      if (this.#at === before) break;
    }
    return this.#lines;
  }

  #table(): KeyPath {
    const line = this.#line;
    const path = this.#insideArrays(this.#key());
    this.#takes("]");
    this.#note(path, line);
    return path;
  }

  #arrayTable(): KeyPath {
    const line = this.#line;
    const array = this.#insideArrays(this.#key(), true);
    this.#takes("]]");
    const index = this.#counts.get(formatPath(array)) ?? 0;
    this.#counts.set(formatPath(array), index + 1);
    this.#note(array, line);
    this.#note([...array, index], line);
    return [...array, index];
  }

  /** `[route.source]` speaks of the last `[[route]]`. */
  #insideArrays(key: readonly string[], lastIsArray = false): KeyPath {
    const path: (string | number)[] = [];
    key.forEach((part, i) => {
      path.push(part);
      const count = this.#counts.get(formatPath(path));
      if (count !== undefined && !(lastIsArray && i === key.length - 1)) path.push(count - 1);
    });
    return path;
  }

  #assignment(table: KeyPath): void {
    const line = this.#line;
    const key = this.#key();
    for (let length = 1; length <= key.length; length++) this.#note([...table, ...key.slice(0, length)], line);
    this.#skipBlank();
    if (this.#takes("=")) this.#value([...table, ...key]);
  }

  #value(path: KeyPath): void {
    this.#skipBlank();
    const character = this.text[this.#at];
    if (character === '"' || character === "'") this.#string();
    else if (this.#takes("[")) this.#list(path);
    else if (this.#takes("{")) this.#inlineTable(path);
    else while (this.#at < this.text.length && !/[,\]}#\r\n]/.test(this.text[this.#at])) this.#at++;
  }

  #list(path: KeyPath): void {
    for (let index = 0; this.#at < this.text.length; index++) {
      this.#skipBlank();
      if (this.#takes("]")) return;
      const before = this.#at;
      this.#note([...path, index], this.#line);
      this.#value([...path, index]);
      this.#skipBlank();
      this.#takes(",");
      if (this.#at === before) return;
    }
  }

  #inlineTable(path: KeyPath): void {
    while (this.#at < this.text.length) {
      this.#skipBlank();
      if (this.#takes("}")) return;
      const before = this.#at;
      this.#assignment(path);
      this.#skipBlank();
      this.#takes(",");
      if (this.#at === before) return;
    }
  }

  /** Dotted, each part bare or quoted. */
  #key(): string[] {
    const parts: string[] = [];
    do {
      this.#skipBlank();
      const start = this.#at;
      if (this.text[start] === '"' || this.text[start] === "'") {
        this.#string();
        parts.push(unquote(this.text.slice(start, this.#at)));
      } else {
        while (/[A-Za-z0-9_-]/.test(this.text[this.#at] ?? "")) this.#at++;
        parts.push(this.text.slice(start, this.#at));
      }
      this.#skipBlank();
    } while (this.#takes("."));
    return parts;
  }

  #string(): void {
    const quote = this.text[this.#at];
    const long = this.text.startsWith(quote.repeat(3), this.#at);
    const closing = long ? quote.repeat(3) : quote;
    this.#at += closing.length;
    while (this.#at < this.text.length && !this.text.startsWith(closing, this.#at)) {
      if (quote === '"' && this.text[this.#at] === "\\") this.#step();
      this.#step();
    }
    this.#at += closing.length;
    // A long string may end in one or two quotes of its own.
    while (long && this.text[this.#at] === quote) this.#at++;
  }

  #skipBlank(): void {
    while (this.#at < this.text.length) {
      if (this.text[this.#at] === "#") {
        while (this.#at < this.text.length && this.text[this.#at] !== "\n") this.#at++;
      } else if (/[\s\uFEFF]/.test(this.text[this.#at])) this.#step();
      else return;
    }
  }

  #step(): void {
    if (this.text[this.#at++] === "\n") this.#line++;
  }

  #takes(token: string): boolean {
    if (!this.text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #note(path: KeyPath, line: number): void {
    const key = formatPath(path);
    if (!this.#lines.has(key)) this.#lines.set(key, line);
  }
}

function unquote(quoted: string): string {
  if (quoted.startsWith("'")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted);
  } catch {
    return quoted.slice(1, -1);
  }
}
