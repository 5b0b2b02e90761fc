/** What the socket cases share: connected pairs, streams that can be checked, and waiting without a clock. */
import { readdirSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { Address, Connection, Listener } from "../../src/runtime/net.ts";
import { runtime } from "./contract.ts";

export const LOOPBACK: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };
export const CONNECT_MS = 5000;

export interface Pair {
  readonly client: Connection;
  readonly server: Connection;
  readonly listener: Listener;
}

/** Runs `action` with a connected pair and closes what it leaves open. */
export async function withPair(action: (pair: Pair) => Promise<void>, address: Address = LOOPBACK): Promise<void> {
  const listener = await runtime.net.listen(address);
  try {
    const client = await runtime.net.connect(listener.address, CONNECT_MS);
    try {
      const server = await accepted(listener);
      try {
        await action({ client, server, listener });
      } finally {
        server.close();
      }
    } finally {
      client.close();
    }
  } finally {
    await listener.close();
  }
}

/** The listener's next connection, which must come. */
export async function accepted(listener: Listener): Promise<Connection> {
  const connection = await listener.accept();
  if (connection === null) throw new Error("the listener is closed");
  return connection;
}

export async function writeAll(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

/** Reads exactly `count` bytes. */
export async function readExactly(connection: Connection, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let done = 0; done < count;) {
    const got = await connection.read(bytes.subarray(done));
    if (got === null) throw new Error(`end of stream after ${done} of ${count} bytes`);
    done += got;
  }
  return bytes;
}

/** Length and checksum of everything up to the end of the stream. */
export async function digestOf(connection: Connection, bufferBytes = 1 << 16): Promise<{ bytes: number; crc: number }> {
  const buffer = new Uint8Array(bufferBytes);
  let bytes = 0;
  let crc = 0;
  for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
    crc = crc32(buffer.subarray(0, count), crc);
    bytes += count;
  }
  return { bytes, crc };
}

/** Bytes that differ everywhere, so that a swap or a repeat changes the checksum. */
export function patternOf(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0, state = seed; i < words.length; i++) {
    words[i] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** Lets everything happen that is about to happen: some turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Whether the promise has an outcome after {@link settle}. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  promise.then(() => pending = false, () => pending = false);
  await settle();
  return pending;
}

/** Waits until `condition` holds; the case's own limit ends a vain wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Writes until the kernel takes no more. Returns how much it took and the write that waits. */
export async function fill(
  connection: Connection,
  bytes: Uint8Array,
): Promise<{ taken: number; rest: Promise<number> }> {
  for (let taken = 0;;) {
    const write = connection.write(bytes.subarray(taken % bytes.length));
    if (await isPending(write)) return { taken, rest: write };
    taken += await write;
  }
}

/** Why {@link openDescriptors} cannot be had here, if it cannot. */
export const noProc = process.platform === "linux" ? undefined : "needs /proc";

/** How many files and sockets this process has open. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
