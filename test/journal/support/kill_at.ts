/** Programs that are killed, and calls that fail, at the n-th operation that changes something. */
import type { Fault, MemoryFiles, Operation } from "../../support/memory_files.ts";

export const MODIFYING: readonly Operation[] = [
  "open",
  "write",
  "sync",
  "truncate",
  "makeDirectory",
  "rename",
  "unlink",
  "syncDirectory",
];

/** Lets the n-th of them fail as `fault` says, which is told how many bytes a write would write. Tells which it was. */
export function failAt(files: MemoryFiles, n: number, fault: (bytes: number) => Fault): { hit: string | undefined } {
  const told: { hit: string | undefined } = { hit: undefined };
  let count = 0;
  files.plan = (operation, path, _count, bytes) => {
    if (!MODIFYING.includes(operation) || ++count !== n) return undefined;
    told.hit = `${operation} ${path}`;
    return fault(bytes);
  };
  return told;
}

/** Lets `life` go on until the n-th of them, of which a part is still done; false if it came to its end. */
export async function killAt(
  files: MemoryFiles,
  n: number,
  part: number,
  life: () => Promise<unknown>,
): Promise<boolean> {
  failAt(files, n, (bytes) => {
    files.crash();
    return { code: "EKILLED", written: Math.floor(bytes * part) };
  });
  try {
    await life();
  } catch (error) {
    if (!files.crashed) throw error;
  }
  return files.crashed;
}
