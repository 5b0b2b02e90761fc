/** Texts that show bytes, for faults, logs and messages. */

/** `0d0a` for CR LF. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** `0d 0a` for CR LF. */
export function spacedHexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** `byte 3c ("<")`, the character only where it is printable ASCII. */
export function byteText(byte: number): string {
  const hex = `byte ${byte.toString(16).padStart(2, "0")}`;
  return byte > 0x20 && byte < 0x7f ? `${hex} ("${String.fromCharCode(byte)}")` : hex;
}

/**
 * The text for a frame whose header announces more than `maxFrame`. `said` is
 * the number in the header, `frame` the frame's size with its header; the two
 * are told apart only where the reader would otherwise wonder.
 */
export function tooLongText(what: string, said: number | bigint, frame: number, maxFrame: number): string {
  const whole = said > maxFrame ? "" : ` (${frame} with its header)`;
  return `${what} says ${said} bytes${whole}, max_frame is ${maxFrame}`;
}
