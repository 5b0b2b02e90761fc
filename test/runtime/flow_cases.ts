/** Backpressure, and what the kernel tells of it. */
import { crc32 } from "node:zlib";
import { assert, assertEquals } from "../support/assert.ts";
import { type Case, runtime } from "./contract.ts";
import type { Address, Connection, Listener } from "../../src/runtime/net.ts";
import { withDirectory } from "./directory.ts";
import { abort } from "./libc.ts";
import {
  accepted,
  CONNECT_MS,
  digestOf,
  fill,
  isPending,
  patternOf,
  readExactly,
  settle,
  until,
  withPair,
  writeAll,
} from "./sockets.ts";

const linuxOnly = process.platform === "linux" ? undefined : "SIOCOUTQ is Linux's";

export const flowCases: Case[] = [
  {
    name: "a write to a frozen peer waits until the peer reads again, and no byte is lost",
    run: () =>
      withPair(async ({ client, server }) => {
        const bytes = patternOf(24 << 20, 7);
        const { taken, rest } = await fill(client, bytes);
        assert(taken < bytes.length, "the kernel took everything");
        const writing = (async () => {
          const done = taken + await rest;
          await writeAll(client, bytes.subarray(done));
          await client.closeWrite();
        })();
        assertEquals(await digestOf(server), { bytes: bytes.length, crc: crc32(bytes) });
        await writing;
      }),
  },
  {
    name: "a reader that pauses in the middle blocks the sender, and goes on where it was",
    run: () =>
      withPair(async ({ client, server }) => {
        const bytes = patternOf(24 << 20, 8);
        const writing = writeAll(client, bytes).then(() => client.closeWrite());
        const first = await readExactly(server, 1 << 20);
        server.pause("long");
        assert(await isPending(writing), "the sender did not block");
        const rest = await readExactly(server, bytes.length - first.length);
        assertEquals(crc32(rest, crc32(first)), crc32(bytes));
        assertEquals(await server.read(new Uint8Array(1)), null);
        await writing;
      }),
  },
  {
    name: "what has arrived is told before it is read, and a brief pause loses none of it",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        assertEquals(server.arrivedBytes(), 0);
        server.pause("briefly");
        const bytes = patternOf(100_000, 9);
        await writeAll(client, bytes);
        await until(() => server.arrivedBytes() === bytes.length);
        const first = await readExactly(server, 40_000);
        assert(server.arrivedBytes()! <= bytes.length - first.length, `${server.arrivedBytes()} bytes`);
        server.pause("briefly");
        const rest = await readExactly(server, bytes.length - first.length);
        assertEquals(crc32(rest, crc32(first)), crc32(bytes));
        assertEquals(server.arrivedBytes(), 0);
        server.close();
        assertEquals(server.arrivedBytes(), undefined);
      }),
  },
  {
    name: "a paused connection with nothing to read wakes up with the next read",
    run: () =>
      withPair(async ({ client, server }) => {
        server.pause("long");
        server.pause("long");
        const read = server.read(new Uint8Array(8));
        await writeAll(client, new Uint8Array(3));
        assertEquals(await read, 3);
        server.pause("long");
        await client.closeWrite();
        assertEquals(await server.read(new Uint8Array(8)), null);
      }),
  },
  {
    name: "unacknowledgedBytes is above zero while the peer does not read, and zero once it has",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        assertEquals(client.unacknowledgedBytes(), 0);
        server.pause("long");
        const { taken, rest } = await fill(client, new Uint8Array(1 << 20));
        const queued = client.unacknowledgedBytes();
        assert(queued !== undefined && queued > 0 && queued <= taken, `${queued} of ${taken}`);
        await Promise.all([rest.then(() => client.closeWrite()), digestOf(server)]);
        // The FIN may count until it is acknowledged, which the peer's kernel does by itself.
        await until(() => client.unacknowledgedBytes() === 0);
      }),
  },
  {
    name: "unacknowledgedBytes tells two connections of one process apart",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client: frozen, server, listener }) => {
        const idle = await runtime.net.connect(listener.address, CONNECT_MS); // to the same port
        const reader = await accepted(listener);
        server.pause("long");
        const { rest } = await fill(frozen, new Uint8Array(1 << 20));
        rest.catch(() => {});
        assertEquals(idle.unacknowledgedBytes(), 0);
        assertEquals(reader.unacknowledgedBytes(), 0);
        assert(frozen.unacknowledgedBytes()! > 0);
        idle.close();
        reader.close();
      }),
  },
  {
    name: "unacknowledgedBytes still answers after an RST, until close()",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        server.pause("long");
        const { rest } = await fill(client, new Uint8Array(1 << 20));
        rest.catch(() => {});
        const before = client.unacknowledgedBytes();
        abort(server);
        await rest.catch(() => {});
        await client.read(new Uint8Array(1)).catch(() => {});
        const after = client.unacknowledgedBytes();
        assert(after !== undefined && after > 0 && after <= before!, `${after} after ${before}`);
        client.close();
        assertEquals(client.unacknowledgedBytes(), undefined);
      }),
  },
  {
    name: "unacknowledgedBytes of an idle connection is zero after an RST",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        assertEquals(client.unacknowledgedBytes(), 0);
        abort(server);
        await client.read(new Uint8Array(1)).catch(() => {});
        assertEquals(client.unacknowledgedBytes(), 0);
      }),
  },
  {
    name: "the peer's window is wide while it reads, closed while it does not, and never beyond its scale",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        const open = client.peerWindow()!;
        assert(open.bytes! >= 1024, `${open.bytes} bytes to begin with`);
        server.pause("long");
        const { rest } = await fill(client, new Uint8Array(1 << 20));
        const closed = client.peerWindow()!;
        assert(closed.bytes! < open.bytes! / 2, `${closed.bytes} bytes while the peer does not read`);
        await Promise.all([rest.then(() => client.closeWrite()), digestOf(server)]);
        await until(() => client.peerWindow()!.bytes! > closed.bytes!);
        const { bytes, scale } = client.peerWindow()!;
        assert(bytes! <= 65_535 * 2 ** scale, `${bytes} bytes, scale ${scale}`);
      }),
  },
  {
    name: "the peer's window is still told after an RST, until close()",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        const before = client.peerWindow()!;
        assertEquals(before.isReset, false);
        abort(server);
        await client.read(new Uint8Array(1)).catch(() => {});
        assertEquals(client.peerWindow(), { ...before, isReset: true });
        client.close();
        assertEquals(client.peerWindow(), undefined);
      }),
  },
  {
    name: "on a unix socket unacknowledgedBytes covers what the peer has not read, on each of several connections",
    skip: linuxOnly,
    run: () =>
      withDirectory(async (directory) => {
        const address: Address = { kind: "unix", path: `${directory}/s.sock` };
        const listener = await runtime.net.listen(address);
        // Either side may be the one that sends.
        const [first, second] = [await connectedPair(listener), await connectedPair(listener)];
        for (const [sender] of [first, [...second].reverse()]) {
          assert(sender.acknowledgesReading);
          assertEquals(sender.unacknowledgedBytes(), 0);
          await writeAll(sender, new Uint8Array(30_000));
          assert(sender.unacknowledgedBytes()! >= 30_000, "nothing is read");
        }
        for (const [sender, reader] of [first, [...second].reverse()]) {
          await readExactly(reader, 30_000);
          assertEquals(sender.unacknowledgedBytes(), 0);
        }
        for (const connection of [...first, ...second]) connection.close();
        await listener.close();
      }),
  },
  {
    name: "where one process has both ends of unix sockets at one path, each end is asked about its own peer",
    skip: linuxOnly,
    run: () =>
      withDirectory(async (directory) => {
        const listener = await runtime.net.listen({ kind: "unix", path: `${directory}/s.sock` });
        const pairs = [await connectedPair(listener), await connectedPair(listener), await connectedPair(listener)];
        for (const [i, [dialled]] of pairs.entries()) await writeAll(dialled, new Uint8Array(1000 * (i + 1)));
        for (const [i, [dialled, accepted]] of pairs.entries()) {
          assert(dialled.unacknowledgedBytes()! >= 1000 * (i + 1), `${i}: ${dialled.unacknowledgedBytes()} unread`);
          await readExactly(accepted, 1000 * (i + 1));
          assertEquals(dialled.unacknowledgedBytes(), 0, `${i}`);
        }
        for (const connection of pairs.flat()) connection.close();
        await listener.close();
      }),
  },
  {
    name: "of a unix socket that has just been closed while it was being read, the next one is told apart",
    skip: linuxOnly,
    run: () =>
      withDirectory(async (directory) => {
        const listener = await runtime.net.listen({ kind: "unix", path: `${directory}/s.sock` });
        const [, first] = await connectedPair(listener);
        const reading = first.read(new Uint8Array(1)).catch(() => {});
        await settle();
        const dialled = await runtime.net.connect(listener.address, CONNECT_MS);
        first.close();
        const second = await listener.accept();
        await writeAll(second!, new Uint8Array(1000));
        assert(second!.unacknowledgedBytes()! >= 1000, `${second!.unacknowledgedBytes()} unread`);
        await reading;
        assert(second!.unacknowledgedBytes()! >= 1000, `${second!.unacknowledgedBytes()} unread`);
        await readExactly(dialled, 1000);
        assertEquals(second!.unacknowledgedBytes(), 0);
        for (const connection of [dialled, second!]) connection.close();
        await listener.close();
      }),
  },
  {
    name: "on a unix socket it is unknown what was read once the peer has closed without reading",
    skip: linuxOnly,
    run: () =>
      withDirectory(async (directory) => {
        const listener = await runtime.net.listen({ kind: "unix", path: `${directory}/s.sock` });
        const [sender, reader] = await connectedPair(listener);
        await writeAll(sender, new Uint8Array(30_000));
        assert(sender.unacknowledgedBytes()! >= 30_000);
        reader.close();
        await until(() => sender.unacknowledgedBytes() === undefined);
        // Not even when a read has consumed the error, after which the kernel has only an empty queue to show.
        await sender.read(new Uint8Array(1)).catch(() => {});
        assertEquals(sender.unacknowledgedBytes(), undefined);
        sender.close();
        await listener.close();
      }),
  },
  {
    name: "on a unix socket the end of the stream tells that all is read",
    skip: linuxOnly,
    run: () =>
      withDirectory(async (directory) => {
        const listener = await runtime.net.listen({ kind: "unix", path: `${directory}/s.sock` });
        const [sender, reader] = await connectedPair(listener);
        await writeAll(sender, new Uint8Array(30_000));
        assert(sender.unacknowledgedBytes()! >= 30_000);
        await readExactly(reader, 30_000);
        reader.close();
        assertEquals(await sender.read(new Uint8Array(1)), null);
        assertEquals(sender.unacknowledgedBytes(), 0);
        sender.close();
        await listener.close();
      }),
  },
];

/** Both ends of a new connection. */
async function connectedPair(listener: Listener): Promise<[Connection, Connection]> {
  const client = await runtime.net.connect(listener.address, CONNECT_MS);
  return [client, await accepted(listener)];
}
