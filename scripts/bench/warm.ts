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

/** `bytes` is what the run's files take. On tmpfs, where writing pages starts no writing to a disk. */
export function warmFreeMemory(bytes: number, directory: string): void {
  const path = `${directory}/warm`;
  const wanted = Math.min(bytes * 1.2 + PROCESSES_BYTES, Deno.systemMemoryInfo().available * SHARE_MAX);
  using file = Deno.openSync(path, { create: true, write: true });
  try {
    for (let written = 0; written < wanted;) written += file.writeSync(BLOCK);
  } finally {
    Deno.removeSync(path);
  }
}
