/** The bar of long work, on terminals of any width. */
import { assertEquals } from "../../support/assert.ts";
import { barLine } from "../../../src/cli/output/progress.ts";

const FIGURES = "50%  110756 frames, 53.8MiB of 165.4MiB sent, 28.2MiB/s, 4s left";

Deno.test("where there is room, the bar has thirty cells", () => {
  assertEquals(barLine(0.5, FIGURES, 120), `[${"#".repeat(15)}${".".repeat(15)}] ${FIGURES}`);
  assertEquals(barLine(1, FIGURES, 120), `[${"#".repeat(30)}] ${FIGURES}`);
});

Deno.test("on a narrower terminal the bar is shorter, then it goes, and the figures are cut last", () => {
  assertEquals(barLine(0.5, FIGURES, 80), `[${"#".repeat(5)}${".".repeat(5)}] ${FIGURES}`);
  assertEquals(barLine(0.5, FIGURES, 72), FIGURES);
  assertEquals(barLine(0.5, FIGURES, 40), FIGURES.slice(0, 37));
});

Deno.test("a line leaves three columns free, or it might wrap", () => {
  for (let columns = 3; columns <= 130; columns++) {
    for (const share of [0, 0.33, 1]) assertEquals(barLine(share, FIGURES, columns).length <= columns - 3, true);
  }
});
