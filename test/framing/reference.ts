/**
 * What framing means, said a second time and naively: on strings and with
 * DataView, one frame at a time, from the beginning, with no regard to cost.
 */
import type { Framing } from "../../src/framing/framing.ts";

export interface Cut {
  /** Offsets after each whole frame. */
  readonly boundaries: readonly number[];
  /** As `Scan.needed`. */
  readonly needed: number;
  readonly fault: boolean;
}

/** A frame's size, or what is to be said about bytes that are none yet or never will be. */
type Next = { readonly size: number } | { readonly needed: number } | "fault";

export function cut(framing: Framing, bytes: Uint8Array): Cut {
  const boundaries: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = nextFrame(framing, bytes.slice(at));
    if (next === "fault") return { boundaries, needed: 0, fault: true };
    if ("needed" in next) return { boundaries, needed: next.needed, fault: false };
    boundaries.push(at += next.size);
  }
  return { boundaries, needed: 0, fault: false };
}

/** What a peer's bytes are, with what may stand between frames. */
export interface Read {
  /** Each whole frame, one character per byte. */
  readonly frames: readonly string[];
  /** How many bytes were passed over. */
  readonly passedOver: number;
  readonly fault: boolean;
  /** What is left of an unfinished frame; empty after a fault. */
  readonly rest: string;
}

/** Bytes of `between` may stand before every frame and after the last. */
export function readPeer(framing: Framing, bytes: Uint8Array): Read {
  const between = framing.type === "delimited" ? latin1(framing.between ?? new Uint8Array(0)) : "";
  const frames: string[] = [];
  let passedOver = 0;
  for (let rest = latin1(bytes);;) {
    while (rest !== "" && between.includes(rest[0])) {
      rest = rest.slice(1);
      passedOver++;
    }
    if (rest === "") return { frames, passedOver, fault: false, rest };
    const next = nextFrame(framing, bytesFrom(rest));
    if (next === "fault") return { frames, passedOver, fault: true, rest: "" };
    if ("needed" in next) return { frames, passedOver, fault: false, rest };
    frames.push(rest.slice(0, next.size));
    rest = rest.slice(next.size);
  }
}

/** One character per byte. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

export function bytesFrom(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function nextFrame(framing: Framing, rest: Uint8Array): Next {
  switch (framing.type) {
    case "raw":
      return { size: 1 };
    case "fixed":
      return sized(framing.size, rest, framing.size);
    case "line":
      return ended(latin1(rest), latin1(framing.delimiter), 0, framing.maxFrame);
    case "delimited": {
      const text = latin1(rest);
      const start = latin1(framing.start);
      if (start.startsWith(text) && text.length < start.length) return { needed: 0 };
      return text.startsWith(start) ? ended(text, latin1(framing.end), start.length, framing.maxFrame) : "fault";
    }
    case "octet-count": {
      const text = latin1(rest);
      const header = /^([1-9][0-9]*) /.exec(text);
      if (header !== null) return sized(header[0].length + Number(header[1]), rest, framing.maxFrame);
      return /^[1-9][0-9]*$/.test(text) && text.length <= String(framing.maxFrame).length ? { needed: 0 } : "fault";
    }
    case "length-prefix": {
      const header = framing.offset + framing.width;
      if (rest.length < header) return { needed: 0 };
      const length = readLength(new DataView(rest.buffer, framing.offset), framing.width, framing.endian === "little");
      if (framing.includesHeader && length < header) return "fault";
      return sized(framing.includesHeader ? length : header + length, rest, framing.maxFrame);
    }
  }
}

function sized(size: number, rest: Uint8Array, maxFrame: number): Next {
  if (size > maxFrame) return "fault";
  return rest.length >= size ? { size } : { needed: size };
}

function ended(text: string, end: string, from: number, maxFrame: number): Next {
  const at = text.indexOf(end, from);
  if (at < 0) return text.length < maxFrame ? { needed: 0 } : "fault";
  return at + end.length <= maxFrame ? { size: at + end.length } : "fault";
}

function readLength(view: DataView, width: number, little: boolean): number {
  if (width === 1) return view.getUint8(0);
  if (width === 2) return view.getUint16(0, little);
  if (width === 4) return view.getUint32(0, little);
  return Number(view.getBigUint64(0, little));
}
