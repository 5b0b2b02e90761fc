/**
 * Lines that carry their number, so that a sink can tell lost, repeated and
 * reordered ones. Each is a syslog message (RFC 5424) of exactly 512 bytes with
 * its line feed: a parser of syslog gets what it expects, and a reader
 * need not search for the end.
 */

export const LINE_BYTES = 512;

const HEAD = "<134>1 2026-01-01T00:00:00Z bench load - - - ";
const DIGITS = 10;
const ZERO = 48;
const LINE_FEED = 10;

/** Lines 0 to `count` - 1, one after the other. */
export function numberedLines(count: number): Uint8Array {
  const lines = new Uint8Array(count * LINE_BYTES);
  const filler = Array.from({ length: LINE_BYTES }, (_, i) => String.fromCharCode(97 + i % 26)).join("");
  const text = `${HEAD}${"0".repeat(DIGITS)} ${filler}`.slice(0, LINE_BYTES - 1) + "\n";
  const line = new TextEncoder().encode(text);
  for (let number = 0; number < count; number++) {
    const start = number * LINE_BYTES;
    lines.set(line, start);
    let rest = number;
    for (let at = start + HEAD.length + DIGITS - 1; rest > 0; at--, rest = Math.floor(rest / 10)) {
      lines[at] = ZERO + rest % 10;
    }
  }
  return lines;
}

/** The number of the line that begins at `start`; throws if no whole, unchanged line is there. */
export function numberAt(bytes: Uint8Array, start: number): number {
  const digits = start + HEAD.length;
  let number = 0;
  for (let at = digits; at < digits + DIGITS; at++) number = number * 10 + bytes[at] - ZERO;
  if (bytes[start + LINE_BYTES - 1] !== LINE_FEED || !(number >= 0 && number < 10 ** DIGITS)) {
    const found = new TextDecoder().decode(bytes.subarray(start, start + LINE_BYTES));
    throw new Error(`not a line as it was sent: ${JSON.stringify(found)}`);
  }
  return number;
}
