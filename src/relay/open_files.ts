/** How many file descriptors this process may have, and how many the routes need. */
import { descriptorUse } from "../runtime/process_limits.ts";

/** Of one route: lock, cursor, segments that are written and read, listeners, the target; some of them only for moments. */
const FILES_OF_ROUTE = 12;
/** Of the process itself: name look-ups, directories that are synced. */
const FILES_OF_PROCESS = 8;
/** Connections of one route that producers cannot take: for consumers that dial in, and for `status`. */
const SPARE_OF_ROUTE = 4;

export interface OpenFiles {
  /** The limit (RLIMIT_NOFILE); Infinity if it is unknown: it is read from /proc of Linux. */
  readonly limit: number;
  /** How many descriptors are needed with that many producers. */
  needed(producers: number): number;
  /** The most incoming connections at once: at least one for each route. */
  readonly connectionsMax: number;
  /** How many of these producers cannot take. */
  readonly spareConnections: number;
}

/** For `routes` routes that are not open yet. Never rejects. */
export async function openFilesOf(routes: number): Promise<OpenFiles> {
  const { limit, open } = await descriptorUse();
  const files = open + FILES_OF_PROCESS + routes * FILES_OF_ROUTE;
  const spareConnections = routes * SPARE_OF_ROUTE;
  const connectionsMax = Math.max(limit - files, spareConnections + routes);
  return { limit, needed: (producers) => files + spareConnections + producers, connectionsMax, spareConnections };
}
