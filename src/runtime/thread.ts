/**
 * A second thread of this program, for work that would keep the first one busy
 * or wait in system calls. node:worker_threads works on both runtimes and
 * inside the executable, given the program's own script.
 */
import { parentPort, Worker } from "node:worker_threads";

/** A job is named by what it is given; input, progress and output are structured clones. */
export interface Thread<Input, Progress, Output> {
  /**
   * The jobs are begun in the order of the calls. Rejects if the job failed,
   * and if the thread could not be started or has ended.
   */
  run(input: Input, onProgress: (progress: Progress) => void): Promise<Output>;
  /** Ends the thread; its unfinished jobs are rejected. */
  end(): void;
}

export type Job<Input, Progress, Output> = (
  input: Input,
  onProgress: (progress: Progress) => void,
) => Promise<Output>;

interface Order {
  readonly id: number;
  readonly input: unknown;
}

interface Report {
  readonly id: number;
  readonly kind: "progress" | "output" | "failed";
  /** A failure's is its text: errors lose their class and fields on the way. */
  readonly value: unknown;
}

interface Waiting {
  readonly resolve: (output: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (progress: never) => void;
}

/** Is this a thread that `startThread` has started? */
export const isThread = parentPort !== null;

/** Starts `script` (a path or a `file:` URL), which has to call `serveThread` when `isThread`. */
export function startThread<Input, Progress, Output>(script: string | URL): Thread<Input, Progress, Output> {
  const waiting = new Map<number, Waiting>();
  let ended: Error | undefined;
  let next = 0;
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const worker = tryStart(script, end);
  worker?.on("error", end);
  worker?.on("exit", () => end(new Error("the thread has ended")));
  worker?.on("message", (report: Report) => {
    const job = waiting.get(report.id);
    if (job === undefined) return;
    if (report.kind === "progress") return job.onProgress(report.value as never);
    waiting.delete(report.id);
    if (report.kind === "output") job.resolve(report.value as never);
    else job.reject(new Error(String(report.value)));
  });
  return {
    run(input, onProgress) {
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject, onProgress });
        worker!.postMessage({ id, input } satisfies Order);
      });
    },
    end() {
      end(new Error("the thread was told to end"));
      worker?.terminate();
    },
  };
}

/** Undefined where the system has no thread left; Bun throws then, and sends no event. */
function tryStart(script: string | URL, onError: (error: Error) => void): Worker | undefined {
  try {
    return new Worker(script);
  } catch (error) {
    onError(error as Error);
    return undefined;
  }
}

/** In a thread: does `job` for each `run` that the starting thread calls. */
export function serveThread<Input, Progress, Output>(job: Job<Input, Progress, Output>): void {
  const report = (message: Report) => parentPort?.postMessage(message);
  parentPort?.on("message", async ({ id, input }: Order) => {
    try {
      const output = await job(input as Input, (value) => report({ id, kind: "progress", value }));
      report({ id, kind: "output", value: output });
    } catch (error) {
      report({ id, kind: "failed", value: String(error) });
    }
  });
}
