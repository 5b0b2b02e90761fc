/** Counting where the processor has no vector instructions that WebAssembly may use: one without AVX, with Bun. */
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("without vector instructions bytes are counted all the same", async () => {
  const real = WebAssembly.validate;
  const refuse = () => {
    throw new WebAssembly.CompileError("no vector instructions");
  };
  const realModule = WebAssembly.Module;
  Object.assign(WebAssembly, { validate: () => false, Module: refuse });
  try {
    const other = "../../src/framing/count.ts?without-vectors";
    const { countByte } = await import(other);
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
    assertEquals(countByte(bytes, 1, 999, 3), bytes.subarray(1, 999).filter((byte) => byte === 3).length);
  } finally {
    Object.assign(WebAssembly, { validate: real, Module: realModule });
  }
  assert(WebAssembly.validate === real);
});
