/** What a running daemon says of the routes that the doctor looks at. */
import { dirname } from "node:path";
import { askStatus } from "../../../admin/client.ts";
import type { RouteStatus } from "../../../admin/status.ts";
import { formatDuration, formatSize } from "../../../base/quantity.ts";
import type { Finding } from "../../../doctor/finding.ts";
import { listeningPaths } from "../../../doctor/read_proc.ts";
import type { Subject } from "../../../doctor/series.ts";
import type { Runtime } from "../../../runtime/runtime.ts";

/** Of the routes with these journals; those whose daemon does not answer are left out. */
export async function routesAt(directories: readonly string[], runtime: Runtime): Promise<RouteStatus[]> {
  const answers = await Promise.all(directories.map((each) => askStatus(runtime.net, each).catch(() => undefined)));
  return answers.flatMap((asked) => asked?.kind === "answered" ? [asked.answer] : []);
}

/** Of the routes with one of these ports in daemons among these processes, found by their control sockets. */
export async function routesOf(
  pids: ReadonlySet<number>,
  subjects: readonly Subject[],
  runtime: Runtime,
): Promise<RouteStatus[]> {
  const paths = (await listeningPaths(pids)).filter((path) => path.endsWith("/control"));
  const routes = await routesAt(paths.map((path) => dirname(path)), runtime);
  return routes.filter(({ source, target }) =>
    subjects.some(({ port }) => [source, target].some((side) => side !== null && new RegExp(`:${port}$`).test(side)))
  );
}

/** States in which a route delivers nothing. */
const STOPPED: readonly string[] = ["stalled", "waiting", "full", "stopping"];

export function routeFindings(routes: readonly RouteStatus[]): Finding[] {
  return routes.map((route) => {
    const heldUp = route.source_held_up_seconds;
    const held = heldUp === null
      ? ""
      : ` A producer has been held up for ${formatDuration(heldUp * 1000)}: ${route.source_held_up_reason}.`;
    const isSlow = heldUp !== null || (STOPPED.includes(route.state) && route.pending_frames > 0);
    return {
      kind: "route",
      level: isSlow ? "slow" : "note",
      certainty: "sure",
      about: `route ${route.route}`,
      text:
        `the spillway (pid ${route.pid}) says: ${route.state}${route.detail === null ? "" : `, ${route.detail}`}; ` +
        `${route.pending_frames} frames (${formatSize(route.pending_bytes)}) are pending; ` +
        `in ${rate(route.received_bytes_per_second)}, out ${rate(route.delivered_bytes_per_second)}.${held}`,
      advice: [],
      pid: route.pid,
      program: "spillway",
      figures: { pending_frames: route.pending_frames, pending_bytes: route.pending_bytes },
    };
  });
}

function rate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? "unknown" : `${formatSize(bytesPerSecond)}/s`;
}
