/** Patterns such as `spillway-data/*` and `feed/0*.seg`, for where no shell has expanded them. */
import type { ReadableFiles } from "../../../runtime/files.ts";

/** Is there anything in it that stands for other text? */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/**
 * The paths that exist and match, sorted; none is no error. `*` and `?` stand
 * for any text and any character within a name, `[a-c]` and `[!a]` for one of
 * some characters. A name with a leading dot has to be asked for with one.
 */
export async function expandPattern(files: ReadableFiles, pattern: string): Promise<string[]> {
  let found = [pattern.startsWith("/") ? "/" : ""];
  for (const part of pattern.split("/").filter((name) => name !== "")) {
    const steps = await Promise.all(found.map((directory) => stepInto(files, directory, part)));
    found = steps.flat();
  }
  return pattern.endsWith("/") ? found.map((path) => `${path}/`) : found;
}

async function stepInto(files: ReadableFiles, directory: string, part: string): Promise<string[]> {
  const path = (name: string) =>
    directory === "" || directory.endsWith("/") ? directory + name : `${directory}/${name}`;
  if (!isPattern(part)) return await files.stat(path(part)).catch(() => undefined) === undefined ? [] : [path(part)];
  if ((await files.stat(directory === "" ? "." : directory))?.kind !== "directory") return [];
  const matches = matcherOf(part);
  return (await files.list(directory === "" ? "." : directory)).filter((name) => matches(name)).map(path);
}

function matcherOf(part: string): (name: string) => boolean {
  const source = part.replace(/\[!?[^\]]+\]|[\s\S]/g, (token) => {
    if (token === "*") return ".*";
    if (token === "?") return ".";
    if (token.length > 1) return `[${token.slice(1, -1).replace(/^!/, "^").replace(/[\\[]/g, "\\$&")}]`;
    return token.replace(/[\\^$.|+()[\]{}]/, "\\$&");
  });
  const pattern = new RegExp(`^${source}$`, "s");
  return (name) => (part.startsWith(".") || !name.startsWith(".")) && pattern.test(name);
}
