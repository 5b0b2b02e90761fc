/** The dashboard in a browser, served by the relay itself: what an operator sees while traffic flows and things fail. */
import { type Browser, chromium, type Page } from "playwright-core";
import { UNKNOWN } from "../../src/admin/status.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime } from "./rig/relay_command.ts";
import { type Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 500 };
const COUNT = 20_000;
const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page of a browser of its own, with what it complained of so far. */
async function browse(scene: Scene): Promise<{ page: Page; complaints: string[] }> {
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  scene.defer(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { page, complaints };
}

const shows = (page: Page, selector: string, pattern: RegExp) =>
  until(`${selector} shows ${pattern}`, async () => pattern.test(await page.locator(selector).innerText()), {
    everyMs: 50,
  });

async function run(scene: Scene): Promise<void> {
  const [source, target, admin] = freePorts(3);
  const relay = await scene.spillway({
    head: { admin: { listen: `127.0.0.1:${admin}` } },
    routes: [{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}`, retry_min: "20ms", retry_max: "50ms" },
      journal: { dir: `${scene.directory}/journal` },
    }],
  }).listening(source, admin);
  const { page, complaints } = await browse(scene);
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  await page.goto(`http://127.0.0.1:${admin}/`);
  await shows(page, "#detail h2", /^feed$/);
  await shows(page, "#contact", /^live$/);

  await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
  await shows(page, ".books", /received\s+20,000\s+10,000,000\s+= delivered\s+20,000\s+10,000,000/);
  assertEquals(await page.locator("canvas").count(), 4);

  await consumer.stop();
  await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
  await shows(page, "#detail .state", /spilling: consumer gone for .+, 9\.5 MiB behind/);
  await shows(page, "#announcer", /feed: (?:waiting|spilling)/);
  await shows(page, "#answers", /no consumer: feed/);

  await shows(page, "#detail .events", /target lost/);
  assertEquals(complaints, []);

  assertEquals((await relay.stop()).code, 0);
  await shows(page, "#contact", /no answer from the relay for \d+ s/);
}

/** Fifty routes as a relay would tell of them, the last of them in trouble, at a phone's width. */
async function crowd(scene: Scene): Promise<void> {
  const { page, complaints } = await browse(scene);
  const [source, target, admin] = freePorts(3);
  await scene.spillway({
    head: { admin: { listen: `127.0.0.1:${admin}` } },
    routes: [{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}` },
      journal: { dir: `${scene.directory}/journal` },
    }],
  }).listening(admin);
  const routes = () =>
    Array.from({ length: 50 }, (_, i) => ({
      ...UNKNOWN,
      route: `r${String(i).padStart(2, "0")}`,
      state: i === 49 ? "full" : i === 20 ? "stalled" : "direct",
      target_up: true,
    }));
  await page.route(
    "**/status",
    (route) => route.fulfill({ json: { time: new Date().toISOString(), routes: routes() } }),
  );
  await page.route("**/events", (route) =>
    route.fulfill({
      json: { events: [{ time: "2026-01-01T00:00:00Z", level: "warn", route: "r20", message: "<b>stalled</b>" }] },
    }));
  await page.setViewportSize({ width: 375, height: 800 });
  await page.goto(`http://127.0.0.1:${admin}/`);
  await until("all routes are listed", async () => await page.locator("#rows tr").count() === 50, { everyMs: 50 });
  const names = async () => (await page.locator("#rows button").allInnerTexts()).slice(0, 4);
  assertEquals(await names(), ["r49", "r20", "r00", "r01"]);
  await shows(page, "#detail h2", /^r49$/);
  assert(await page.evaluate("document.documentElement.scrollWidth") as number <= 375, "nothing sticks out");

  // By keyboard: filter, then choose; the text of an event stays text.
  await page.locator("#filter").focus();
  await page.keyboard.type("stalled");
  await shows(page, "#shown", /^1 of 50$/);
  await page.locator("#rows button").focus();
  await page.keyboard.press("Enter");
  await shows(page, "#detail h2", /^r20$/);
  await shows(page, "#detail .events", /warn <b>stalled<\/b>/);
  assertEquals(complaints, []);
}

// The page is the same in all runtimes, and a browser is heavy.
if (chosenRuntime() === "binary") {
  scene("the dashboard shows traffic, a lost consumer, and a relay that is gone", run, ["chromium"]);
  scene("the dashboard lists fifty routes by trouble, on a phone and by keyboard", crowd, ["chromium"]);
}
