/**
 * Brings free memory into use. A virtual machine gives memory that was free for
 * seconds back to its host, and getting it back costs more than the copies that are
 * measured (seen here: dd of 1 GB at 0.4 GB/s after 4 s of rest, at 4.6 GB/s right
 * after another one). So pages are written and released before every run, for every
 * contender.
 */

const BLOCK = new Uint8Array(2 ** 20).fill(1);
/** Buffers of sockets, and the processes themselves. */
const PROCESSES_BYTES = 256 * 2 ** 20;
/** Of what is available: the page cache of prepared files must stay. */
const SHARE_MAX = 0.4;

/**
 * `bytes` is what the run's files take. The pages are those of a file in the first of
 * `directories`, which is on tmpfs, where writing starts no writing to a disk; of one in
 * the next directory where that is too small.
 */
export function warmFreeMemory(bytes: number, directories: readonly string[]): void {
  const wanted = Math.min(bytes * 1.2 + PROCESSES_BYTES, Deno.systemMemoryInfo().available * SHARE_MAX);
  const paths = directories.map((directory) => `${directory}/warm`);
  try {
    let written = 0;
    for (const path of paths) written += fill(path, wanted - written);
  } finally {
    for (const path of paths) Deno.removeSync(path);
  }
}

/** Writes up to `bytes`, in whole blocks, and returns how much there was room for. */
function fill(path: string, bytes: number): number {
  using file = Deno.openSync(path, { create: true, write: true });
  let written = 0;
  try {
    while (written < bytes) written += file.writeSync(BLOCK);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOSPC") throw error;
  }
  return written;
}
