/** Connections that are not read for a while: what arrives stays in the kernel, however they end. */
import { crc32 } from "node:zlib";
import { SystemError } from "../../src/base/error.ts";
import type { Connection } from "../../src/runtime/net.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type Case, runtime } from "./contract.ts";
import { abort } from "./libc.ts";
import {
  accepted,
  CONNECT_MS,
  digestOf,
  fill,
  isPending,
  LOOPBACK,
  noProc,
  openDescriptors,
  patternOf,
  readExactly,
  settle,
  until,
  withPair,
  writeAll,
} from "./sockets.ts";

const linuxOnly = process.platform === "linux" ? undefined : "sockets are parked on Linux only";
const MIB = 1 << 20;

/** Many connections to one listener, closed in the end. */
async function withMany(count: number, action: (clients: Connection[], servers: Connection[]) => Promise<void>) {
  const listener = await runtime.net.listen(LOOPBACK);
  const clients: Connection[] = [];
  const servers: Connection[] = [];
  try {
    for (let i = 0; i < count; i++) {
      clients.push(await runtime.net.connect(listener.address, CONNECT_MS));
      servers.push(await accepted(listener));
    }
    await action(clients, servers);
  } finally {
    for (const each of [...clients, ...servers]) each.close();
    await listener.close();
  }
}

/** Writes as much of `bytes` as the kernels take while it is not read. */
async function send(connection: Connection, bytes: Uint8Array): Promise<number> {
  let taken = 0;
  while (taken < bytes.length) {
    const write = connection.write(bytes.subarray(taken));
    write.catch(() => {});
    if (await isPending(write)) break;
    taken += await write;
  }
  return taken;
}

