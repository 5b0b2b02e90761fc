/** The benchmark's pictures: well-formed SVG that shows the numbers, needs nothing else and has two sets of colours. */
import { drawBars } from "../../../scripts/bench/report/bars.ts";
import { chartsOf } from "../../../scripts/bench/report/charts.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { besideSocat, rates, reportOf } from "./results.ts";

/** Checks that elements are closed in order and attributes are quoted, and returns the text between the elements. */
function textOfXml(xml: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  let rest = xml.trim();
  while (rest !== "") {
    const part = rest.match(/^(?:<(\/?)([a-z]+)((?: [A-Za-z0-9-]+="[^"<]*")*)(\/?)>|([^<]+))/);
    assert(part !== null, `no XML: ${rest.slice(0, 80)}`);
    const [whole, isEnd, name, , isEmpty, text] = part;
    if (text !== undefined) {
      assert(!/&(?!(?:amp|lt|gt|quot);)/.test(text), `an entity that is none: ${text}`);
      if (text.trim() !== "") texts.push(text.trim());
    } else if (isEnd === "/") assertEquals(open.pop(), name, "the element that ends");
    else if (isEmpty === "") open.push(name);
    rest = rest.slice(whole.length);
  }
  assertEquals(open, [], "elements that do not end");
  return texts;
}

function widthOfBar(svg: string, style: string): number {
  return Number(svg.match(new RegExp(`class="${style}"[^>]* width="([\\d.]+)"`))![1]);
}

Deno.test("a chart is well-formed, shows each ratio and figure, and names what 1.0 is", () => {
  const svg = chartsOf(reportOf(besideSocat(rates(712, 720, 700), rates(1_000, 1_000, 1_000)))).get("pass.svg")!;
  const texts = textOfXml(svg);
  assert(texts.includes("0.71 · 712 MB/s"), texts.join("\n"));
  assert(texts.includes("1.0 = socat: 1,000 MB/s"), texts.join("\n"));
  for (
    const shown of ["a copy &amp; its &lt;peer&gt;", "pass, lines-512", "spillway (binary)", "1.0", "longer is better"]
  ) {
    assert(texts.includes(shown), `${shown} is not in ${texts.join("\n")}`);
  }
});

Deno.test("a chart has colours for dark and refers to nothing outside of it", () => {
  for (const svg of chartsOf(reportOf(besideSocat([{ rate: 1, cpu: 2 }], [{ rate: 2, cpu: 1 }]))).values()) {
    assert(svg.includes("@media (prefers-color-scheme: dark)"));
    assertEquals(svg.match(/(?:href|src|url\(|@import)/g), null);
    assertEquals(svg.match(/https?:[^"]*/g), ["http://www.w3.org/2000/svg"]);
  }
});

Deno.test("a bar is as long as its ratio, up to the length at which it is cut", () => {
  const draw = (ratio: number) =>
    drawBars({
      title: "t",
      better: "more",
      groups: [{
        title: "g",
        note: "",
        better: "more",
        bars: [{ label: "a", ratio, text: "", ours: true }, { label: "b", ratio: 2.9, text: "", ours: false }],
      }],
    });
  const [one, two, long, longer] = [1, 2, 9, 90].map(draw);
  assert(Math.abs(widthOfBar(two, "ours") - 2 * widthOfBar(one, "ours")) < 1);
  assertEquals(widthOfBar(long, "ours"), widthOfBar(longer, "ours"));
  assert(long.includes('class="cut"') && !two.includes('class="cut"'));
  assert(textOfXml(longer).some((text) => text.startsWith("90.00")), "the number is not cut");
});

Deno.test("a report has a chart of each measurement, of CPU time, and of Spillway beside its peers", () => {
  const drain = besideSocat([{ rate: 5, cpu: 1 }], [{ rate: 4, cpu: 1 }], { measurement: "drain" });
  const ownPeer = besideSocat(rates(5), rates(4), {
    measurement: "producers",
    rows: [
      { name: "100 producers", ours: true, beside: "1 producer", runs: rates(5) },
      { name: "1 producer", ours: true, runs: rates(4) },
    ],
  });
  const charts = chartsOf(reportOf(drain, ownPeer));
  assertEquals([...charts.keys()].sort(), ["cpu.svg", "drain.svg", "producers.svg", "summary.svg"]);
  assert(charts.get("producers.svg")!.includes("100 producers"));
  const summary = charts.get("summary.svg")!;
  assert(
    summary.includes("drain, lines-512") && !summary.includes("producers"),
    "only what has another program beside it",
  );
  assert(charts.get("cpu.svg")!.includes("shorter is better"));
  const tools = [drain, besideSocat([{ time: 2 }], [{ time: 1 }], { main: ["time"] })];
  const mixed = chartsOf(reportOf(...tools.map((result) => ({ ...result, measurement: "tools" })))).get("tools.svg")!;
  assert(mixed.includes("longer is better for rates, shorter for times"));
  assertEquals(chartsOf(reportOf(besideSocat(rates(5), []))).size, 0);
});
