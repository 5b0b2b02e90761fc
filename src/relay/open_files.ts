/** How many descriptors this process may have, and what the routes need of them. */
import { descriptorUse } from "../runtime/process_limits.ts";

/** Open as long as a route runs, and for moments: lock, cursor, segments that are written and read, listeners, the target. */
const FILES_OF_ROUTE = 12;
/** What the process opens beside that: name look-ups, directories that are synced. */
const FILES_OF_PROCESS = 8;
/** Connections that are left to those who are no producers: consumers that dial in, `status`. */
const SPARE_OF_ROUTE = 4;

export interface OpenFiles {
  /** The limit (RLIMIT_NOFILE); Infinity on systems that do not tell (/proc of Linux). */
  readonly limit: number;
  /** What the routes need with so many producers. */
  needed(producers: number): number;
  /** Connections that may come in and stay, at once: at least one for each route. */
  readonly connectionsMax: number;
  /** Those that producers leave to others. */
  readonly spareConnections: number;
}

/** For so many routes that are not open yet. Never rejects. */
export async function openFilesOf(routes: number): Promise<OpenFiles> {
  const { limit, open } = await descriptorUse();
  const files = open + FILES_OF_PROCESS + routes * FILES_OF_ROUTE;
  const spareConnections = routes * SPARE_OF_ROUTE;
  const connectionsMax = Math.max(limit - files, spareConnections + routes);
  return { limit, needed: (producers) => files + spareConnections + producers, connectionsMax, spareConnections };
}
