/** What `spillway init config` prints: every key of this version, with its default and what it means. */
import { CONFIG } from "../../../config/keys/config.ts";
import { type FileValue, type Key, type Table } from "../../../config/keys/key.ts";
import { tomlList, tomlString } from "../../../config/keys/value_types.ts";

const HEAD = `# Spillway's configuration. Check it with: spillway check -c FILE
# Sizes are strings with a unit: B KB MB GB TB KiB MiB GiB TiB. Durations: ms s m h d w, and several: 1h30m.
# In any string \${NAME} is an environment variable, \${NAME:-default} one with a default, $$ a dollar sign.
# A commented key has the value that it has when it is left out, unless its comment says something else.
`;

export const CONFIG_TEMPLATE = [HEAD, ...sections(CONFIG, [])].join("\n");

/** The table at `path` and those in it, each a section of its own; one that may stand several times spaces its keys. */
function sections(table: Table, path: readonly string[]): string[] {
  const entries = Object.entries(table.keys);
  const keys = entries.flatMap(([name, entry]) => "keys" in entry ? [] : [keyLines(name, entry)]);
  const tables = entries.flatMap(([name, entry]) => "keys" in entry ? sections(entry, [...path, name]) : []);
  if (path.length === 0) return tables;
  const name = path.join(".");
  const own = table.repeated ? `[[${name}]]\n${keys.join("\n")}` : `[${name}]\n${keys.join("")}`;
  return [own, ...tables];
}

/** The key below its comment; nothing for one that is the other choice to a key that is there. */
function keyLines(name: string, entry: Key): string {
  const { example, usual = entry.default, comment, description } = entry;
  const value = example ?? usual;
  if (value === undefined) return "";
  const text = comment === true ? `${description}.` : comment;
  const lines = text === undefined ? "" : text.split("\n").map((line) => `# ${line}\n`).join("");
  return `${lines}${example === undefined ? "#" : ""}${name} = ${fileValue(value)}\n`;
}

function fileValue(value: FileValue): string {
  if (typeof value === "object") return tomlList(value);
  return typeof value === "string" ? tomlString(value) : String(value);
}
