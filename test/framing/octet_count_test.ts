/** Octet-counted frames as real senders write them, and counts that are none. */
import { createFramer, type Scan } from "../../src/framing/framing.ts";
import { assertEquals } from "../support/assert.ts";
import { bytesFrom } from "./reference.ts";

function scanAll(text: string, maxFrame = 1048576): Scan {
  return createFramer({ type: "octet-count", maxFrame }).scan(bytesFrom(text), 0, 0, text.length);
}

function faultOf(text: string, maxFrame?: number): [string | undefined, number, number] {
  const { fault, end, needed } = scanAll(text, maxFrame);
  return [fault, end, needed];
}

Deno.test("What logger and rsyslog send is cut into its messages", () => {
  const sent = "32 <133>Nov 23 17:40:08 vm t: alpha31 <133>Nov 23 17:40:08 vm t: beta";
  assertEquals(scanAll(sent), { end: sent.length, frames: 2, needed: 0, fault: undefined });
});

Deno.test("The size of an octet-counted frame is known once the space after the count is there", () => {
  assertEquals(scanAll("32").needed, 0);
  assertEquals(scanAll("32 "), { end: 0, frames: 0, needed: 35, fault: undefined });
  assertEquals(scanAll("1 x32 <13>").needed, 35);
});

Deno.test("An octet-counted message may hold anything, digits and line feeds included", () => {
  assertEquals(scanAll("5 1 2\n32 3\n").frames, 2);
});

Deno.test("A count with a leading zero is a fault, zero itself included", () => {
  const text = "octet count begins with 0, expected a digit 1 to 9";
  assertEquals(faultOf("0 "), [text, 0, 0]);
  assertEquals(faultOf("1 x012 "), [text, 3, 0]);
});

Deno.test("A frame that does not begin with a digit is a fault that shows the byte", () => {
  const expected = "expected the first digit of an octet count";
  assertEquals(faultOf("1 x<13>a message"), [`frame begins with byte 3c ("<"), ${expected}`, 3, 0]);
  assertEquals(faultOf("1 x\n"), [`frame begins with byte 0a, ${expected}`, 3, 0]);
  assertEquals(faultOf(" 1 x"), [`frame begins with byte 20, ${expected}`, 0, 0]);
});

Deno.test("A count that anything but a space follows is a fault that shows both", () => {
  assertEquals(faultOf("12:x"), [`octet count 12 is followed by byte 3a (":"), expected a space`, 0, 0]);
  assertEquals(faultOf("12\t"), [`octet count 12 is followed by byte 09, expected a space`, 0, 0]);
});

Deno.test("A count with more digits than max_frame is a fault before its end has come", () => {
  assertEquals(faultOf("1234567"), [undefined, 0, 0]);
  assertEquals(faultOf("12345678"), ["octet count 1234567… has more than 7 digits, max_frame is 1048576", 0, 0]);
});

Deno.test("A frame of exactly max_frame with its count is a frame, one byte more is a fault at its space", () => {
  assertEquals(scanAll("97 " + "x".repeat(97), 100), { end: 100, frames: 1, needed: 0, fault: undefined });
  assertEquals(scanAll("97 ", 100).needed, 100);
  assertEquals(faultOf("98 ", 100), ["octet count says 98 bytes (101 with its header), max_frame is 100", 0, 0]);
  assertEquals(faultOf("1 x999 ", 100), ["octet count says 999 bytes, max_frame is 100", 3, 0]);
});
