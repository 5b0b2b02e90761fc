/**
 * The dashboard's files. They are made from `client` when the program is built,
 * and put into its bundle as one constant; nothing is read from disk.
 */
declare const SPILLWAY_DASHBOARD: Readonly<Record<string, Asset>> | undefined;

export interface Asset {
  /** For a Content-Type header. */
  readonly type: string;
  readonly body: string;
}

/** Where the program runs from its sources. */
const UNBUILT: Asset = {
  type: "text/plain; charset=utf-8",
  body: "the dashboard is part of the built program: deno task build\n",
};

/** What is at `path` (`/`, `/dashboard.js`, `/dashboard.css`); undefined if nothing is. */
export function asset(path: string): Asset | undefined {
  if (typeof SPILLWAY_DASHBOARD === "undefined") return path === "/" ? UNBUILT : undefined;
  return Object.hasOwn(SPILLWAY_DASHBOARD, path) ? SPILLWAY_DASHBOARD[path] : undefined;
}
