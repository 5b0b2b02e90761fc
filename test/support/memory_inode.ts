/**
 * The contents of one file in memory, and what a power loss may leave of them.
 *
 * Until a sync covers it, every sector that was written to has on disk, each for
 * itself, what it had before, what it has now, something in between, zeros or
 * garbage; the size is an old one, the present one or any between. Bytes of the
 * same sector that were not written to stay as they are: the sector is written
 * as a whole, and a disk does not leave a mixture of old and new bytes in it.
 */
export type Random = () => number;

export const SECTOR_BYTES = 512;

/** How many contents of a sector are remembered between two syncs; the oldest one always is. */
const VERSIONS_MAX = 4;

/** A sector with bytes that no sync has covered. */
interface Unsynced {
  /** Earlier contents; the first one is durable. What it has now is in the file. */
  readonly versions: Uint8Array[];
  /** Offsets in the sector between which bytes were written. */
  from: number;
  until: number;
  /** A sync failed, and the kernel takes it for written: later syncs pass it by. */
  forgotten: boolean;
}

export class Inode {
  #bytes = new Uint8Array(0);
  #size = 0;
  readonly #unsynced = new Map<number, Unsynced>();
  /** Sizes since the last sync; the first one is durable. */
  #sizes: number[] = [0];
  /** The open file that holds its lock. */
  lockedBy: unknown;

  /** A file with these contents, all of them on disk. */
  static durable(bytes: Uint8Array): Inode {
    const inode = new Inode();
    inode.#bytes = bytes.slice();
    inode.#size = bytes.length;
    inode.#sizes = [bytes.length];
    return inode;
  }

  get size(): number {
    return this.#size;
  }

  /** The contents themselves, no copy. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    this.#touch(position, end);
    this.#reserve(end);
    this.#bytes.set(bytes, position);
    this.#resize(Math.max(this.#size, end));
  }

  truncate(size: number): void {
    if (size < this.#size) {
      this.#touch(size, this.#size);
      this.#bytes.fill(0, size, this.#size);
    }
    this.#reserve(size);
    this.#resize(size);
  }

  sync(): void {
    for (const [sector, { forgotten }] of this.#unsynced) if (!forgotten) this.#unsynced.delete(sector);
    this.#sizes = [this.#size];
  }

  /** A sync that reports an error: what was to be written is forgotten. */
  failSync(): void {
    for (const unsynced of this.#unsynced.values()) unsynced.forgotten = true;
  }

  /** The same file as another process finds it, not locked. */
  clone(): Inode {
    const copy = Inode.durable(this.bytes);
    copy.#sizes = [...this.#sizes];
    for (const [sector, unsynced] of this.#unsynced) {
      copy.#unsynced.set(sector, { ...unsynced, versions: [...unsynced.versions] });
    }
    return copy;
  }

  /**
   * What is on disk after a power loss: without `random` nothing that was not
   * synced. `garbage` fills what it is given.
   */
  survivors(random?: Random, garbage: (into: Uint8Array) => void = () => {}): Uint8Array {
    const size = random === undefined ? this.#sizes[0] : this.#someSize(random);
    const disk = new Uint8Array(Math.ceil(Math.max(size, this.#size) / SECTOR_BYTES) * SECTOR_BYTES);
    disk.set(this.bytes);
    for (const [sector, unsynced] of this.#unsynced) {
      const at = disk.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
      if (at.length === 0) continue;
      if (random === undefined) at.set(unsynced.versions[0]);
      else strike(at, unsynced, random, garbage);
    }
    return disk.slice(0, size);
  }

  #someSize(random: Random): number {
    const dice = random();
    if (dice < 0.3) return this.#sizes[0];
    if (dice < 0.7) return this.#size;
    const low = Math.min(...this.#sizes);
    const any = low + Math.floor(random() * (Math.max(...this.#sizes) - low + 1));
    return dice < 0.85 ? any : Math.max(low, any - any % SECTOR_BYTES);
  }

  /** Bytes [from, until) are about to change. */
  #touch(from: number, until: number): void {
    for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < until; sector++) {
      const start = sector * SECTOR_BYTES;
      const known = this.#unsynced.get(sector);
      const touched = known ?? { versions: [], from: SECTOR_BYTES, until: 0, forgotten: false };
      if (known === undefined) this.#unsynced.set(sector, touched);
      if (touched.versions.length === VERSIONS_MAX) touched.versions.splice(1, 1);
      const version = new Uint8Array(SECTOR_BYTES);
      version.set(this.bytes.subarray(start, start + SECTOR_BYTES));
      touched.versions.push(version);
      touched.from = Math.min(touched.from, Math.max(0, from - start));
      touched.until = Math.max(touched.until, Math.min(SECTOR_BYTES, until - start));
      touched.forgotten = false;
    }
  }

  #resize(size: number): void {
    if (size !== this.#size) this.#sizes.push(size);
    this.#size = size;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}

/** One of the things that the disk may have made of a sector; `at` holds what was meant. */
function strike(
  at: Uint8Array,
  { versions, from, until }: Unsynced,
  random: Random,
  garbage: (into: Uint8Array) => void,
): void {
  const dice = random();
  if (dice < 0.35) return;
  if (dice < 0.7) at.set(versions[0]);
  else if (dice < 0.8) at.set(versions[Math.floor(random() * versions.length)]);
  else if (dice < 0.9) at.fill(0, from, until);
  else garbage(at.subarray(from, until));
}

/** What may stand where nothing was written yet: anything, or a piece of another file. */
export function fillWithGarbage(into: Uint8Array, files: readonly Uint8Array[], random: Random): void {
  for (let i = 0; i < into.length; i++) into[i] = Math.floor(random() * 256);
  const other = random() < 0.5 ? files[Math.floor(random() * files.length)] : undefined;
  if (other === undefined) return;
  const sector = Math.floor(random() * Math.ceil(other.length / SECTOR_BYTES)) * SECTOR_BYTES;
  into.set(other.subarray(sector, sector + into.length));
}
