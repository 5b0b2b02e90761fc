/** A directory for one case. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";

/** Runs `action` with a new directory, which is gone afterwards with all that is in it. */
export async function withDirectory(action: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(`${tmpdir()}/spillway-test-`);
  try {
    await action(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
