/**
 * The directory entries of a file system in memory, and which of them a power
 * loss may take back.
 *
 * A creation, renaming or removal is on disk once its directory was synced.
 * Until then it may be there or not, each name for itself: several changes of
 * one name arrive in their order, and a renaming as a whole.
 */
import type { Inode, Random } from "./memory_inode.ts";

export const DIRECTORY = "directory";

export type Entry = Inode | typeof DIRECTORY;

/** What names are set to in one step; undefined: removed. */
type Change = ReadonlyMap<string, Entry | undefined>;

export class Names {
  #present: Map<string, Entry>;
  /** What is on disk for sure. */
  #durable: Map<string, Entry>;
  #unsynced: Change[] = [];

  constructor(entries: Iterable<readonly [string, Entry]> = [["/", DIRECTORY]]) {
    this.#present = new Map(entries);
    this.#durable = new Map(this.#present);
  }

  get(path: string): Entry | undefined {
    return this.#present.get(path);
  }

  file(path: string): Inode | undefined {
    const entry = this.#present.get(path);
    return entry === DIRECTORY ? undefined : entry;
  }

  isDirectory(path: string): boolean {
    return this.#present.get(path) === DIRECTORY;
  }

  *files(): Generator<readonly [string, Inode]> {
    for (const [path, entry] of this.#present) if (entry !== DIRECTORY) yield [path, entry];
  }

  /** Paths of what is in a directory. */
  in(directory: string): string[] {
    return [...this.#present.keys()].filter((path) => path !== "/" && parentOf(path) === directory);
  }

  change(...entries: readonly (readonly [string, Entry | undefined])[]): void {
    const change = new Map(entries);
    apply(this.#present, change);
    this.#unsynced.push(change);
  }

  /** Like `change`, and on disk at once. */
  changeForGood(path: string, entry: Entry | undefined): void {
    const change = new Map([[path, entry]]);
    this.#unsynced = this.#unsynced.filter((each) => !each.has(path));
    apply(this.#present, change);
    apply(this.#durable, change);
  }

  /** All changes in the directory are on disk, with them what came before under the same names. */
  sync(directory: string): void {
    const names = new Set<string>();
    const reached: Change[] = [];
    for (const change of this.#unsynced.toReversed()) {
      const paths = [...change.keys()];
      if (!paths.some((path) => parentOf(path) === directory || names.has(path))) continue;
      for (const path of paths) names.add(path);
      reached.push(change);
    }
    for (const change of reached.reverse()) apply(this.#durable, change);
    this.#unsynced = this.#unsynced.filter((change) => !reached.includes(change));
  }

  /** The same names for copies of the files. */
  clone(copyOf: (inode: Inode) => Inode): Names {
    const copy = new Names();
    copy.#present = copied(this.#present, copyOf);
    copy.#durable = copied(this.#durable, copyOf);
    copy.#unsynced = this.#unsynced.map((change) => copied(change, copyOf));
    return copy;
  }

  /** The entries that are there after a power loss; without `random` none that was not synced. */
  survivors(random?: Random): Map<string, Entry> {
    const found = new Map(this.#durable);
    const late = new Set<string>();
    for (const change of this.#unsynced) {
      const paths = [...change.keys()];
      const arrives = random !== undefined && random() < 0.6 && !paths.some((path) => late.has(path));
      if (arrives) apply(found, change);
      else for (const path of paths) late.add(path);
    }
    for (const path of [...found.keys()].sort()) if (!found.has(parentOf(path))) found.delete(path);
    return found;
  }
}

function apply(to: Map<string, Entry>, change: Change): void {
  for (const [path, entry] of change) {
    if (entry === undefined) to.delete(path);
    else to.set(path, entry);
  }
}

function copied<T extends Entry | undefined>(
  entries: ReadonlyMap<string, T>,
  copyOf: (inode: Inode) => Inode,
): Map<string, T> {
  const copy = (entry: T) => entry === DIRECTORY || entry === undefined ? entry : copyOf(entry as Inode) as T;
  return new Map([...entries].map(([path, entry]) => [path, copy(entry)]));
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
