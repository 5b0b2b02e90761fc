/** What a connection carries: every kind of address, half-close, exact bytes under load. */
import { networkInterfaces } from "node:os";
import { crc32 } from "node:zlib";
import type { Address, Connection } from "../../src/runtime/net.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type Case, runtime } from "./contract.ts";
import { withDirectory } from "./directory.ts";
import { socketOption } from "./libc.ts";
import {
  accepted,
  CONNECT_MS,
  digestOf,
  LOOPBACK,
  type Pair,
  patternOf,
  readExactly,
  withPair,
  writeAll,
} from "./sockets.ts";

const hasIpv6 = Object.values(networkInterfaces()).flat().some((entry) => entry?.address === "::1");
const noIpv6 = hasIpv6 ? undefined : "this machine has no ::1";
const linuxOnly = process.platform === "linux" ? undefined : "needs Linux";

/** The numbers of Linux for getsockopt(2). */
const [SOL_SOCKET, SO_KEEPALIVE, IPPROTO_TCP, TCP_NODELAY] = [1, 9, 6, 1];
const [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT] = [4, 5, 6];

async function carriesBothWays({ client, server }: Pair): Promise<void> {
  await writeAll(client, new TextEncoder().encode("to server"));
  assertEquals(new TextDecoder().decode(await readExactly(server, 9)), "to server");
  await writeAll(server, new TextEncoder().encode("to client"));
  assertEquals(new TextDecoder().decode(await readExactly(client, 9)), "to client");
}

function namesBothEnds({ client, server }: Pair): void {
  assertEquals(client.local, server.peer);
  assertEquals(client.peer, server.local);
}

/** Writes `bytes`, then FIN. */
async function sendAll(connection: Connection, bytes: Uint8Array): Promise<void> {
  await writeAll(connection, bytes);
  await connection.closeWrite();
}

