/** The rig's wires do what the tests of bad networks rely on: else those would test a good network. */
import { assert, assertEquals } from "../../support/assert.ts";
import { Acknowledged } from "../rig/acknowledged.ts";
import { makeNamespace } from "../rig/namespace.ts";
import { scene } from "../rig/scene.ts";
import { type Wire, Wiring } from "../rig/wire.ts";

/** Nobody listens there, so the other end's kernel answers with RST: a question and an answer. */
const DEAD_PORT = 9;

/** How long an answer takes; undefined if none comes within `limitMs`. */
async function answerMs(wire: Wire, limitMs: number): Promise<number | undefined> {
  const begin = performance.now();
  try {
    const signal = AbortSignal.timeout(limitMs);
    (await Deno.connect({ hostname: wire.inside, port: DEAD_PORT, signal })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return performance.now() - begin;
  }
  return undefined;
}

scene("a wire is fast, slow, lossy or cut as it is told", async (scene) => {
  const wire = await new Wiring(scene, await makeNamespace(scene, "wire")).wire();
  assert(await answerMs(wire, 5_000) !== undefined, "a good wire");
  wire.delayMs = 150;
  const delayedMs = await answerMs(wire, 5_000);
  assert(delayedMs !== undefined && delayedMs >= 300, `there and back in ${delayedMs} ms`);
  wire.delayMs = 0;
  wire.cut();
  assertEquals(await answerMs(wire, 300), undefined, "a wire that is cut");
  wire.join();
  assert(await answerMs(wire, 5_000) !== undefined, "a wire that was joined again");
  wire.loss = 1;
  assertEquals(await answerMs(wire, 300), undefined, "a wire that loses everything");
  wire.loss = 0.5;
  const times = await Promise.all(Array.from({ length: 60 }, () => answerMs(wire, 500)));
  const answered = times.filter((ms) => ms !== undefined).length;
  // A quarter comes through both ways; none or all of 60 has a chance of 3 in 100 million at most.
  assert(answered > 0 && answered < 60, `${answered} of 60 answers`);
}, ["netns", "tun"]);

/** An IPv4 packet with a TCP head and nothing else. */
function packetOf(ports: number, ack: number, flags: number): Uint8Array {
  const packet = new Uint8Array(40);
  packet.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6]);
  const view = new DataView(packet.buffer);
  view.setUint32(20, ports);
  view.setUint32(28, ack);
  packet.set([0x50, flags], 32);
  return packet;
}

const [SYN, RST, ACK] = [2, 4, 16];

Deno.test("what a peer has acknowledged is counted from its SYN on, over all its connections", () => {
  const acknowledged = new Acknowledged();
  const note = (...fields: [number, number, number]) => acknowledged.note(packetOf(...fields));
  note(1, 2 ** 32 - 10, SYN | ACK);
  assertEquals(acknowledged.bytes, 0);
  note(1, 90, ACK); // past the end of the numbers
  assertEquals(acknowledged.bytes, 100);
  note(1, 40, ACK); // an old one
  note(1, 2 ** 32 - 10, SYN | ACK); // the SYN again
  note(1, 5_000, RST | ACK); // acknowledges nothing: the connection is gone
  note(1, 5_000, 0);
  note(2, 5_000, ACK); // its beginning was not seen
  assertEquals(acknowledged.bytes, 100);
  note(2, 1_000, SYN | ACK);
  note(2, 1_007, ACK);
  note(1, 700, SYN | ACK); // the ports are used again
  note(1, 701, ACK);
  assertEquals(acknowledged.bytes, 108);
});
