/**
 * The contract of src/runtime as cases that run on every runtime: on Deno as
 * Deno tests (deno_test.ts), on Bun as one bundled program (bun_test.ts).
 */
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";

export interface Case {
  /** A whole sentence. */
  readonly name: string;
  /** Why this case cannot run on this machine, if it cannot. */
  readonly skip?: string;
  run(): Promise<void>;
}

export const runtime: Runtime = await currentRuntime();

const CASE_MS_MAX = 60_000;

/** Runs a case; rejects if it fails or hangs. */
export async function runCase(subject: Case): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${CASE_MS_MAX} ms`)), CASE_MS_MAX);
  });
  try {
    await Promise.race([subject.run(), hangs]);
  } finally {
    clearTimeout(timer);
  }
}
