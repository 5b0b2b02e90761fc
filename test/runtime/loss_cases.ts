/** How a connection ends: FIN and RST from the peer while we only write or only wait, and our own close. */
import { crc32 } from "node:zlib";
import { SystemError } from "../../src/base/error.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type Case, runtime } from "./contract.ts";
import { abort } from "./libc.ts";
import {
  CONNECT_MS,
  digestOf,
  fill,
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

/** The code that the promise is rejected with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, SystemError)).code;
}

export const lossCases: Case[] = [
  {
    name: "the peer's FIN is noticed by a waiting read while we only write",
    run: () =>
      withPair(async ({ client, server }) => {
        const read = client.read(new Uint8Array(1));
        await writeAll(client, new Uint8Array(10));
        await server.closeWrite();
        assertEquals(await read, null);
      }),
  },
  {
    name: "the peer's RST is noticed by a waiting read while nothing is sent",
    run: () =>
      withPair(async ({ client, server }) => {
        const read = client.read(new Uint8Array(1));
        abort(server);
        assertEquals(await codeOf(read), "ECONNRESET");
        assertEquals(await codeOf(client.read(new Uint8Array(1))), "ECONNRESET");
        assertEquals(await codeOf(client.write(new Uint8Array(1))), "ECONNRESET");
      }),
  },
  {
    name: "the peer's RST ends a waiting read and a waiting write",
    run: () =>
      withPair(async ({ client, server }) => {
        const read = client.read(new Uint8Array(1));
        read.catch(() => {});
        server.pause("long");
        const { rest } = await fill(client, new Uint8Array(1 << 20));
        rest.catch(() => {});
        abort(server);
        assert(/ECONNRESET|EPIPE/.test(await codeOf(rest)));
        assertEquals(await codeOf(read), "ECONNRESET");
      }),
  },
  {
    name: "the peer's RST ends a writer that never waits, a hundred times out of a hundred",
    async run() {
      for (let round = 0; round < 100; round++) {
        await withPair(async ({ client, server }) => {
          const read = client.read(new Uint8Array(1));
          read.catch(() => {});
          abort(server);
          const writing = (async () => {
            for (;;) await client.write(new Uint8Array(100));
          })();
          assert(/ECONNRESET|EPIPE/.test(await codeOf(writing)));
          assert(/ECONNRESET|EPIPE/.test(await codeOf(read)), "the waiting read");
        });
      }
    },
  },
  {
    name: "what had arrived before an RST is read first, then the read is rejected",
    run: () =>
      withPair(async ({ client, server }) => {
        const bytes = patternOf(90_000, 5);
        // In two pieces, so that some is in the runtime's hands and some in the kernel's.
        for (const piece of [bytes.subarray(0, 40_000), bytes.subarray(40_000)]) {
          await writeAll(server, piece);
          await until(() => server.unacknowledgedBytes() === 0);
          await settle();
        }
        abort(server);
        await settle();
        const first = await readExactly(client, 10);
        const rest = await readExactly(client, bytes.length - 10);
        assertEquals(crc32(rest, crc32(first)), crc32(bytes));
        assertEquals(await codeOf(client.read(new Uint8Array(1))), "ECONNRESET");
      }),
  },
  {
    name: "close() rejects waiting and later calls with EBADF and may be called again",
    run: () =>
      withPair(async ({ client, server, listener }) => {
        const read = client.read(new Uint8Array(1));
        read.catch(() => {});
        server.pause("long");
        const { rest } = await fill(client, new Uint8Array(1 << 20));
        rest.catch(() => {});
        assert(client.unacknowledgedBytes()! > 0);
        client.close();
        client.close();
        assertEquals(await codeOf(read), "EBADF");
        assertEquals(await codeOf(rest), "EBADF");
        assertEquals(await codeOf(client.read(new Uint8Array(1))), "EBADF");
        assertEquals(await codeOf(client.write(new Uint8Array(1))), "EBADF");
        assertEquals(await codeOf(client.closeWrite()), "EBADF");
        await settle();
        const next = await runtime.net.connect(listener.address, CONNECT_MS); // has the old one's number
        assertEquals(client.unacknowledgedBytes(), undefined);
        assertEquals(client.unanswered(), undefined);
        next.close();
      }),
  },
  {
    name: "what the kernel took before close() still reaches a slow peer, followed by FIN",
    run: () =>
      withPair(async ({ client, server }) => {
        server.pause("long");
        const bytes = patternOf(1 << 20, 6);
        const { taken, rest } = await fill(client, bytes);
        rest.catch(() => {});
        client.close();
        assertEquals((await digestOf(server)).bytes, taken);
      }),
  },
  {
    name: "a connection closes on both sides after both have sent FIN",
    run: () =>
      withPair(async ({ client, server }) => {
        await client.closeWrite();
        assertEquals(await server.read(new Uint8Array(1)), null);
        await server.closeWrite();
        assertEquals(await client.read(new Uint8Array(1)), null);
        client.close();
        server.close();
        assertEquals(await codeOf(client.read(new Uint8Array(1))), "EBADF");
      }),
  },
  {
    name: "a connection that was closed leaves no descriptor behind",
    skip: noProc,
    async run() {
      const listener = await runtime.net.listen(LOOPBACK);
      const before = openDescriptors();
      for (let round = 0; round < 50; round++) {
        const client = await runtime.net.connect(listener.address, CONNECT_MS);
        const server = await listener.accept();
        await client.write(new Uint8Array(1));
        assert(client.unacknowledgedBytes() !== undefined);
        client.close();
        server?.close();
      }
      await until(() => openDescriptors() <= before);
      await listener.close();
    },
  },
];
