/** `spillway doctor` at the sending end of paths that are slow, lossy or long. */
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { worst } from "../cases/doctor.ts";
import { lossyLink, slowLink, smallBuffers } from "../cases/slow_sides.ts";
import { makeNamespace } from "../rig/namespace.ts";
import { scene } from "../rig/scene.ts";
import { Wiring } from "../rig/wire.ts";

scene("the doctor finds a link that is too slow", async (scene) => {
  const space = await makeNamespace(scene, "doctor");
  const { port } = await slowLink(scene, await new Wiring(scene, space).wire(), space.inside);
  const finding = await worst("link", String(port));
  assertEquals([finding.level, finding.certainty], ["slow", "likely"]);
  assertMatch(finding.text, /have waited here for .* though the receiver's window was open; .* got through/);
}, ["netns", "tun", "tbf"]);

scene("the doctor finds a network that loses data, and how much of it", async (scene) => {
  const space = await makeNamespace(scene, "doctor");
  const { port } = await lossyLink(scene, await new Wiring(scene, space).wire(), space.inside);
  const finding = await worst("loss", String(port));
  assertEquals([finding.level, finding.certainty], ["slow", "likely"]);
  assertMatch(finding.text, /the network loses data on the way to .*: [\d.]+ % of the bytes were sent again/);
}, ["netns", "tun"]);

scene("the doctor finds buffers that are too small for 100 ms, and says how large they must be", async (scene) => {
  const space = await makeNamespace(scene, "doctor");
  const { port } = await smallBuffers(scene, await new Wiring(scene, space).wire(), space.inside);
  const finding = await worst("receive-buffer", String(port));
  assertEquals([finding.level, finding.certainty], ["slow", "likely"]);
  assertMatch(finding.text, /the receiver's window is too small for this path: .* in a round trip of \d+\.\dms/);
  assertMatch(finding.advice[1], /^sysctl -w net\.ipv4\.tcp_rmem="4096 131072 \d+"$/);
}, ["netns", "tun"]);
