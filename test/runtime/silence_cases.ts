/** Whether a peer's kernel answers: a closed window is no silence, a cut link is. */
import { SystemError } from "../../src/base/error.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { Connection } from "../../src/runtime/net.ts";
import type { Case } from "./contract.ts";
import { lackOfNamespaces, withCutPair } from "./cut_link.ts";
import { backoff } from "./libc.ts";
import { fill, openDescriptors, readExactly, settle, until, withPair, writeAll } from "./sockets.ts";

const linuxOnly = process.platform === "linux" ? undefined : "TCP_INFO is Linux's";
const noNamespaces = lackOfNamespaces();

/**
 * The first probes of a closed window come every few hundred ms, and the peer's
 * kernel answers at most every 500 (tcp_invalid_ratelimit), so one may wait for
 * the next: 400 + 800 ms at most with Linux's least timeout, and some slack.
 */
const UNANSWERED_MS_MAX = 2_000;

async function drain(connection: Connection): Promise<void> {
  while (await connection.read(new Uint8Array(16)) !== null);
}

/** What the peer of a connection sees that was held and closed on a cut link, and reset when that is back: `FIN` or an error. */
async function endOfHeld(): Promise<string> {
  let end = "FIN";
  await withCutPair(async ({ client, server, cut, join, dial }) => {
    const before = openDescriptors();
    await writeAll(client, new Uint8Array([1]));
    await readExactly(server, 1);
    cut();
    await writeAll(client, new Uint8Array([2]));
    await until(() => client.unanswered() === true);
    const reset = client.holdForReset();
    client.close();
    assertEquals(client.holdForReset(), undefined);
    join();
    const next = await dial();
    reset!();
    await drain(server).catch((error: SystemError) => end = error.code);
    next.close();
    server.close();
    await until(() => openDescriptors() < before);
  });
  return end;
}

export const silenceCases: Case[] = [
  {
    name: "a peer that is idle, or reads, leaves nothing unanswered",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        assertEquals(client.unanswered(), false);
        await writeAll(client, new Uint8Array(1000));
        await readExactly(server, 1000);
        assertEquals(client.unanswered(), false);
        assertEquals(server.unanswered(), false);
      }),
  },
  {
    name: "a peer that keeps its window closed answers the kernel's probes",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        server.pause("long");
        const { rest } = await fill(client, new Uint8Array(1 << 20));
        rest.catch(() => {});
        let [longestMs, answeredMs] = [0, performance.now()];
        const look = () => {
          const now = performance.now();
          if (client.unanswered() === false) answeredMs = now;
          longestMs = Math.max(longestMs, now - answeredMs);
        };
        await until(() => {
          look();
          return backoff(client) >= 3; // three probes in a row, 1.5 s
        });
        await until(() => client.unanswered() === false);
        assert(longestMs < UNANSWERED_MS_MAX, `unanswered for ${longestMs} ms`);
      }),
  },
  {
    name: "unanswered is true while the link to the peer is cut with bytes in flight, and false after it",
    skip: noNamespaces,
    run: () =>
      withCutPair(async ({ client, server, cut, join }) => {
        await writeAll(client, new Uint8Array(1));
        await readExactly(server, 1);
        assertEquals(client.unanswered(), false);
        cut();
        await writeAll(client, new Uint8Array([7]));
        await until(() => client.unanswered() === true);
        await settle();
        assertEquals(client.unanswered(), true);
        join();
        assertEquals(await readExactly(server, 1), new Uint8Array([7]));
        await until(() => client.unanswered() === false);
      }),
  },
  {
    name: "unanswered is true while the link to a peer with a closed window is cut, and false after it",
    skip: noNamespaces,
    run: () =>
      withCutPair(async ({ client, server, cut, join }) => {
        server.pause("long");
        const { rest } = await fill(client, new Uint8Array(1 << 20));
        rest.catch(() => {});
        await until(() => backoff(client) > 0 && client.unanswered() === false);
        cut();
        await until(() => client.unanswered() === true);
        const asked = backoff(client);
        await until(() => {
          assertEquals(client.unanswered(), true);
          return backoff(client) > asked;
        });
        join();
        await until(() => client.unanswered() === false);
      }),
  },
  {
    name:
      "a silent peer's connection that was held and closed is reset when the link is back, and leaves no descriptor",
    skip: noNamespaces,
    async run() {
      // The kernel asks again twice a second: where that is faster than we, the FIN comes first, and it is tried again.
      for (let tries = 1; await endOfHeld() !== "ECONNRESET"; tries++) assert(tries < 10, "never a reset");
    },
  },
  {
    name: "a connection that was reset, or closed, leaves nothing unanswered",
    skip: linuxOnly,
    run: () =>
      withPair(async ({ client, server }) => {
        assertEquals(client.unanswered(), false);
        server.close();
        await client.read(new Uint8Array(1)).catch(() => {});
        assert(client.unanswered() !== true);
        client.close();
        assertEquals(client.unanswered(), undefined);
      }),
  },
];
