/**
 * Looking at the files of a directory while a daemon or a compaction removes and
 * replaces some of them.
 */
import { mapConcurrently } from "../../../base/concurrently.ts";

/** After this many listings the files that are there are taken as they are. */
const LISTINGS_MAX = 20;

/** How many files are open at a time while their headers and footers are read. */
const FILES_AT_ONCE = 16;

/**
 * What `look` makes of each item of the list, without the items that are gone by
 * then, for which it resolves to undefined. If only the oldest are gone, they were
 * delivered and removed. What another one held may be in the file of its neighbour
 * by now, so the list is taken again.
 */
export async function listUntilStable<Item, Found>(
  list: () => Promise<readonly Item[]>,
  look: (item: Item) => Promise<Found | undefined>,
): Promise<Found[]> {
  for (let left = LISTINGS_MAX;; left--) {
    const found = await mapConcurrently(await list(), FILES_AT_ONCE, look);
    const there = found.filter((each) => each !== undefined);
    const areNewest = found.slice(found.length - there.length).every((each) => each !== undefined);
    if (areNewest || left === 1) return there;
  }
}
