/**
 * The frames that the peers send and check.
 *
 * Both sides build a frame from nothing but its producer's number and its
 * sequence number, so a consumer knows every byte that it should get without
 * having been told. A frame that is torn, joined, altered or made up cannot
 * pass.
 */

/** What both sides have to agree on; plain data, so that it can be handed to a peer's process. */
export type FrameKind =
  /** `PPPP SSSSSSSSSS text…\n` of exactly `size` bytes, the newline included; at least 17. */
  | { readonly kind: "line"; readonly size: number }
  /** 4 bytes big-endian length of what follows, then producer, sequence and filler; 300 B to 10 KB in all, by `seed`. */
  | { readonly kind: "binary"; readonly seed: number }
  /** RFC 6587: the length in decimal, a space, and a line of `size` bytes as above. */
  | { readonly kind: "counted"; readonly size: number };

/** What {@link FrameFormat.check} found at a position. */
export interface CheckedFrame {
  /** Bytes of the frame; 0 if it is not complete yet; -1 if this is not a frame. */
  size: number;
  producer: number;
  sequence: number;
}

export interface FrameFormat {
  /** Bytes of frame `sequence`. */
  sizeOf(sequence: number): number;
  readonly sizeMax: number;
  /** Writes the frame at `offset`; there must be room. Returns the offset after it. */
  write(target: Uint8Array, offset: number, producer: number, sequence: number): number;
  /** Checks every byte of the frame that begins at `start`; the result object is reused. */
  check(bytes: Uint8Array, view: DataView, start: number, end: number): CheckedFrame;
}

export function frameFormat(kind: FrameKind): FrameFormat {
  switch (kind.kind) {
    case "line":
      return new LineFormat(kind.size);
    case "binary":
      return new BinaryFormat(kind.seed);
    case "counted":
      return new CountedFormat(kind.size);
  }
}

const TABLE_BYTES = 1 << 17;
const TABLE_MASK = (1 << 16) - 1;

/** Where in the filler table the bytes of a frame begin: neighbours look nothing alike. */
function fillerOffset(sequence: number): number {
  return Math.imul(sequence, 40_503) & TABLE_MASK;
}

/** Pseudo-random bytes, the same everywhere (xorshift32). */
function fillerTable(seed: number, toByte: (random: number) => number): Uint8Array {
  const table = new Uint8Array(TABLE_BYTES);
  let state = seed | 1;
  for (let i = 0; i < TABLE_BYTES; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    table[i] = toByte(state >>> 8);
  }
  return table;
}

/** Are `length` bytes at `start` those of the table at `offset`? Four at a time: this is most of a consumer's work. */
function sameBytes(view: DataView, start: number, table: DataView, offset: number, length: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (view.getInt32(start + i) !== table.getInt32(offset + i)) return false;
  }
  for (; i < length; i++) {
    if (view.getUint8(start + i) !== table.getUint8(offset + i)) return false;
  }
  return true;
}

function writeDigits(target: Uint8Array, offset: number, count: number, value: number): void {
  for (let i = offset + count - 1; i >= offset; i--) {
    target[i] = 48 + value % 10;
    value = Math.floor(value / 10);
  }
}

