import { systemClock } from "../../src/base/clock.ts";
import { Condition } from "../../src/base/condition.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Connection, Listener, Net } from "../../src/runtime/net.ts";
import { ConnectionLimit } from "../../src/runtime/connection_limit.ts";
import { AcceptSupply, TAKE_OVER_MS } from "../../src/target/accept.ts";
import type { Session } from "../../src/target/session.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";

/** A listener at whose door the test puts connections. */
class Door implements Listener {
  readonly address = { kind: "tcp", host: "127.0.0.1", port: 9001 } as const;
  #queue: Connection[] = [];
  #closed = false;
  readonly #changed = new Condition();

  arrive(connection: Connection): void {
    this.#queue.push(connection);
    this.#changed.notify();
  }

  async accept(): Promise<Connection | null> {
    while (this.#queue.length === 0 && !this.#closed) await this.#changed.wait();
    return this.#queue.shift() ?? null;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#changed.notify();
    return Promise.resolve();
  }
}

class ServedSession {
  readonly peer = "served";
  stalledMs = 0;
  endedBecause: string | undefined;
  end(reason: string): void {
    this.endedBecause = reason;
  }
}

async function openSupply() {
  const door = new Door();
  // Time is what the test says; each turn of the loop lasts as long as the sleep it asked for.
  const clock = { ...systemClock, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 0)) };
  const net = { listen: () => Promise.resolve(door) } as unknown as Net;
  const supply = new AcceptSupply({
    net,
    clock,
    log: silentLog,
    address: door.address,
    connectionLimit: new ConnectionLimit(Infinity, 0),
  });
  await supply.bind();
  return { door, supply };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("while no consumer has dialled in the target counts as lost, the first that does is served", async () => {
  const { door, supply } = await openSupply();
  let lost = 0;
  const next = supply.next(() => lost++);
  await turns();
  assertEquals(lost, 1);
  const first = new ScriptedConnection();
  door.arrive(first);
  assertEquals(await next, first);
  await supply.stop();
});

Deno.test("a further consumer waits, is sent nothing, and is served when the one before it ends", async () => {
  const { door, supply } = await openSupply();
  const [first, second] = [new ScriptedConnection(), new ScriptedConnection()];
  door.arrive(first);
  assertEquals(await supply.next(() => {}), first);
  const session = new ServedSession();
  supply.serving(session as unknown as Session);
  door.arrive(second);
  await turns();
  assertEquals(second.written, []);
  assertEquals(second.closed, false);
  assertEquals(session.endedBecause, undefined);
  supply.ended();
  assertEquals(await supply.next(() => {}), second);
  await supply.stop();
});

Deno.test("a newer consumer replaces the one that waits", async () => {
  const { door, supply } = await openSupply();
  const [first, second, third] = [new ScriptedConnection(), new ScriptedConnection(), new ScriptedConnection()];
  door.arrive(first);
  await supply.next(() => {});
  supply.serving(new ServedSession() as unknown as Session);
  door.arrive(second);
  await turns();
  door.arrive(third);
  await turns();
  assert(second.closed, "the one that waited was not closed");
  supply.ended();
  assertEquals(await supply.next(() => {}), third);
  await supply.stop();
});

Deno.test("a waiting consumer takes over once what is in flight has gone unconfirmed for five seconds, not before", async () => {
  const { door, supply } = await openSupply();
  door.arrive(new ScriptedConnection());
  await supply.next(() => {});
  const session = new ServedSession();
  session.stalledMs = TAKE_OVER_MS - 1;
  supply.serving(session as unknown as Session);
  await turns();
  assertEquals(session.endedBecause, undefined, "ended although nobody waits");
  door.arrive(new ScriptedConnection());
  await turns();
  assertEquals(session.endedBecause, undefined, "ended too early");
  session.stalledMs = TAKE_OVER_MS;
  await turns();
  assert(session.endedBecause !== undefined, "the silent one is still served");
  supply.ended();
  await supply.stop();
});
