/** Connections of which the kernel has megabytes, in whichever turns a runtime reads them, and however they end. */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { SystemError } from "../../src/base/error.ts";
import type { Connection } from "../../src/runtime/net.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type Case, runtime } from "./contract.ts";
import { withDirectory } from "./directory.ts";
import { abort } from "./libc.ts";
import {
  accepted,
  CONNECT_MS,
  digestOf,
  LOOPBACK,
  patternOf,
  readExactly,
  settle,
  withPair,
  writeAll,
} from "./sockets.ts";

const linuxOnly = process.platform === "linux" ? undefined : "needs what Linux tells of its queues";
const MIB = 1 << 20;
/** How much the kernel is given at once: more than what one connection may read while others wait. */
const BULK_BYTES = 2 * MIB;
const READ_BYTES = 300_000;
/** What every stream repeats, of a length that no buffer divides; from each offset in it there is a read's length. */
const PERIOD = 1_000_003;
const PATTERN = patternOf(PERIOD, 12);
const STREAM = new Uint8Array(PERIOD + READ_BYTES);
STREAM.set(PATTERN);
STREAM.set(PATTERN.subarray(0, READ_BYTES), PERIOD);

class Stream {
  written = 0;
  read = 0;
  readonly #buffer = new Uint8Array(READ_BYTES);

  constructor(readonly from: Connection, readonly to: Connection) {}

  /** Bytes that have arrived in the kernel of the reading end. */
  get arrived(): number {
    return this.written - this.from.unacknowledgedBytes()!;
  }

