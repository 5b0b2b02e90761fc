/** What a flag of a soak chooses of `all`: everything without it. Throws where it is none of them, for nothing would be run. */
export function chosen<T extends string>(all: readonly T[], wanted: string | undefined): T[] {
  const found = all.filter((one) => wanted === undefined || one === wanted);
  if (found.length === 0) throw new Error(`found "${wanted}", allowed: ${all.join(", ")}`);
  return found;
}