function readDigits(bytes: Uint8Array, offset: number, count: number): number {
  let value = 0;
  for (let i = offset; i < offset + count; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

const LINE_HEAD = 16;
const SPACE = 32;
const NEWLINE = 10;

class LineFormat implements FrameFormat {
  readonly sizeMax: number;
  readonly #table = fillerTable(1, (random) => 97 + random % 26);
  readonly #tableView = new DataView(this.#table.buffer);
  readonly #found: CheckedFrame = { size: 0, producer: 0, sequence: 0 };

  constructor(size: number) {
    if (size < LINE_HEAD + 1) throw new RangeError(`a line has at least ${LINE_HEAD + 1} bytes, not ${size}`);
    this.sizeMax = size;
  }

  sizeOf(): number {
    return this.sizeMax;
  }

  write(target: Uint8Array, offset: number, producer: number, sequence: number): number {
    writeDigits(target, offset, 4, producer);
    target[offset + 4] = SPACE;
    writeDigits(target, offset + 5, 10, sequence);
    target[offset + 15] = SPACE;
    const filler = fillerOffset(sequence);
    target.set(this.#table.subarray(filler, filler + this.sizeMax - LINE_HEAD - 1), offset + LINE_HEAD);
    target[offset + this.sizeMax - 1] = NEWLINE;
    return offset + this.sizeMax;
  }

  check(bytes: Uint8Array, view: DataView, start: number, end: number): CheckedFrame {
    const found = this.#found;
    found.size = 0;
    if (end - start < this.sizeMax) return found;
    found.producer = readDigits(bytes, start, 4);
    found.sequence = readDigits(bytes, start + 5, 10);
    const good = found.producer >= 0 && found.sequence >= 0 && bytes[start + 4] === SPACE &&
      bytes[start + 15] === SPACE && bytes[start + this.sizeMax - 1] === NEWLINE &&
      sameBytes(
        view,
        start + LINE_HEAD,
        this.#tableView,
        fillerOffset(found.sequence),
        this.sizeMax - LINE_HEAD - 1,
      );
    found.size = good ? this.sizeMax : -1;
    return found;
  }
}

class CountedFormat implements FrameFormat {
  readonly sizeMax: number;
  readonly #line: LineFormat;
  readonly #head: Uint8Array;

  constructor(size: number) {
    this.#line = new LineFormat(size);
    this.#head = new TextEncoder().encode(`${size} `);
    this.sizeMax = this.#head.length + size;
  }

  sizeOf(): number {
    return this.sizeMax;
  }

  write(target: Uint8Array, offset: number, producer: number, sequence: number): number {
    target.set(this.#head, offset);
    return this.#line.write(target, offset + this.#head.length, producer, sequence);
  }

  check(bytes: Uint8Array, view: DataView, start: number, end: number): CheckedFrame {
    const found = this.#line.check(bytes, view, start + this.#head.length, end);
    if (found.size > 0) found.size = this.#head.every((byte, i) => bytes[start + i] === byte) ? this.sizeMax : -1;
    return found;
  }
}

const BINARY_HEAD = 12;
const BINARY_MIN = 300;
const BINARY_MAX = 10_000;

class BinaryFormat implements FrameFormat {
  readonly sizeMax = BINARY_MAX;
  readonly #table = fillerTable(2, (random) => random & 0xff);
  readonly #tableView = new DataView(this.#table.buffer);
  readonly #found: CheckedFrame = { size: 0, producer: 0, sequence: 0 };

  constructor(readonly seed: number) {}

  sizeOf(sequence: number): number {
    let random = Math.imul(sequence + 1, 0x9e3779b1) ^ this.seed;
    random = Math.imul(random ^ (random >>> 15), 0x85ebca6b);
    return BINARY_MIN + ((random ^ (random >>> 13)) >>> 0) % (BINARY_MAX - BINARY_MIN + 1);
  }

  write(target: Uint8Array, offset: number, producer: number, sequence: number): number {
    const size = this.sizeOf(sequence);
    const view = new DataView(target.buffer, target.byteOffset + offset, BINARY_HEAD);
    view.setUint32(0, size - 4);
    view.setUint32(4, producer);
    view.setUint32(8, sequence);
    const filler = fillerOffset(sequence);
    target.set(this.#table.subarray(filler, filler + size - BINARY_HEAD), offset + BINARY_HEAD);
    return offset + size;
  }

  check(_bytes: Uint8Array, view: DataView, start: number, end: number): CheckedFrame {
    const found = this.#found;
    found.size = 0;
    if (end - start < BINARY_HEAD) return found;
    const size = view.getUint32(start) + 4;
    found.producer = view.getUint32(start + 4);
    found.sequence = view.getUint32(start + 8);
    if (size !== this.sizeOf(found.sequence)) found.size = -1;
    else if (end - start >= size) {
      const filler = fillerOffset(found.sequence);
      const good = sameBytes(view, start + BINARY_HEAD, this.#tableView, filler, size - BINARY_HEAD);
      found.size = good ? size : -1;
    }
    return found;
  }
}