  /** One read, whose bytes must be the next ones of the stream; false at its end. */
  async next(): Promise<boolean> {
    const count = await this.to.read(this.#buffer);
    if (count === null) return false;
    const offset = this.read % PERIOD;
    const isNext = Buffer.compare(this.#buffer.subarray(0, count), STREAM.subarray(offset, offset + count)) === 0;
    assert(isNext, `a hole, or another order, in ${count} bytes from ${this.read} on`);
    this.read += count;
    return true;
  }

  async toEnd(): Promise<void> {
    while (await this.next());
  }

  /** Where the runtime writes at once, nothing is read meanwhile. */
  async write(bytes: number): Promise<void> {
    for (const end = this.written + bytes; this.written < end;) {
      const offset = this.written % PERIOD;
      this.written += await this.from.write(PATTERN.subarray(offset, offset + end - this.written));
    }
  }

  /** Transfers until the kernel has room for {@link BULK_BYTES}: it makes room for connections that are read fast. */
  async widen(): Promise<void> {
    while (this.from.peerWindow()!.bytes! < BULK_BYTES) {
      const end = this.written + MIB;
      const reading = (async () => {
        while (this.read < end) await this.next();
      })();
      await Promise.all([this.write(MIB), reading]);
    }
  }
}

/** Gives each of `count` streams `bytes` while its first read waits, and runs `action` with them. */
async function withStreams(
  count: number,
  action: (streams: Stream[], firstReads: Promise<boolean>[]) => Promise<void>,
  bytes: number = BULK_BYTES,
): Promise<void> {
  const listener = await runtime.net.listen(LOOPBACK);
  const streams: Stream[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const from = await runtime.net.connect(listener.address, CONNECT_MS);
      streams.push(new Stream(from, await accepted(listener)));
      await streams[i].widen();
    }
    const firstReads = streams.map((stream) => stream.next());
    for (const stream of streams) await stream.write(bytes);
    await action(streams, firstReads);
  } finally {
    for (const { from, to } of streams) {
      from.close();
      to.close();
    }
    await listener.close();
  }
}

/** Runs `action` with a stream of which so many reads are done: none, some of one turn, some of several turns. */
async function atEachRead(action: (stream: Stream, firstRead: Promise<boolean>) => Promise<void>): Promise<void> {
  for (let reads = 0; reads < 6; reads++) {
    await withStreams(1, async ([stream], [firstRead]) => {
      if (reads > 0) await firstRead;
      for (let i = 1; i < reads; i++) await stream.next();
      await action(stream, firstRead);
    });
  }
}

export const bulkCases: Case[] = [
  {
    name:
      "megabytes that had arrived before an RST are read to the last byte while they are being read, then the reset",
    skip: linuxOnly,
    run: () =>
      atEachRead(async (stream, firstRead) => {
        const { arrived } = stream;
        abort(stream.from);
        await firstRead;
        assertEquals((await assertRejects(() => stream.toEnd(), SystemError)).code, "ECONNRESET");
        assert(stream.read >= arrived, `${stream.read} bytes of ${arrived} that had arrived`);
        await assertRejects(() => stream.next(), SystemError);
      }),
  },
  {
    name: "megabytes that had arrived before an RST that a write meets first are read to the last byte",
    skip: linuxOnly,
    run: () =>
      atEachRead(async (stream, firstRead) => {
        const { arrived } = stream;
        abort(stream.from);
        await assertRejects(() => stream.to.write(new Uint8Array(10)), SystemError);
        await firstRead;
        const { code } = await assertRejects(() => stream.toEnd(), SystemError);
        assert(/ECONNRESET|EPIPE/.test(code), code);
        assert(stream.read >= arrived, `${stream.read} bytes of ${arrived} that had arrived`);
      }),
  },
  {
    name: "the end that comes right after a large read, before the next one, is told as what it is: a reset or a FIN",
    skip: linuxOnly,
    run: () =>
      withStreams(2, async ([reset, closed], firstReads) => {
        await Promise.all(firstReads);
        abort(reset.from);
        await closed.from.closeWrite();
        assertEquals((await assertRejects(() => reset.toEnd(), SystemError)).code, "ECONNRESET");
        assertEquals((await assertRejects(() => reset.next(), SystemError)).code, "ECONNRESET");
        await closed.toEnd();
        assertEquals([closed.read, await closed.next()], [closed.written, false]);
      }, READ_BYTES / 2),
  },
  ...(["TCP", "a unix socket"] as const).map((kind): Case => ({
    name:
      `over ${kind} megabytes before a FIN are read to the last byte, the end is told each time, and a reply arrives`,
    run: () =>
      withDirectory(async (directory) => {
        const bytes = patternOf(24 * MIB, 13);
        const reply = patternOf(50_000, 14);
        await withPair(async ({ client, server }) => {
          const writing = writeAll(client, bytes).then(() => client.closeWrite());
          assertEquals(await digestOf(server, READ_BYTES), { bytes: bytes.length, crc: crc32(bytes) });
          await writing;
          await settle();
          for (let i = 0; i < 3; i++) assertEquals(await server.read(new Uint8Array(10)), null);
          await writeAll(server, reply);
          assertEquals(crc32(await readExactly(client, reply.length)), crc32(reply));
        }, kind === "TCP" ? LOOPBACK : { kind: "unix", path: `${directory}/s.sock` });
      }),
  })),
  {
    name: "no connection that has much to read keeps the others waiting for more than 1 MiB",
    skip: linuxOnly,
    run: () =>
      withStreams(3, async (streams, firstReads) => {
        let [last, inARow, most] = [streams[0], 0, 0];
        await Promise.all(streams.map(async (stream, i) => {
          let before = stream.read;
          for (let next = firstReads[i]; await next; next = stream.next()) {
            inARow = (last === stream ? inARow : 0) + stream.read - before;
            before = stream.read;
            last = stream;
            // It counts while there is another one that waits.
            if (streams.some((other) => other !== stream && other.read < other.written)) most = Math.max(most, inARow);
            if (stream.read === stream.written) break;
          }
        }));
        assert(most > 0 && most <= MIB, `${most} bytes in a row`);
      }),
  },
  ...[READ_BYTES / 2, BULK_BYTES].map((bytes): Case => ({
    name: `a connection that was reset behind ${bytes} bytes is not read any more when its descriptor is another one's`,
    skip: linuxOnly,
    run: () =>
      withStreams(1, async ([stream], [firstRead]) => {
        const listener = await runtime.net.listen(LOOPBACK);
        await firstRead;
        abort(stream.from);
        await assertRejects(() => stream.toEnd(), SystemError);
        const others: Connection[] = [];
        for (let i = 0; i < 8; i++) {
          others.push(await runtime.net.connect(listener.address, CONNECT_MS), await accepted(listener));
        }
        const sent = patternOf(50_000, 15);
        for (const each of others) await writeAll(each, sent);
        for (let i = 0; i < 3; i++) await assertRejects(() => stream.next(), SystemError);
        for (const each of others) {
          assertEquals(crc32(await readExactly(each, sent.length)), crc32(sent));
          each.close();
        }
        await listener.close();
      }, bytes),
  })),
];
