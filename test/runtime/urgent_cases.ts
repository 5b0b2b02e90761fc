/** A byte that a peer sends as urgent data (MSG_OOB) is a byte of the stream, and what stands behind it is not held back. */
import type { Address, Connection } from "../../src/runtime/net.ts";
import { assertEquals } from "../support/assert.ts";
import type { Case } from "./contract.ts";
import { withDirectory } from "./directory.ts";
import { hasUnixUrgent, type Made, sendUrgent } from "./libc.ts";
import { fill, LOOPBACK, readExactly, withPair, writeAll } from "./sockets.ts";

const linuxOnly = process.platform === "linux" ? undefined : "needs Linux";

interface Kind {
  readonly name: string;
  readonly skip?: string;
  /** Runs `action` with an address to listen on. */
  at(action: (address: Address) => Promise<void>): Promise<void>;
}

const kinds: Kind[] = [
  { name: "over TCP", skip: linuxOnly, at: (action) => action(LOOPBACK) },
  {
    name: "over a unix socket",
    skip: linuxOnly ?? (hasUnixUrgent() ? undefined : "this kernel has no urgent data on unix sockets"),
    at: (action) => withDirectory((directory) => action({ kind: "unix", path: `${directory}/s.sock` })),
  },
];

/** Runs `action` for each end of a new connection as the one that sends. */
async function eachWay(
  address: Address,
  action: (from: Connection, made: Made, to: Connection) => Promise<void>,
): Promise<void> {
  await withPair(({ client, server }) => action(client, "dialled", server), address);
  await withPair(({ client, server }) => action(server, "accepted", client), address);
}

/** Sends all of it before anything is read; the bytes in capitals are urgent. */
async function send(from: Connection, made: Made, text: string): Promise<void> {
  for (const byte of new TextEncoder().encode(text)) {
    if (byte < 0x61) sendUrgent(from, made, byte);
    else await writeAll(from, Uint8Array.of(byte));
  }
}

async function textOf(connection: Connection, length: number): Promise<string> {
  return new TextDecoder().decode(await readExactly(connection, length));
}

export const urgentCases: Case[] = kinds.flatMap(({ name, skip, at }): Case[] => [
  {
    name: `${name} an urgent byte and what follows it are read though nothing more comes`,
    skip,
    run: () =>
      at((address) =>
        eachWay(address, async (from, made, to) => {
          await send(from, made, "aBc");
          // The buffer has room for more, so no read can know that the queue is not empty.
          const buffer = new Uint8Array(100);
          let text = "";
          while (text.length < 3) {
            const count = await to.read(buffer);
            text += new TextDecoder().decode(buffer.subarray(0, count!));
          }
          assertEquals(text, "aBc");
        })
      ),
  },
  {
    name: `${name} urgent bytes are read in their places: the first, the last, several, before the end`,
    skip,
    run: () =>
      at((address) =>
        eachWay(address, async (from, made, to) => {
          for (const text of ["Abc", "abC", "aBcDeF", "aBCDef", "A"]) {
            await send(from, made, text);
            assertEquals(await textOf(to, text.length), text);
          }
          await send(from, made, "aBc");
          await from.closeWrite();
          assertEquals(await textOf(to, 3), "aBc");
          assertEquals(await to.read(new Uint8Array(1)), null);
        })
      ),
  },
  {
    name: `${name} a reader that waits when each urgent byte comes is given all of them`,
    skip,
    run: () =>
      at((address) =>
        eachWay(address, async (from, made, to) => {
          const text = "abCdefGhI".repeat(20);
          const [read] = await Promise.all([textOf(to, text.length), send(from, made, text)]);
          assertEquals(read, text);
        })
      ),
  },
  {
    name: `${name} what follows an urgent byte is read also where the peer has not read what was sent to it`,
    skip,
    run: () =>
      at((address) =>
        eachWay(address, async (from, made, to) => {
          const { taken, rest } = await fill(to, new Uint8Array(8 << 20));
          await send(from, made, "aBc");
          const reading = textOf(to, 3);
          // A unix socket hears nothing new before its peer has read most of what was sent to it.
          await readExactly(from, taken);
          await readExactly(from, await rest);
          assertEquals(await reading, "aBc");
        })
      ),
  },
  {
    name: `${name} a connection that is closed behind an urgent byte ends like any other`,
    skip,
    run: () =>
      at((address) =>
        eachWay(address, async (from, made, to) => {
          await send(from, made, "aBc");
          const buffer = new Uint8Array(100);
          await to.read(buffer);
          to.close();
        })
      ),
  },
]);
