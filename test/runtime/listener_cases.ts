/** Listening, and the ways in which listening and connecting fail. */
import { link, readFile, stat, writeFile } from "node:fs/promises";
import { SystemError } from "../../src/base/error.ts";
import type { Address } from "../../src/runtime/net.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type Case, runtime } from "./contract.ts";
import { withDirectory } from "./directory.ts";
import { acceptedDescriptors, deafListener } from "./libc.ts";
import { accepted, CONNECT_MS, LOOPBACK, openDescriptors, readExactly, until, withPair, writeAll } from "./sockets.ts";

const { net } = runtime;

async function rejectsWith(code: string, action: () => Promise<unknown>, subject: string): Promise<void> {
  const error = await assertRejects(action, SystemError, subject);
  assertEquals(error.code, code);
}

/** A port on which nothing listens: one that was just released. */
async function deadAddress(): Promise<Address> {
  const listener = await net.listen(LOOPBACK);
  await listener.close();
  return listener.address;
}

export const listenerCases: Case[] = [
  {
    name: "a closed listener ends a waiting accept with null, and its port can be listened on at once",
    async run() {
      let listener = await net.listen(LOOPBACK);
      for (let round = 0; round < 5; round++) {
        const waiting = listener.accept();
        await listener.close();
        const again = await net.listen(listener.address);
        assertEquals(await waiting, null);
        await listener.close();
        assertEquals(await listener.accept(), null);
        listener = again;
      }
      await listener.close();
    },
  },
  {
    name: "connections outlive their listener",
    run: () =>
      withPair(async ({ client, server, listener }) => {
        await listener.close();
        const again = await net.listen(listener.address);
        await writeAll(client, new Uint8Array([7]));
        assertEquals(await readExactly(server, 1), new Uint8Array([7]));
        await again.close();
      }),
  },
  {
    name: "a connection that was not accepted is closed with its listener",
    async run() {
      const listener = await net.listen(LOOPBACK);
      const client = await net.connect(listener.address, CONNECT_MS);
      await listener.close();
      assertEquals(await client.read(new Uint8Array(1)).catch((e) => e.code === "ECONNRESET" ? null : e), null);
      client.close();
    },
  },
  {
    name: "what arrives before accept() is read after it",
    async run() {
      const listener = await net.listen(LOOPBACK);
      const client = await net.connect(listener.address, CONNECT_MS);
      await writeAll(client, new Uint8Array([1, 2, 3]));
      await until(() => client.unacknowledgedBytes() === 0);
      await client.closeWrite();
      const server = await accepted(listener);
      assertEquals(await readExactly(server, 3), new Uint8Array([1, 2, 3]));
      assertEquals(await server.read(new Uint8Array(1)), null);
      client.close();
      server.close();
      await listener.close();
    },
  },
  {
    name: "a connection that the filter does not admit is closed at once, before the next is accepted",
    async run() {
      const places = { left: 3, refused: 0, mostOpen: 0 };
      const listener = await net.listen(LOOPBACK, {
        filter: {
          admit: () => {
            places.mostOpen = Math.max(places.mostOpen, acceptedDescriptors(listener.address));
            return places.left > 0 ? places.left-- > 0 : (places.refused++, false);
          },
          closed: () => places.left++,
        },
      });
      const clients = await Promise.all(Array.from({ length: 60 }, () => net.connect(listener.address, CONNECT_MS)));
      const admitted = [await accepted(listener), await accepted(listener), await accepted(listener)];
      const waiting = listener.accept();
      const ends = clients.map((client) => client.read(new Uint8Array(1)).catch((e) => e.code));
      await until(() => places.refused === 57);
      assertEquals(places.mostOpen, 4, "accepted and open at once: those that were admitted, and the next");
      admitted[0].close();
      admitted[0].close();
      assertEquals(places.left, 1);
      const late = await net.connect(listener.address, CONNECT_MS);
      const served = (await waiting)!;
      assertEquals(places, { ...places, left: 0, refused: 57 });
      for (const each of [...clients, late, ...admitted, served]) each.close();
      assertEquals(places.left, 3);
      assertEquals((await Promise.all(ends)).filter((end) => end === null || end === "ECONNRESET").length >= 57, true);
      await listener.close();
    },
  },
  {
    name: "a port in use rejects with EADDRINUSE and names it",
    async run() {
      const listener = await net.listen(LOOPBACK);
      assert(listener.address.kind === "tcp");
      await rejectsWith("EADDRINUSE", () => net.listen(listener.address), `127.0.0.1:${listener.address.port}`);
      await listener.close();
    },
  },
  {
    name: "an address of another machine rejects with EADDRNOTAVAIL",
    run: () =>
      rejectsWith("EADDRNOTAVAIL", () => net.listen({ kind: "tcp", host: "198.51.100.1", port: 0 }), "198.51.100.1:0"),
  },
  {
    name: "a port on which nothing listens rejects with ECONNREFUSED and names it",
    async run() {
      const address = await deadAddress();
      assert(address.kind === "tcp");
      await rejectsWith("ECONNREFUSED", () => net.connect(address, CONNECT_MS), `127.0.0.1:${address.port}`);
    },
  },
  {
    name: "a name that does not resolve rejects with ENOTFOUND, to connect, to listen and to resolve",
    async run() {
      const address: Address = { kind: "tcp", host: "spillway.invalid", port: 9 };
      await rejectsWith("ENOTFOUND", () => net.connect(address, 30_000), "spillway.invalid");
      await rejectsWith("ENOTFOUND", () => net.listen(address), "spillway.invalid");
      await rejectsWith("ENOTFOUND", () => net.resolve(address.host), "spillway.invalid");
    },
  },
  {
    name: "a name resolves to its addresses",
    async run() {
      const addresses = await net.resolve("localhost");
      assert(addresses.length > 0 && addresses.every((entry) => entry === "127.0.0.1" || entry === "::1"));
    },
  },
  {
    name: "a peer that does not answer rejects with ETIMEDOUT, and a connection that comes after that is closed",
    skip: process.platform === "linux" ? undefined : "needs Linux's full backlog",
    async run() {
      const deaf = deafListener();
      const before = openDescriptors();
      const address: Address = { kind: "tcp", host: "127.0.0.1", port: deaf.port };
      const connections = [];
      let failure: SystemError | undefined;
      while (failure === undefined && connections.length < 5) {
        try {
          connections.push(await net.connect(address, 300));
        } catch (e) {
          failure = e as SystemError;
        }
      }
      assertEquals(failure?.code, "ETIMEDOUT");
      assertEquals(failure?.subject, `127.0.0.1:${deaf.port}`);
      for (const connection of connections) connection.close();
      await until(() => {
        deaf.dismiss(); // now there is room for the late one, whose SYN the kernel sends again
        return openDescriptors() <= before;
      });
      deaf.close();
    },
  },
  {
    name: "a unix socket's dead file is replaced, a live one rejects with EADDRINUSE, closing removes it",
    run: () =>
      withDirectory(async (directory) => {
        const address: Address = { kind: "unix", path: `${directory}/live.sock` };
        const listener = await net.listen(address);
        await rejectsWith("EADDRINUSE", () => net.listen(address), address.path);
        const dead: Address = { kind: "unix", path: `${directory}/dead.sock` };
        await link(address.path, dead.path);
        await listener.close();
        assertEquals(await stat(address.path).catch((e) => e.code), "ENOENT");
        await rejectsWith("ECONNREFUSED", () => net.connect(dead, CONNECT_MS), dead.path);
        await withPair(async ({ client, server }) => {
          await writeAll(client, new Uint8Array([9]));
          assertEquals(await readExactly(server, 1), new Uint8Array([9]));
        }, dead);
      }),
  },
  {
    name: "a private unix socket is for its user alone, whatever the umask, which stays as it was",
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/private.sock`;
        const mask = process.umask(0o002);
        try {
          const listener = await net.listen({ kind: "unix", path }, { private: true });
          assertEquals((await stat(path)).mode & 0o7777, 0o600);
          assertEquals(process.umask(0o002), 0o002);
          await listener.close();
        } finally {
          process.umask(mask);
        }
      }),
  },
  {
    name: "a private unix socket that has a group is for the members of that as well",
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/shared.sock`;
        const group = process.geteuid!() === 0 ? 61_184 : process.getegid!();
        const listener = await net.listen({ kind: "unix", path }, { private: true, group });
        const found = await stat(path);
        assertEquals([found.mode & 0o7777, found.gid, found.uid], [0o660, group, process.geteuid!()]);
        await listener.close();
        if (process.geteuid!() === 0) return;
        // Nothing may listen on a socket that could not be given to the group.
        await rejectsWith("EPERM", () => net.listen({ kind: "unix", path }, { private: true, group: 0 }), path);
        assertEquals(await stat(path).catch(() => "gone"), "gone");
      }),
  },
  {
    name: "a file that is no socket is left alone",
    run: () =>
      withDirectory(async (directory) => {
        const path = `${directory}/precious`;
        await writeFile(path, "data");
        await rejectsWith("EADDRINUSE", () => net.listen({ kind: "unix", path }), path);
        assertEquals(await readFile(path, "utf8"), "data");
      }),
  },
  {
    name: "a unix socket in a directory that is absent rejects with ENOENT",
    async run() {
      const path = "/spillway-absent/s.sock";
      await rejectsWith("ENOENT", () => net.listen({ kind: "unix", path }), path);
      await rejectsWith("ENOENT", () => net.connect({ kind: "unix", path }, CONNECT_MS), path);
    },
  },
];
