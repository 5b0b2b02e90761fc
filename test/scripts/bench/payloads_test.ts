/** What the benchmark's producers send: whole frames, however much of the repeated buffer is sent. */
import { amountOf, framingOf, type Payload, PAYLOADS, prepareFrames } from "../../../scripts/bench/payloads.ts";
import { StampedFrame } from "../../../scripts/bench/latency/stamped_frame.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

/** Where each frame of the bytes ends, found by the framing alone. */
function endsOf(payload: Payload, bytes: Uint8Array): number[] {
  const ends: number[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (framingOf(payload) === "raw") return [bytes.length];
  for (let at = 0; at < bytes.length; ends.push(at)) {
    at = framingOf(payload) === "line" ? bytes.indexOf(10, at) + 1 : at + 4 + view.getUint32(at);
    assert(at > (ends.at(-1) ?? 0) && at <= bytes.length, `${payload}: no whole frame ends at ${at}`);
  }
  return ends;
}

for (const payload of PAYLOADS) {
  Deno.test(`the buffer of ${payload} holds whole frames and nothing else`, () => {
    const { buffer, ends } = prepareFrames(payload);
    assertEquals(endsOf(payload, buffer), [...ends]);
  });

  Deno.test(`an amount of ${payload} ends with a frame, below what was asked for`, () => {
    const frames = prepareFrames(payload);
    const length = frames.buffer.length;
    for (const asked of [length, length + 1, 2 * length - 1, 2.5 * length, 7 * length]) {
      const { bytes, frames: count } = frames.whole(asked);
      const inRest = bytes % length;
      assert(bytes <= asked, `${bytes} of ${asked}`);
      assert(inRest === 0 || frames.ends.includes(inRest), `${bytes} bytes end within a frame`);
      assertEquals(frames.bytesOf(count), bytes);
      assert(frames.bytesOf(count + 1) > asked, "one more frame had had room");
    }
  });
}

Deno.test("a producer sends at least one frame, and all of several send the same", () => {
  const frames = prepareFrames("lines-64");
  assertEquals(frames.whole(1), { bytes: 64, frames: 1 });
  assertEquals(amountOf(frames, 10_000, 3), { bytes: 3 * 52 * 64, frames: 3 * 52 });
});

Deno.test("frames have payloads of 300 to 10,000 bytes, of many sizes", () => {
  const { ends } = prepareFrames("frames");
  const sizes = ends.map((end, i) => end - (ends[i - 1] ?? 0) - 4);
  assert(Math.min(...sizes) >= 300 && Math.max(...sizes) <= 10_000, `${Math.min(...sizes)} to ${Math.max(...sizes)}`);
  assert(new Set(sizes).size > 150, `${new Set(sizes).size} sizes`);
  const mean = sizes.reduce((sum, size) => sum + size) / sizes.length;
  assert(mean > 4_500 && mean < 5_800, `${mean} bytes on average`);
});

Deno.test("a stamped frame is one whole frame and gives its stamp back", () => {
  for (const payload of PAYLOADS) {
    const frame = new StampedFrame(payload);
    frame.stamp(1_234_567_890_123);
    assertEquals(endsOf(payload, frame.bytes), [frame.bytes.length]);
    assertEquals(frame.stampAt(new Uint8Array([0, 0, ...frame.bytes.subarray(0, 64)]), 2), 1_234_567_890_123);
    assertThrows(() => frame.stampAt(frame.bytes, 8), Error, "not what was sent");
  }
});
