/** The description of a key is found by its path in a document, and what is part of a value belongs to its key. */
import { allKeys, keyAt, tableAt, wholeValue } from "../../../src/config/keys/lookup.ts";
import { JOURNAL } from "../../../src/config/keys/journal.ts";
import { TARGET } from "../../../src/config/keys/target.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a key is found in the table of any route, a table is not taken for a key", () => {
  assertEquals(keyAt(["route", 3, "target", "rate"]), TARGET.rate);
  assertEquals(tableAt(["route", 0, "journal"]), JOURNAL);
  for (const path of [["route", 0, "target"], ["route", 0, "rate"], ["nothing"], ["route", 0, "target", "rate", 0]]) {
    assertEquals(keyAt(path), undefined, path.join("."));
  }
  assertEquals(tableAt(["route", 0, "target", "rate"]), undefined);
});

Deno.test("the keys of a framing's table are found below the key that has it", () => {
  assertEquals(keyAt(["route", 0, "framing", "width"])?.default, 4);
  assertEquals(keyAt(["route", 0, "target", "reply_framing", "delimiter"])?.default, "\n");
  assertEquals(keyAt(["route", 0, "framing", "size"]), undefined);
});

Deno.test("a part of a value leads to the whole value, a path of tables to itself", () => {
  assertEquals(wholeValue(["route", 1, "framing", "delimiter"]), ["route", 1, "framing"]);
  assertEquals(wholeValue(["route", 1, "target", "rate", 0]), ["route", 1, "target", "rate"]);
  for (const path of [["route", 1, "target"], ["route", 1], ["nothing"]]) assertEquals(wholeValue(path), path);
});

Deno.test("keys of later versions are not among the keys", () => {
  const names = allKeys().map(({ path }) => path.join("."));
  assertEquals(names.filter((name) => name.endsWith(".tls") || name === "admin"), []);
  assertEquals(names.includes("route.target.confirm"), true);
});
