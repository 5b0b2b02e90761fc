/** What `spillway init config` prints: every key of this version, with its default and what it means. */
import { CONFIG } from "../../../config/keys/config.ts";
import { type Entries, isSupported, type Key, type Table } from "../../../config/keys/key.ts";
import { tomlString } from "../../../config/keys/value_types.ts";

const HEAD = `# Spillway's configuration. Check it with: spillway check -c FILE
# Sizes are strings with a unit: B KB MB GB TB KiB MiB GiB TiB. Durations: ms s m h d w, and several: 1h30m.
# In any string \${NAME} is an environment variable, \${NAME:-default} one with a default, $$ a dollar sign.
# A commented key has the value that it has when it is left out.
`;

/** A key that is a comment has its default. */
export const CONFIG_TEMPLATE = [HEAD, ...sections(CONFIG.keys, [])].join("\n");

/** The tables below `path`, with a blank line between them, and between the keys of a table that has others in it. */
function sections(keys: Entries, path: readonly string[]): string[] {
  return Object.entries(keys).filter(([, entry]) => isSupported(entry)).flatMap(([name, entry]) => {
    if (!("keys" in entry)) return [keyLines(name, entry as Key)];
    const inside = [...path, name];
    const header = entry.repeated ? `[[${inside.join(".")}]]` : `[${inside.join(".")}]`;
    const [first, ...rest] = hasTables(entry) ? sections(entry.keys, inside) : [sections(entry.keys, inside).join("")];
    return [`${header}\n${first}`, ...rest];
  });
}

function hasTables({ keys }: Table): boolean {
  return Object.values(keys).some((entry) => "keys" in entry);
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

function fileValue(value: string | number | boolean): string {
  return typeof value === "string" ? tomlString(value) : String(value);
}
