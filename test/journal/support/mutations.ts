/**
 * What a disk, a copy that was interrupted or a careless hand does to a file:
 * bytes are flipped, cut out, put in, doubled, swapped, or come from elsewhere.
 */
import fc from "fast-check";

const KINDS = ["flip", "cut", "insert", "double", "swap", "splice"] as const;

export interface Mutation {
  readonly kind: typeof KINDS[number];
  /** Which file. */
  readonly file: number;
  /** Two ranges of bytes and where something is put, each as a share of the file or of its edges. */
  readonly from: Point;
  readonly until: Point;
  readonly to: Point;
  /** For `insert`: what the bytes are made of. For `flip`: which bit. */
  readonly seed: number;
  /** For `splice`: from which file. */
  readonly other: number;
}

/** A place in a file: near one of its edges, or anywhere. */
interface Point {
  readonly atEdge: boolean;
  readonly place: number;
  readonly beside: number;
}

/** Most are at the edge of something: between two records there is more to go wrong than inside of one. */
const point: fc.Arbitrary<Point> = fc.record({
  atEdge: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  place: fc.nat(1_000_000),
  beside: fc.constantFrom(0, 0, 0, 0, 1, -1, 10, -30, 64, 70),
});

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...KINDS),
  file: fc.nat(100),
  from: point,
  until: point,
  to: point,
  seed: fc.nat(1_000_000),
  other: fc.nat(100),
});

/** A file as it is to be mutated, and where in it something begins or ends. */
export interface Mutable {
  readonly bytes: Uint8Array;
  readonly edges: readonly number[];
}

/** Bytes that are put in are no more than this: a mutated file stays small. */
const INSERTED_MAX = 300;

/** The bytes of the file that the mutation is about, afterwards, and which it is. */
export function mutated(files: readonly Mutable[], mutation: Mutation): { index: number; bytes: Uint8Array } {
  const index = mutation.file % files.length;
  const { bytes } = files[index];
  const [from, until] = rangeIn(files[index], mutation);
  const to = placeIn(files[index], mutation.to);
  return { index, bytes: result(files, mutation, bytes, from, until, to) };
}

function result(
  files: readonly Mutable[],
  mutation: Mutation,
  bytes: Uint8Array,
  from: number,
  until: number,
  to: number,
): Uint8Array {
  const range = bytes.subarray(from, until);
  switch (mutation.kind) {
    case "flip": {
      const flipped = bytes.slice();
      if (from < bytes.length) flipped[from] ^= 1 << mutation.seed % 8;
      return flipped;
    }
    case "cut":
      return join(bytes.subarray(0, from), bytes.subarray(until));
    case "insert":
      return join(bytes.subarray(0, from), noise(mutation.seed), bytes.subarray(from));
    case "double":
      return join(bytes.subarray(0, to), range, bytes.subarray(to));
    case "swap": {
      // With the bytes right behind it, as many as there are, or with those at the other place.
      const other = until + Math.min(range.length, bytes.length - until);
      return join(bytes.subarray(0, from), bytes.subarray(until, other), range, bytes.subarray(other));
    }
    case "splice": {
      const source = files[mutation.other % files.length];
      const [start, end] = rangeIn(source, mutation);
      const piece = source.bytes.subarray(start, end);
      return join(bytes.subarray(0, to), piece, bytes.subarray(Math.min(bytes.length, to + piece.length)));
    }
  }
}

function rangeIn(file: Mutable, { from, until }: Mutation): [number, number] {
  const one = placeIn(file, from);
  const other = placeIn(file, until);
  return one <= other ? [one, other] : [other, one];
}

function placeIn({ bytes, edges }: Mutable, { atEdge, place, beside }: Point): number {
  const at = atEdge ? edges[place % edges.length] + beside : place % (bytes.length + 1);
  return Math.max(0, Math.min(bytes.length, at));
}

function noise(seed: number): Uint8Array {
  const length = 1 + seed % INSERTED_MAX;
  // Zeros are what a power loss leaves; anything else is no beginning of anything.
  return Uint8Array.from({ length }, (_, i) => seed % 3 === 0 ? 0 : (seed * 31 + i * 7) & 0xff);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
