/** What HTTP answers: each page by its path. Nothing can be changed through any of them. */
import { messageOf } from "../../base/error.ts";
import type { RecentEvents } from "../../base/recent_events.ts";
import type { LiveRoute } from "../live_route.ts";
import type { LoopLag } from "../loop_lag.ts";
import { asset } from "../dashboard/assets.ts";
import { isoMs, type StatusReport } from "../status.ts";
import { METRICS_TYPE, metricsText } from "./metrics.ts";

/** What the pages are made from. */
export interface View {
  readonly routes: readonly LiveRoute[];
  readonly loopLag: LoopLag;
  readonly events: RecentEvents;
}

/** What this process is. */
export interface Build {
  readonly version: string;
  readonly commit: string;
  /** The runtime and its version. */
  readonly runtime: string;
}

export interface Page {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

/**
 * The page at `path`; undefined if there is none. `view` is undefined before the
 * routes listen. Never rejects.
 */
export async function pageAt(path: string, view: View | undefined, build: Build): Promise<Page | undefined> {
  if (path === "/healthz") return { code: 200, type: TEXT, body: "ok\n" };
  const file = asset(path);
  if (file !== undefined) return { code: 200, ...file };
  const make = PAGES[path];
  if (make === undefined) return undefined;
  if (view === undefined) return { code: 503, type: TEXT, body: "not ready: the routes do not listen yet\n" };
  try {
    return await make(view, build);
  } catch (error) {
    // The journal cannot be read just now.
    return { code: 500, type: TEXT, body: `${messageOf(error)}\n` };
  }
}

const PAGES: Readonly<Record<string, (view: View, build: Build) => Promise<Page>>> = {
  "/readyz": async ({ routes }) => {
    const faults = (await Promise.all(routes.map((each) => each.status())))
      .filter(({ state }) => state === "full" || state === "stopping")
      .map(({ route, state, detail }) => `route ${route}: ${detail === null ? state : `${state}: ${detail}`}`);
    const isReady = faults.length === 0;
    return { code: isReady ? 200 : 503, type: TEXT, body: isReady ? "ready\n" : `not ready: ${faults.join("; ")}\n` };
  },
  "/status": async ({ routes }) => {
    const report: StatusReport = {
      time: isoMs(Date.now() * 1000),
      routes: await Promise.all(routes.map((each) => each.status())),
    };
    return { code: 200, type: JSON_TYPE, body: `${JSON.stringify(report)}\n` };
  },
  "/events": ({ events }) => {
    return Promise.resolve({ code: 200, type: JSON_TYPE, body: `${JSON.stringify({ events: events.all })}\n` });
  },
  "/metrics": async ({ routes, loopLag }, build) => {
    const figures = await Promise.all(routes.map(async (each) => {
      const { delivery, sync } = each.route.parts.times;
      return { status: await each.status(), delivery, sync };
    }));
    const body = metricsText(figures, { ...build, loopLagSeconds: loopLag.seconds });
    return { code: 200, type: METRICS_TYPE, body };
  },
};
