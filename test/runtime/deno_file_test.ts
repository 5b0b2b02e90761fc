/** Files on Deno: calls that take or give only a part, seeks, and small parts that share a call. */
import { DenoFile } from "../../src/runtime/deno/file.ts";
import { assertEquals } from "../support/assert.ts";

/** A file in memory that takes and gives at most 5 bytes a call, and counts seeks. */
class ShortFile {
  readonly bytes = new Uint8Array(100);
  position = 0;
  seeks = 0;
  calls = 0;

  seekSync(position: number): number {
    this.seeks++;
    return this.position = position;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.calls++;
    const taken = bytes.subarray(0, 5);
    this.bytes.set(taken, this.position);
    this.position += taken.length;
    return Promise.resolve(taken.length);
  }

  read(into: Uint8Array): Promise<number | null> {
    this.calls++;
    const given = this.bytes.subarray(this.position, Math.min(this.position + 5, this.position + into.length));
    into.set(given);
    this.position += given.length;
    return Promise.resolve(given.length === 0 ? null : given.length);
  }
}

const bytesFrom = (first: number, count: number) => Uint8Array.from({ length: count }, (_, i) => first + i);

Deno.test("short writes and short reads are continued where they stopped", async () => {
  const short = new ShortFile();
  const file = new DenoFile(short as unknown as Deno.FsFile, "short");
  await file.writeAt([bytesFrom(1, 13)], 2);
  assertEquals(short.bytes.subarray(0, 16), Uint8Array.from([0, 0, ...bytesFrom(1, 13), 0]));
  const into = new Uint8Array(13);
  assertEquals(await file.readAt(into, 2), 13);
  assertEquals(into, bytesFrom(1, 13));
});

Deno.test("appends that follow each other need no seek, and small parts share a call", async () => {
  const short = new ShortFile();
  const file = new DenoFile(short as unknown as Deno.FsFile, "short");
  await file.writeAt([bytesFrom(1, 2), bytesFrom(3, 3)], 0);
  await file.writeAt([bytesFrom(6, 5)], 5);
  assertEquals([short.seeks, short.calls], [0, 2]);
  await file.writeAt([bytesFrom(1, 1)], 0);
  assertEquals(short.seeks, 1);
  assertEquals(short.bytes.subarray(0, 11), Uint8Array.from([...bytesFrom(1, 10), 0]));
});
