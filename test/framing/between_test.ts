/** Bytes between two frames of a peer: passed over wherever a frame could begin, whatever pieces they come in. */
import fc from "fast-check";
import { SpillwayError } from "../../src/base/error.ts";
import { passOver, withUsualBetween } from "../../src/framing/between.ts";
import { createFramer, type Framing } from "../../src/framing/framing.ts";
import { framingText, parseFraming } from "../../src/framing/text.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { FRAMINGS } from "./examples.ts";
import { bytesFrom, latin1, type Read, readPeer } from "./reference.ts";

type Delimited = Extract<Framing, { type: "delimited" }>;

function delimited(start: string, end: string, between: string, maxFrame = 60): Delimited {
  return { type: "delimited", start: bytesFrom(start), end: bytesFrom(end), between: bytesFrom(between), maxFrame };
}

const MLLP = delimited("\x0b", "\x1c\r", "\r\n\0");
/** The end, or a part of the start and of the end, may stand between too. */
const KINDS = [MLLP, delimited("<", ">", ">"), delimited("aab", "aba", "b\n"), delimited("<a", "b>", "ab> ")];

/** Reads a peer's bytes as the program does: scan, and where a frame cannot begin, pass over. */
function readInPieces(framing: Framing, input: Uint8Array, arrivals: readonly number[]): Read {
  const framer = createFramer(framing);
  const frames: string[] = [];
  let [start, scanned, passedOver] = [0, 0, 0];
  for (const arrival of arrivals) {
    // What comes later is not there yet, but the buffer is full of something.
    const buffer = new Uint8Array(input.length + 20).fill(input[0] ?? 0);
    buffer.set(input.subarray(0, arrival));
    for (;;) {
      const scan = framer.scan(buffer, start, scanned, arrival);
      for (let at = start, n = 0; n < scan.frames; n++) {
        const [end] = readPeer({ ...framing, between: undefined } as Framing, buffer.slice(at, scan.end)).frames;
        frames.push(end);
        at += end.length;
      }
      start = scanned = scan.end;
      if (scan.fault === undefined) break;
      const next = passOver(framing, buffer, start, arrival);
      if (next === start) return { frames, passedOver, fault: true, rest: "" };
      passedOver += next - start;
      start = scanned = next;
    }
    scanned = arrival;
  }
  return { frames, passedOver, fault: false, rest: latin1(input.subarray(start)) };
}

function readEveryWay(framing: Framing, input: Uint8Array): Read {
  const expected = readPeer(framing, input);
  const told = () => `${JSON.stringify(framing)}: ${JSON.stringify(latin1(input))}`;
  for (let at = 0; at <= input.length; at++) {
    assertEquals(readInPieces(framing, input, [at, input.length]), expected, told());
  }
  assertEquals(readInPieces(framing, input, Array.from(input, (_, i) => i + 1)), expected, told());
  return expected;
}

Deno.test("a stray line end or zero byte before, between and behind MLLP messages is passed over", () => {
  const text = "\r\n\x0ba\x1c\r\n\x0bb\x1c\r\r\n\x0bc\x1c\r\0\x0bd\x1c\r\x0be\x1c\r\n\n\n\n";
  const frames = ["a", "b", "c", "d", "e"].map((message) => `\x0b${message}\x1c\r`);
  assertEquals(readEveryWay(MLLP, bytesFrom(text)), { frames, passedOver: 10, fault: false, rest: "" });
});

Deno.test("what may stand between frames is content within one", () => {
  const text = "\x0b\n\r\0\x1c\r\x0b\n";
  const read = { frames: ["\x0b\n\r\0\x1c\r"], passedOver: 0, fault: false, rest: "\x0b\n" };
  assertEquals(readEveryWay(MLLP, bytesFrom(text)), read);
});

Deno.test("any other byte between frames is a fault, also behind some that are passed over", () => {
  const read = readEveryWay(MLLP, bytesFrom("\x0ba\x1c\r\n \x0bb\x1c\r"));
  assertEquals(read, { frames: ["\x0ba\x1c\r"], passedOver: 1, fault: true, rest: "" });
});

Deno.test("framings without such bytes pass over nothing", () => {
  for (const framing of FRAMINGS) assertEquals(passOver(framing, bytesFrom("\n\n\0\r\n"), 1, 5), 1);
});

Deno.test("by default CR, LF and NUL are passed over, unless a frame could begin with them", () => {
  const usual: [string, string][] = [["0b", "\r\n\0"], ["0a0b", "\r\0"], ["0d", "\n\0"]];
  for (const [start, between] of usual) {
    const stored = parseFraming(`delimited start=${start} end=0a max_frame=9`) as Delimited;
    assertEquals((withUsualBetween(stored) as Delimited).between, bytesFrom(between));
  }
});

Deno.test("the first byte of start may not be passed over", () => {
  const expected =
    "framing: between is with the first byte of start, allowed is bytes other than the first one of start";
  assertThrows(() => createFramer(delimited("<", ">", "\n<")), SpillwayError, expected);
});

Deno.test("what is passed over has no part in a framing's text, nor in how stored frames are cut", () => {
  for (const framing of KINDS) {
    const { between: _, ...bare } = framing;
    assertEquals(framingText(framing), framingText(bare));
    assertEquals(parseFraming(framingText(framing)), bare);
    const soup = bytesFrom("aabaaba\n<>\0\x0bx\x1c\r\n<ab>");
    for (let start = 0; start < soup.length; start++) {
      const scan = (of: Framing) => createFramer(of).scan(soup, start, start, soup.length);
      assertEquals(scan(framing), scan(bare));
    }
  }
});

for (const framing of KINDS) {
  const text = (bytes: Uint8Array) => JSON.stringify(latin1(bytes));
  const name = `start ${text(framing.start)}, end ${text(framing.end)}, between ${text(framing.between!)}`;

  Deno.test(`${name}: any bytes in any pieces are read as the naive reference reads them`, () => {
    const { start, end, between } = framing;
    const piece = fc.constantFrom(start, end, between!, bytesFrom("x"), start.subarray(0, 1), end.subarray(0, 1));
    const frame = fc.nat(40).map((length) => bytesFrom(latin1(start) + "x".repeat(length) + latin1(end)));
    const input = fc.array(fc.oneof(piece, frame, fc.constantFrom(...between!).map((byte) => Uint8Array.of(byte))), {
      maxLength: 12,
    }).map((parts) => bytesFrom(parts.map(latin1).join("")));
    fc.assert(fc.property(input, (bytes) => void readEveryWay(framing, bytes)), { numRuns: 400 });
  });
}
