/** The catalogue of events: each is said somewhere, and the page for people has them all. */
import { EVENTS } from "../../src/base/events.ts";
import { assert, assertEquals } from "../support/assert.ts";

const SRC = new URL("../../src/", import.meta.url);

function sources(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sources(new URL(`${name}/`, folder));
    return name.endsWith(".ts") && !folder.pathname.endsWith("/base/events/")
      ? [Deno.readTextFileSync(new URL(name, folder))]
      : [];
  });
}

Deno.test("every event has a name that can be searched for, words of its own, and is said somewhere", () => {
  const text = sources(SRC).join("\n");
  for (const name of Object.keys(EVENTS)) {
    assert(/^[a-z]+(_[a-z]+)+$|^[a-z]+$/.test(name), name);
    assert(text.includes(`"${name}"`), `${name} is never said`);
  }
  const messages = Object.values(EVENTS).map(({ message }) => message);
  assertEquals(messages.filter((message, i) => messages.indexOf(message) !== i), []);
});

Deno.test("src/admin/README.md has every event with its level, its words and what it means", () => {
  const page = Deno.readTextFileSync(new URL("admin/README.md", SRC));
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (debug|info|warn|error) +\| (.*?) +\| (.*?) +\|$/gm)];
  assertEquals(
    rows.map(([, ...cells]) => cells),
    Object.entries(EVENTS).map(([name, { level, message, about }]) => [name, level, message, about]),
  );
});
