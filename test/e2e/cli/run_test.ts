/** `run` as a process: how signals end it, and that its log cannot. */
import { assert, assertEquals } from "../../support/assert.ts";
import { freePorts, isListening } from "../rig/ports.ts";
import { Program } from "../rig/program.ts";
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";
import { until } from "../rig/wait.ts";
import { withDirectory } from "./program.ts";

async function withRelay(
  action: (relay: Program, source: number, consumer: Deno.TcpListener) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    using consumer = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [source] = freePorts(1);
    const flags = ["--listen", `127.0.0.1:${source}`, "--to", `127.0.0.1:${consumer.addr.port}`];
    const command = [...relayCommand(chosenRuntime()), "run", ...flags];
    const relay = new Program("spillway", command, { cwd: directory, env: { SPILLWAY_CONFIG: "/nonexistent" } });
    try {
      await until("spillway listens", () => {
        if (relay.exitCode !== undefined) throw new Error(relay.tail());
        return isListening(source, relay.pid);
      });
      await action(relay, source, consumer);
    } finally {
      await relay.kill();
    }
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends a relay that runs on flags alone with 0`, () =>
    withRelay(async (relay) => {
      relay.signal(signal);
      assertEquals(await relay.exited, 0, relay.tail());
      assert(
        relay.errors.some((line) => line.endsWith(`info spillway: stopping event=stopping signal=${signal}`)),
        relay.tail(),
      );
    }));
}

Deno.test("a second signal ends the waiting for a frozen consumer, says so, and the exit code is 0 all the same", () =>
  withRelay(async (relay, source, consumer) => {
    using producer = await Deno.connect({ hostname: "127.0.0.1", port: source });
    using _frozen = await consumer.accept();
    const lines = new TextEncoder().encode(`${"x".repeat(99)}\n`.repeat(80_000));
    for (let sent = 0; sent < lines.length;) sent += await producer.write(lines.subarray(sent));
    relay.signal("SIGTERM");
    await until("the first signal is logged", () => relay.errors.some((line) => line.includes("stopping")));
    relay.signal("SIGINT");
    assertEquals(await relay.exited, 0, relay.tail());
    assert(relay.errors.some((line) => line.includes("are not waited for any longer")), relay.tail());
    const books = relay.errors.find((line) => line.includes("route stopped")) ?? "";
    const of = (name: string) => Number(books.match(new RegExp(` ${name}=(\\d+)`))?.[1]);
    assertEquals(of("received_frames"), of("pending_frames") + of("delivered_frames"), books);
    assert(of("pending_frames") > 0, books);
  }));

Deno.test("a relay whose log is no longer read goes on relaying", () =>
  withDirectory(async (directory) => {
    using consumer = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [source] = freePorts(1);
    const [program, ...args] = relayCommand(chosenRuntime());
    const flags = ["run", "--listen", `127.0.0.1:${source}`, "--to", `127.0.0.1:${consumer.addr.port}`];
    const options: Deno.CommandOptions = {
      args: [...args, ...flags],
      cwd: directory,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    };
    const child = new Deno.Command(program, options).spawn();
    try {
      await until("spillway listens", () => isListening(source, child.pid));
      await child.stderr.cancel();
      using target = await consumer.accept();
      for (let round = 0; round < 3; round++) { // each connection is a line of the log
        using producer = await Deno.connect({ hostname: "127.0.0.1", port: source });
        await producer.write(new TextEncoder().encode("hello\n"));
        const bytes = new Uint8Array(6);
        for (let length = 0; length < 6;) length += await target.read(bytes.subarray(length)) ?? 6;
        assertEquals(new TextDecoder().decode(bytes), "hello\n");
      }
      child.kill("SIGTERM");
      assertEquals((await child.status).code, 0);
    } finally {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
    }
  }));
