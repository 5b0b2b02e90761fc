import { parseConfig } from "../src/config/parse.ts";
import { renderConfig } from "../src/config/render.ts";
const f = Deno.args[0];
try {
  console.log(renderConfig(parseConfig(Deno.readTextFileSync(f), f, "/tmp")));
} catch (e) {
  if (e.problems) {
    for (const p of e.problems) console.log("error: " + p.message + (p.hint ? "\nhint:  " + p.hint : ""));
  } else throw e;
}