export const pausedCases: Case[] = [
  {
    name: "what the kernel has of a paused connection that is reset is read, in order, and then the reset",
    run: () =>
      withPair(async ({ client, server }) => {
        const bytes = patternOf(4 * MIB, 3);
        const writing = writeAll(client, bytes);
        writing.catch(() => {});
        const first = await readExactly(server, MIB);
        server.pause("long");
        await settle();
        abort(client);
        await settle();
        let crc = crc32(first);
        let count = MIB;
        const buffer = new Uint8Array(100_000);
        const reading = (async () => {
          for (;;) {
            const read = await server.read(buffer);
            if (read === null) return "end of stream";
            crc = crc32(buffer.subarray(0, read), crc);
            count += read;
          }
        })();
        assertEquals((await assertRejects(() => reading, SystemError)).code, "ECONNRESET");
        assert(count > MIB && count <= bytes.length, `${count} bytes`);
        assertEquals(crc, crc32(bytes.subarray(0, count)), "a hole, or another order");
      }),
  },
  {
    name: "a paused connection that both sides have closed for writing still gives all its bytes, and then the end",
    run: () =>
      withPair(async ({ client, server }) => {
        const bytes = patternOf(50_000, 4);
        await writeAll(client, bytes.subarray(0, 1000));
        await readExactly(server, 1000);
        server.pause("long");
        await writeAll(client, bytes.subarray(1000));
        await server.closeWrite();
        await client.closeWrite();
        assertEquals(await client.read(new Uint8Array(1)), null);
        await settle();
        assertEquals(await digestOf(server), { bytes: 49_000, crc: crc32(bytes.subarray(1000)) });
      }),
  },
  {
    name: "a paused connection can be written to, also where that has to wait, and closed for writing",
    run: () =>
      withPair(async ({ client, server }) => {
        server.pause("long");
        const bytes = patternOf(24 * MIB, 5);
        const { taken, rest } = await fill(server, bytes);
        assert(taken < bytes.length, "the kernel took everything");
        const writing = (async () => {
          const done = taken + await rest;
          await writeAll(server, bytes.subarray(done));
          await server.closeWrite();
        })();
        assertEquals(await digestOf(client), { bytes: bytes.length, crc: crc32(bytes) });
        await writing;
        await writeAll(client, new Uint8Array(7));
        assertEquals(await server.read(new Uint8Array(100)), 7);
      }),
  },
  {
    name:
      "a write that waits while its connection is paused is finished after that is read again, and what comes is read",
    run: () =>
      withPair(async ({ client, server }) => {
        const answer = patternOf(24 * MIB, 5);
        server.pause("long");
        await settle();
        let isWritten = false;
        const writing = writeAll(server, answer).then(() => isWritten = true);
        writing.catch(() => {});
        await settle();
        assertEquals(isWritten, false, "the kernels have room for all of it");
        // Nothing is there: a runtime that takes connections away takes this one back.
        const reading = readExactly(server, 5);
        reading.catch(() => {});
        await settle();
        await writeAll(client, new TextEncoder().encode("hello"));
        assertEquals(new TextDecoder().decode(await reading), "hello");
        assertEquals(crc32(await readExactly(client, answer.length)), crc32(answer));
        await writing;
      }),
  },
  {
    name: "a connection that goes on being read in the next turn of the loop may be read by the runtime by then",
    run: async () => {
      for (let round = 0; round < 20; round++) {
        await withPair(async ({ client, server }) => {
          server.pause("long");
          // A write that waits, and much to read: what is read last is put off, and meanwhile the runtime looks again.
          const { rest } = await fill(server, patternOf(24 * MIB, 5));
          rest.catch(() => {});
          const bytes = patternOf(600 * 1024, 3);
          await writeAll(client, bytes);
          await settle();
          assertEquals(crc32(await readExactly(server, bytes.length)), crc32(bytes));
          const next = readExactly(server, 5);
          for (const untilMs = performance.now() + 8; performance.now() < untilMs;);
          await settle();
          await writeAll(client, new TextEncoder().encode("hello"));
          assertEquals(new TextDecoder().decode(await next), "hello");
          server.close();
          let end = 0;
          const buffer = new Uint8Array(MIB);
          // The peer sees the end, of either kind: no other descriptor holds the socket.
          while (await client.read(buffer).catch(() => null) !== null) end++;
          assert(end > 0, "nothing was there to be read");
        });
      }
    },
  },
  {
    name: "a write to a paused connection that was reset fails, and so does the next read",
    run: () =>
      withPair(async ({ client, server }) => {
        server.pause("long");
        abort(client);
        const writing = (async () => {
          for (;;) {
            await server.write(new Uint8Array(100));
            await settle();
          }
        })();
        assert(/ECONNRESET|EPIPE/.test((await assertRejects(() => writing, SystemError)).code));
        const read = server.read(new Uint8Array(1));
        assert(/ECONNRESET|EPIPE/.test((await assertRejects(() => read, SystemError)).code));
      }),
  },
  {
    name: "pausing and reading by turns, a stream comes as it was sent",
    run: () =>
      withPair(async ({ client, server }) => {
        const bytes = patternOf(16 * MIB, 6);
        const writing = writeAll(client, bytes).then(() => client.closeWrite());
        const buffer = new Uint8Array(300_000);
        let [crc, count, turn] = [0, 0, 0];
        for (;;) {
          const read = await server.read(buffer.subarray(0, 1 + (turn * 7919) % buffer.length));
          if (read === null) break;
          crc = crc32(buffer.subarray(0, read), crc);
          count += read;
          if (++turn % 3 === 0) server.pause("long");
          if (turn % 50 === 0) await settle();
        }
        assertEquals([count, crc], [bytes.length, crc32(bytes)]);
        await writing;
      }),
  },
  {
    name: "connections that are not accepted yet are not read",
    skip: linuxOnly,
    async run() {
      const listener = await runtime.net.listen(LOOPBACK);
      const client = await runtime.net.connect(listener.address, CONNECT_MS);
      try {
        const bytes = patternOf(60_000, 9);
        await writeAll(client, bytes);
        await settle();
        const server = await accepted(listener);
        await client.closeWrite();
        assertEquals(await digestOf(server), { bytes: bytes.length, crc: crc32(bytes) });
        server.close();
      } finally {
        client.close();
        await listener.close();
      }
    },
  },
  {
    name: "two hundred paused connections with a megabyte each that are reset take no memory",
    skip: linuxOnly,
    run: () =>
      withMany(200, async (clients, servers) => {
        const bytes = patternOf(MIB, 10);
        // A kernel keeps a megabyte only for connections whose bytes have been read before.
        await Promise.all(clients.map(async (client, i) => {
          const writing = writeAll(client, bytes);
          await readExactly(servers[i], MIB);
          await writing;
        }));
        for (const server of servers) server.pause("long");
        const taken = await Promise.all(clients.map((client) => send(client, bytes)));
        const sum = taken.reduce((a, b) => a + b, 0);
        assert(sum > 100 * MIB, `only ${sum} bytes are in the kernel`);
        const before = process.memoryUsage().rss;
        for (const client of clients) abort(client);
        await settle();
        const grown = process.memoryUsage().rss - before;
        assert(grown < sum / 3, `${Math.round(grown / MIB)} MiB more, for ${Math.round(sum / MIB)} in the kernel`);
        assert(await servers[0].read(new Uint8Array(10)) !== null, "what came before the reset is there");
      }),
  },
  {
    name: "where many read little of what came, the others are read all the same, and all of it is there later",
    run: () =>
      withMany(60, async (clients, servers) => {
        const bytes = patternOf(MIB, 11);
        const writing = clients.map((client) => writeAll(client, bytes));
        await Promise.all(servers.map((server) => readExactly(server, 300_000)));
        for (const server of servers) await readExactly(server, 1);
        await settle();
        for (let i = 0; i < 20; i++) {
          const server = servers[i];
          const rest = await readExactly(server, 400_000);
          assertEquals(crc32(rest), crc32(bytes.subarray(300_001, 700_001)), `connection ${i}`);
        }
        for (const server of servers.slice(20)) await readExactly(server, MIB - 300_001);
        for (const server of servers.slice(0, 20)) await readExactly(server, MIB - 700_001);
        await Promise.all(writing);
        const read = servers[59].read(new Uint8Array(10));
        assert(await isPending(read), "there was nothing more to read");
        await writeAll(clients[59], new Uint8Array(3));
        assertEquals(await read, 3);
      }),
  },
  {
    name: "connections that are paused and read again leave no descriptor behind",
    skip: noProc,
    async run() {
      const before = openDescriptors();
      await withMany(20, async (clients, servers) => {
        for (let round = 0; round < 5; round++) {
          for (const server of servers) server.pause("long");
          const reads = servers.map((server) => server.read(new Uint8Array(10)));
          await settle();
          for (const client of clients) await writeAll(client, new Uint8Array(5));
          assertEquals(await Promise.all(reads), new Array(20).fill(5));
        }
        servers[0].unacknowledgedBytes();
        servers[0].pause("long");
        const read = servers[0].read(new Uint8Array(1));
        await writeAll(clients[0], new Uint8Array(1));
        assertEquals(await read, 1);
      });
      await until(() => openDescriptors() <= before);
    },
  },
];
