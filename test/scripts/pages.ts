/** What the repository's pages (Markdown) and the comments of its code refer to, and what of that is not there. */
import { basename, dirname, join, normalize } from "node:path/posix";

/** The repository as it is checked: the path of each file from its root, and the text of one. */
export interface Repository {
  readonly files: ReadonlySet<string>;
  text(path: string): string;
}

/** A reference that leads nowhere, with the page and line it is on. */
export interface DeadReference {
  readonly page: string;
  readonly line: number;
  readonly target: string;
}

/** Folders of a journal's directory that pages mention beside those of the repository. */
const NOT_OF_THE_REPOSITORY = new Set(["quarantine/", "dist/"]);

/** Files with these endings are the repository's own wherever a page mentions them. */
const OWN_FILE = /^[\w.-]+(?:\/[\w.-]+)*\.(?:ts|md|wat)$/;
const FOLDER = /^[\w.-]+(?:\/[\w.-]+)*\/$/;
const FILE_BELOW = /^(?:src|test|scripts)\/[\w./-]+$/;

/** Relative links that lead to no file, or to no heading of it. */
export function deadLinks(repository: Repository, page: string): DeadReference[] {
  const dead: DeadReference[] = [];
  for (const { line, text } of prose(repository.text(page))) {
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, anchor] = target.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path));
      const isThere = anchor === undefined
        ? repository.files.has(file)
        : repository.files.has(file) && anchorsOf(repository.text(file)).has(anchor);
      if (!isThere) dead.push({ page, line, target });
    }
  }
  return dead;
}

/** Files and folders in backticks that are not there, seen from the page's folder, from `src` or from the root. */
export function deadFileNames(repository: Repository, page: string): DeadReference[] {
  const dead: DeadReference[] = [];
  for (const { line, text } of prose(repository.text(page))) {
    for (const [, span] of text.matchAll(/`([^`]+)`/g)) {
      if (isFileName(span) && !isThere(repository, page, span)) dead.push({ page, line, target: span });
    }
  }
  return dead;
}

/** A function as pages name it: `Class.member`, or a function of its own, and the file that it is in. */
export interface NamedFunction {
  readonly line: number;
  readonly name: string;
  readonly file: string;
}

/** What a page names as "`NAME` in `FILE`". */
export function namedFunctions(page: string): NamedFunction[] {
  const found: NamedFunction[] = [];
  // A name and its file may stand on two lines.
  for (const match of page.matchAll(/`([\w.#]+)` in\s+`([\w./]+\.ts)`/g)) {
    const line = page.slice(0, match.index).split("\n").length;
    found.push({ line, name: match[1], file: match[2] });
  }
  return found;
}

/** Does this source define the function, or the class or interface with that member? */
export function defines(source: string, name: string): boolean {
  const [owner, member] = name.includes(".") ? name.split(".") : [undefined, name];
  if (owner === undefined) return new RegExp(`^export (?:async )?function \\*?${member}\\b`, "m").test(source);
  const owned = source.split(new RegExp(`^(?:export )?(?:class|interface) ${owner}\\b`, "m"))[1];
  return owned !== undefined && new RegExp(`^  (?:async |get )*\\*?${member}[<(]`, "m").test(owned.split(/^}/m)[0]);
}

/**
 * Documents and files that comments cite and that the repository does not have.
 * `strangers` are words that can only mean a text from elsewhere.
 */
export function deadCitations(repository: Repository, path: string, strangers: RegExp): DeadReference[] {
  const dead: DeadReference[] = [];
  const names = new Set([...repository.files].map((file) => basename(file)));
  for (const { line, text } of comments(repository.text(path))) {
    for (const [word] of text.matchAll(strangers)) dead.push({ page: path, line, target: word });
    for (const [name] of text.matchAll(/\b[\w-]+(?:\/[\w-]+)*\.(?:ts|md|wat)\b/g)) {
      const isThere = name.includes("/")
        ? [...repository.files].some((file) => file === name || file.endsWith(`/${name}`))
        : names.has(name);
      if (!isThere) dead.push({ page: path, line, target: name });
    }
  }
  return dead;
}

/** The anchors of a page's headings, as GitHub and others make them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const { text } of prose(page)) {
    const heading = text.match(/^#+ (.*)$/)?.[1];
    if (heading === undefined) continue;
    const anchor = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function isFileName(span: string): boolean {
  if (NOT_OF_THE_REPOSITORY.has(span)) return false;
  return OWN_FILE.test(span) || FOLDER.test(span) || FILE_BELOW.test(span);
}

function isThere({ files }: Repository, page: string, name: string): boolean {
  const places = [dirname(page), "src", "."].map((place) => normalize(join(place, name)).replace(/\/$/, ""));
  const isFolder = (place: string) => [...files].some((file) => file.startsWith(`${place}/`));
  return places.some((place) => (!name.endsWith("/") && files.has(place)) || isFolder(place));
}

interface Line {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** The lines of a page without its blocks of code: fenced ones, and those that are indented after an empty line. */
function prose(page: string): Line[] {
  const lines: Line[] = [];
  let isFenced = false;
  let isIndented = false;
  let before = "";
  page.split("\n").forEach((text, index) => {
    const isFence = /^\s*```/.test(text);
    if (isFence) isFenced = !isFenced;
    isIndented = text.startsWith("    ") && (isIndented || before === "");
    if (!isFence && !isFenced && !isIndented) lines.push({ line: index + 1, text });
    before = text;
  });
  return lines;
}

/** The lines of a source that are comments, or end with one. */
function comments(source: string): Line[] {
  const lines: Line[] = [];
  let isComment = false;
  source.split("\n").forEach((text, index) => {
    const begins = /^\s*\/\*/.test(text);
    const own = begins || isComment ? text : text.match(/(?:^|\s)\/\/.*$/)?.[0];
    if (own !== undefined) lines.push({ line: index + 1, text: own });
    isComment = (begins || isComment) && !text.includes("*/");
  });
  return lines;
}
