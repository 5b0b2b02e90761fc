/** Dialling one of several addresses: in which order, with which pauses, and what is said of it. */
import { SystemError } from "../../src/base/error.ts";
import { formatAddress, parseAddress } from "../../src/runtime/address.ts";
import { Dialler } from "../../src/runtime/dial_again.ts";
import type { Address, Connection, Net } from "../../src/runtime/net.ts";
import { type LogLine, recordingLog } from "../spool/stories/surroundings.ts";
import { assertEquals } from "../support/assert.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

class Scene {
  readonly clock = new VirtualClock();
  readonly reachable = new Set<string>();
  readonly attempts: string[] = [];
  readonly lines: LogLine[] = [];
  readonly stopping = new AbortController();
  readonly dialler: Dialler;

  constructor(...texts: readonly string[]) {
    const [address, ...alternatives] = texts.map(parseAddress);
    this.dialler = new Dialler(
      {
        net: { connect: (to: Address) => this.#connect(formatAddress(to)) } as unknown as Net,
        clock: this.clock,
        random: () => 0.999999,
        log: recordingLog((line) => this.lines.push(line)),
        address,
        alternatives,
        connectTimeoutMs: 3000,
        retryMinMs: 100,
        retryMaxMs: 400,
      },
      "target_unreachable",
      this.stopping.signal,
    );
  }

  next(failed?: (error: unknown) => void): Promise<Connection | undefined> {
    return this.clock.run(this.dialler.next(failed));
  }

  #connect(address: string): Promise<Connection> {
    this.attempts.push(`${address} at ${Math.round(this.clock.nowMs)}`);
    if (this.reachable.has(address)) return Promise.resolve(new ScriptedConnection(address));
    return Promise.reject(new SystemError("ECONNREFUSED", "connect", address));
  }
}

Deno.test("the first address that can be reached is taken, and after its connection the list begins anew", async () => {
  const scene = new Scene("a:1", "b:1", "c:1");
  scene.reachable.add("b:1").add("c:1");
  assertEquals((await scene.next())?.peer, "b:1");
  scene.dialler.progressed();
  scene.reachable.add("a:1");
  assertEquals((await scene.next())?.peer, "a:1");
  assertEquals(scene.attempts.map((each) => each.slice(0, 3)), ["a:1", "b:1", "a:1"]);
  assertEquals(scene.lines, [], "an address that another one stands in for is no failure");
});

Deno.test("pauses lie between rounds and grow, and a round that fails as the last one did is not said again", async () => {
  const scene = new Scene("a:1", "b:1");
  let failures = 0;
  const next = scene.dialler.next(() => failures++);
  await scene.clock.advance(650);
  assertEquals(scene.attempts, ["a:1 at 0", "b:1 at 0", "a:1 at 100", "b:1 at 100", "a:1 at 300", "b:1 at 300"]);
  assertEquals(failures, 6);
  assertEquals(scene.lines.map(({ event, fields }) => [event, fields.error]), [
    [
      "target_unreachable",
      "connect a:1: connection refused (ECONNREFUSED); connect b:1: connection refused (ECONNREFUSED)",
    ],
  ]);
  assertEquals(scene.dialler.failing, scene.lines[0].fields.error);
  scene.stopping.abort();
  assertEquals(await scene.clock.run(next), undefined);
});
