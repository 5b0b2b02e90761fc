/** The log of a daemon beside peers that come and go: few lines, true counts, and the same over HTTP. */
import type { RecentEvent } from "../../src/base/recent_events.ts";
import { EVENTS } from "../../src/base/events.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { freePorts, isListening } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const COMINGS = 100;

scene("a hundred producers that come and go are few lines, whose counts and bytes add up", async (scene) => {
  const [source, admin] = freePorts(2);
  const relay = await scene.spillway({
    head: { log: { level: "info", format: "json" }, admin: { listen: `127.0.0.1:${admin}` } },
    routes: [{ name: "feed", source: { listen: `127.0.0.1:${source}` }, target: { connect: "127.0.0.1:1" } }],
  }).listening(source, admin);
  for (let i = 0; i < COMINGS; i++) {
    using producer = await Deno.connect({ hostname: "127.0.0.1", port: source });
    await producer.write(new TextEncoder().encode("a line\n"));
  }
  const received = async () => (await (await fetch(`http://127.0.0.1:${admin}/status`)).json()).routes[0];
  await until("all that they sent is there", async () => {
    const { received_frames, source_connections } = await received();
    return received_frames === COMINGS && source_connections === 0;
  });
  const { events }: { events: readonly RecentEvent[] } = await (await fetch(`http://127.0.0.1:${admin}/events`)).json();
  assertEquals((await relay.stop()).code, 0);

  const lines = relay.program.errors.map((line) => JSON.parse(line));
  for (const { event, level, message } of lines) {
    assertEquals({ level, message }, {
      level: EVENTS[event as keyof typeof EVENTS].level,
      message: EVENTS[event as keyof typeof EVENTS].message,
    });
  }
  const of = (name: string) => lines.filter(({ event }) => event === name);
  const sum = (name: string, field: string) => of(name).reduce((all, line) => all + (line[field] ?? 1), 0);
  assert(of("source_connected").length <= 3, `${of("source_connected").length} lines`);
  assertEquals([sum("source_connected", "times"), sum("source_disconnected", "times")], [COMINGS, COMINGS]);
  assertEquals([sum("source_disconnected", "frames"), sum("source_disconnected", "bytes")], [COMINGS, COMINGS * 7]);
  // What was said until then, in its order.
  assertEquals(events.map(({ event }) => event), lines.slice(0, events.length).map(({ event }) => event));
  assertEquals(events[0].route, "spillway");
});

scene("a line of text has the event's name, and a connection's end its figures", async (scene) => {
  const [source] = freePorts(1);
  const flags = ["--listen", `127.0.0.1:${source}`, "--to", "127.0.0.1:1"];
  const relay = scene.program("spillway", [...relayCommand(chosenRuntime()), "run", ...flags], {
    cwd: scene.directory,
  });
  await until("it listens", () => isListening(source, relay.pid));
  {
    using producer = await Deno.connect({ hostname: "127.0.0.1", port: source });
    await producer.write(new TextEncoder().encode("one\ntwo\n"));
  }
  const line = await until(
    "the end is logged",
    () => relay.errors.find((each) => /event=source_disconnected/.test(each)),
  );
  assert(
    / info main: source disconnected event=source_disconnected peer=127\.0\.0\.1:\d+ reason=eof duration_s=[\d.]+ frames=2 bytes=8$/
      .test(line),
    line,
  );
  relay.signal("SIGTERM");
  assertEquals(await relay.exited, 0);
  assertEquals(relay.errors.filter((each) => !/ event=[a-z_]+( |$)/.test(each)), []);
});
