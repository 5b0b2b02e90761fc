/** A target that listens: one consumer is served at a time, and when another one takes over. */
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { ConnectionLimit } from "../../src/runtime/connection_limit.ts";
import { Networks } from "../../src/runtime/networks.ts";
import { AcceptedConnections, TAKE_OVER_MS } from "../../src/target/accept.ts";
import type { Session } from "../../src/target/session.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { ScriptedListener } from "../support/scripted_listener.ts";

/** Only what a waiting consumer needs of the session that is being served. */
class ServedSession {
  readonly peer = "served";
  stalledMs = 0;
  endedBecause: string | undefined;
  end(reason: string): void {
    this.endedBecause = reason;
  }
}

async function bindConsumers(allow: readonly string[] = []) {
  const listener = new ScriptedListener();
  // Every sleep lasts one turn of the event loop.
  const clock = { ...systemClock, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 0)) };
  const { net, address } = listener;
  const consumers = new AcceptedConnections({
    net,
    clock,
    log: silentLog,
    address,
    allow: new Networks(allow),
    connectionLimit: new ConnectionLimit(Infinity, 0),
  });
  await consumers.bind();
  return { listener, consumers };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("while no consumer has connected the target counts as lost, and the first one that connects is served", async () => {
  const { listener, consumers } = await bindConsumers();
  let lost = 0;
  const next = consumers.next(() => lost++);
  await turns();
  assertEquals(lost, 1);
  const first = listener.connect();
  assertEquals(await next, first);
  await consumers.stop();
});

Deno.test("a consumer that is not allowed in is closed, and waits for nothing", async () => {
  const { listener, consumers } = await bindConsumers(["192.0.2.0/24"]);
  const next = consumers.next(() => {});
  const stranger = listener.connect();
  await turns();
  assertEquals(stranger.closed, true);
  const friend = listener.connect(new ScriptedConnection("192.0.2.9:5000"));
  assertEquals(await next, friend);
  await consumers.stop();
});

Deno.test("a further consumer waits, is sent nothing, and is served when the one before it ends", async () => {
  const { listener, consumers } = await bindConsumers();
  const first = listener.connect();
  assertEquals(await consumers.next(() => {}), first);
  const session = new ServedSession();
  consumers.serving(session as unknown as Session);
  const second = listener.connect();
  await turns();
  assertEquals(second.written, []);
  assertEquals(second.closed, false);
  assertEquals(session.endedBecause, undefined);
  consumers.ended();
  assertEquals(await consumers.next(() => {}), second);
  await consumers.stop();
});

Deno.test("a newer consumer replaces the one that waits", async () => {
  const { listener, consumers } = await bindConsumers();
  listener.connect();
  await consumers.next(() => {});
  consumers.serving(new ServedSession() as unknown as Session);
  const second = listener.connect();
  await turns();
  const third = listener.connect();
  await turns();
  assert(second.closed, "the one that waited was not closed");
  consumers.ended();
  assertEquals(await consumers.next(() => {}), third);
  await consumers.stop();
});

Deno.test("a waiting consumer takes over once what is in flight has gone unconfirmed for five seconds, not before", async () => {
  const { listener, consumers } = await bindConsumers();
  listener.connect();
  await consumers.next(() => {});
  const session = new ServedSession();
  session.stalledMs = TAKE_OVER_MS - 1;
  consumers.serving(session as unknown as Session);
  await turns();
  assertEquals(session.endedBecause, undefined, "ended although no other consumer waits");
  listener.connect();
  await turns();
  assertEquals(session.endedBecause, undefined, "ended too early");
  session.stalledMs = TAKE_OVER_MS;
  await turns();
  assert(session.endedBecause !== undefined, "the silent one is still served");
  consumers.ended();
  await consumers.stop();
});
