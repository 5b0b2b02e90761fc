/**
 * What a framing may be. Whoever makes a framer, from a configuration or from
 * the text in a journal, comes through here, so that a scan need not look again.
 */
import { usageError } from "../base/error.ts";
import type { Framing } from "./framing.ts";

const DELIMITER_MAX_BYTES = 16;

/** Throws a `SpillwayError` that names the key as in a configuration file, what was found and what is allowed. */
export function checkFraming(framing: Framing): void {
  switch (framing.type) {
    case "raw":
      return;
    case "line":
      checkDelimiter("delimiter", framing.delimiter);
      return checkMaxFrame(framing.maxFrame, framing.delimiter.length, "its delimiter");
    case "length-prefix":
      if (![1, 2, 4, 8].includes(framing.width)) fail("width", framing.width, "1, 2, 4 or 8");
      if (framing.endian !== "big" && framing.endian !== "little") fail("endian", framing.endian, "big or little");
      if (!isWhole(framing.offset, 0)) fail("offset", framing.offset, "a whole number of bytes from 0 on");
      return checkMaxFrame(framing.maxFrame, framing.offset + framing.width, "the header");
    case "octet-count":
      return checkMaxFrame(framing.maxFrame, "1 x".length, "the shortest frame");
    case "delimited":
      checkDelimiter("start", framing.start);
      checkDelimiter("end", framing.end);
      if (framing.between?.includes(framing.start[0])) {
        fail("between", "with the first byte of start", "any other bytes");
      }
      return checkMaxFrame(framing.maxFrame, framing.start.length + framing.end.length, "start and end");
    case "fixed":
      if (!isWhole(framing.size, 1)) fail("size", framing.size, "a whole number of bytes from 1 on");
  }
}

function checkDelimiter(key: string, bytes: Uint8Array): void {
  if (bytes.length >= 1 && bytes.length <= DELIMITER_MAX_BYTES) return;
  fail(key, `${bytes.length} bytes long`, `1 to ${DELIMITER_MAX_BYTES} bytes`);
}

function checkMaxFrame(maxFrame: number, least: number, holding: string): void {
  if (!isWhole(maxFrame, least)) {
    fail("max_frame", maxFrame, `a whole number of bytes from ${least} on, for ${holding}`);
  }
}

function isWhole(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

function fail(key: string, found: unknown, allowed: string): never {
  throw usageError(`framing: ${key} is ${found}, allowed is ${allowed}`);
}
