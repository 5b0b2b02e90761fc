/** What can happen to a journal, at random. */
import fc from "fast-check";
import type { Operation } from "../../support/memory_files.ts";
import { MODIFYING } from "./kill_at.ts";
import type { Model } from "./model.ts";

export type Action =
  /** Appends a run of frames for each of `sizes`; `hole` frames before them were delivered from memory. */
  | { readonly does: "append"; readonly sizes: readonly number[]; readonly hole: number }
  | { readonly does: "confirm"; readonly share: number }
  | { readonly does: "read"; readonly share: number; readonly bufferBytes: number }
  | { readonly does: "follow" }
  | { readonly does: "rewind"; readonly share: number; readonly bytes: number }
  | { readonly does: "wait"; readonly ms: number }
  | {
    readonly does: "fail";
    readonly operations: readonly Operation[];
    readonly code: string;
    readonly written: number;
    readonly times: number;
  }
  | { readonly does: "stop" }
  | { readonly does: "kill" }
  /** A kill after N more operations; with a seed a power loss. */
  | { readonly does: "doom"; readonly operations: number; readonly written: number; readonly seed?: number }
  | { readonly does: "power loss"; readonly seed: number };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const seed = fc.nat();
const written = fc.integer({ min: 0, max: 600 });

function weighted(weight: number, does: Action["does"], fields: Readonly<Record<string, fc.Arbitrary<unknown>>> = {}) {
  return { weight, arbitrary: fc.record({ does: fc.constant(does), ...fields }) as fc.Arbitrary<Action> };
}

export const action: fc.Arbitrary<Action> = fc.oneof(
  weighted(8, "append", {
    sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    hole: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) }),
  }),
  weighted(4, "confirm", { share }),
  weighted(3, "read", { share, bufferBytes: fc.constantFrom(128, 1000, 65536) }),
  weighted(4, "follow"),
  weighted(1, "rewind", { share, bytes: fc.integer({ min: 0, max: 3000 }) }),
  weighted(4, "wait", { ms: fc.constantFrom(50, 100, 1000) }),
  weighted(2, "fail", {
    operations: fc.oneof(fc.constantFrom(...MODIFYING).map((each) => [each]), fc.constant(MODIFYING)),
    code: fc.constantFrom("EIO", "ENOSPC"),
    written,
    times: fc.integer({ min: 1, max: 3 }),
  }),
  weighted(1, "stop"),
  weighted(1, "kill"),
  weighted(2, "doom", {
    operations: fc.integer({ min: 1, max: 12 }),
    written,
    seed: fc.option(seed, { nil: undefined }),
  }),
  weighted(2, "power loss", { seed }),
);

export async function perform(model: Model, action: Action): Promise<void> {
  switch (action.does) {
    case "append":
      return await model.append(action.sizes, action.hole);
    case "confirm":
      return model.confirm(action.share);
    case "read":
      return await model.read(action.share, action.bufferBytes);
    case "follow":
      return await model.follow();
    case "rewind":
      return await model.rewind(action.share, action.bytes);
    case "wait":
      return await model.wait(action.ms);
    case "fail":
      return model.fail(action.operations, action.code, action.written, action.times);
    case "doom":
      return model.doom(action.operations, action.written, action.seed);
    case "stop":
      return await model.stop();
    case "kill":
      return model.crash(undefined);
    case "power loss":
      return model.crash(action.seed);
  }
}