export const tcpCases: Case[] = [
  {
    name: "TCP over IPv4 carries bytes both ways and names both ends",
    run: () =>
      withPair(async (pair) => {
        await carriesBothWays(pair);
        namesBothEnds(pair);
        assertMatch(pair.client.local, /^127\.0\.0\.1:\d+$/);
      }),
  },
  {
    name: "TCP over IPv6 carries bytes both ways and prints addresses in brackets",
    skip: noIpv6,
    run: () =>
      withPair(async (pair) => {
        await carriesBothWays(pair);
        namesBothEnds(pair);
        assertMatch(pair.client.local, /^\[::1\]:\d+$/);
      }, { kind: "tcp", host: "::1", port: 0 }),
  },
  {
    name: "a host name is resolved to connect and to listen",
    async run() {
      await withPair(carriesBothWays, { kind: "tcp", host: "localhost", port: 0 });
      const listener = await runtime.net.listen(LOOPBACK);
      assert(listener.address.kind === "tcp");
      const client = await runtime.net.connect({ ...listener.address, host: "localhost" }, CONNECT_MS);
      client.close();
      await listener.close();
    },
  },
  {
    name: "a listener on an empty host takes IPv4 and IPv6, and prints IPv4 peers as IPv4",
    skip: noIpv6,
    async run() {
      const listener = await runtime.net.listen({ kind: "tcp", host: "", port: 0 });
      assert(listener.address.kind === "tcp");
      for (const host of ["127.0.0.1", "::1"]) {
        const client = await runtime.net.connect({ ...listener.address, host }, CONNECT_MS);
        const server = await accepted(listener);
        namesBothEnds({ client, server, listener });
        await carriesBothWays({ client, server, listener });
        await writeAll(server, new Uint8Array(1));
        assert(server.unacknowledgedBytes() !== undefined, `no descriptor for ${server.peer}`);
        client.close();
        server.close();
      }
      await listener.close();
    },
  },
  {
    name: "a unix socket carries bytes both ways, and both ends are named by its path",
    run: () =>
      withDirectory(async (directory) => {
        const address: Address = { kind: "unix", path: `${directory}/s.sock` };
        await withPair(async (pair) => {
          await carriesBothWays(pair);
          assertEquals([pair.client.peer, pair.server.local], [`unix:${address.path}`, `unix:${address.path}`]);
          assertEquals(pair.client.unanswered(), undefined);
          assertEquals(pair.client.peerWindow(), undefined);
        }, address);
      }),
  },
  {
    name: "accepted and connected sockets have TCP_NODELAY, and keepalive that notices within 35 s",
    skip: linuxOnly,
    run: () =>
      withPair(({ client, server }) => {
        for (const connection of [client, server]) {
          assertEquals(socketOption(connection, IPPROTO_TCP, TCP_NODELAY), 1);
          assertEquals(socketOption(connection, SOL_SOCKET, SO_KEEPALIVE), 1);
          const times = [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT];
          assertEquals(times.map((option) => socketOption(connection, IPPROTO_TCP, option)), [15, 5, 4]);
        }
        return Promise.resolve();
      }),
  },
  {
    name: "after either side has closed its writing half, the other half goes on",
    async run() {
      for (const first of ["client", "server"] as const) {
        await withPair(async (pair) => {
          const [early, late] = first === "client" ? [pair.client, pair.server] : [pair.server, pair.client];
          await sendAll(early, new Uint8Array([1]));
          assertEquals((await readExactly(late, 1))[0], 1);
          assertEquals(await late.read(new Uint8Array(1)), null);
          assertEquals(await late.read(new Uint8Array(1)), null);
          const bytes = patternOf(100_000, 1);
          const [digest] = await Promise.all([digestOf(early), sendAll(late, bytes)]);
          assertEquals(digest, { bytes: bytes.length, crc: crc32(bytes) });
        });
      }
    },
  },
  {
    name: "a buffer of one byte reads every byte in order",
    run: () =>
      withPair(async ({ client, server }) => {
        const bytes = patternOf(2000, 2);
        const [digest] = await Promise.all([digestOf(server, 1), sendAll(client, bytes)]);
        assertEquals(digest, { bytes: bytes.length, crc: crc32(bytes) });
      }),
  },
  {
    name: "24 MiB each way at the same time arrive exactly",
    run: () =>
      withPair(async ({ client, server }) => {
        const up = patternOf(24 << 20, 3);
        const down = patternOf(24 << 20, 4);
        const [atServer, atClient] = await Promise.all([
          digestOf(server, 100_003),
          digestOf(client, 1 << 20),
          sendAll(client, up),
          sendAll(server, down),
        ]);
        assertEquals(atServer, { bytes: up.length, crc: crc32(up) });
        assertEquals(atClient, { bytes: down.length, crc: crc32(down) });
      }),
  },
  {
    name: "an empty write is done at once",
    run: () =>
      withPair(async ({ client }) => {
        assertEquals(await client.write(new Uint8Array(0)), 0);
      }),
  },
  {
    name: "1,000 connections at once are all accepted and served",
    async run() {
      const listener = await runtime.net.listen(LOOPBACK);
      const servers: Connection[] = [];
      const serving = (async () => {
        for (let i = 0; i < 1000; i++) servers.push(await accepted(listener));
        await Promise.all(servers.map(async (server) => writeAll(server, await readExactly(server, 4))));
      })();
      const clients = await Promise.all(
        Array.from({ length: 1000 }, () => runtime.net.connect(listener.address, 30_000)),
      );
      const echoes = await Promise.all(clients.map(async (client, i) => {
        await writeAll(client, new Uint8Array(new Uint32Array([i]).buffer));
        return new Uint32Array((await readExactly(client, 4)).buffer)[0];
      }));
      await serving;
      assertEquals(echoes, Array.from({ length: 1000 }, (_, i) => i));
      for (const connection of [...clients, ...servers]) connection.close();
      await listener.close();
    },
  },
];
