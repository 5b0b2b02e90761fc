/** A backlog to drain, made once by Spillway itself and used again and again. */
import { segmentNames } from "../../../test/e2e/rig/journal_files.ts";
import { journalOf, spillwayCommand, type SpillwayOptions, untilSpilled } from "../peers/spillway.ts";
import { type Payload, prepareFrames } from "../payloads.ts";
import type { SinkReport } from "./sink.ts";
import { limitMs, reportOf, Stage } from "./stage.ts";

/**
 * Fills `directory`/journal with `bytes` of frames, undelivered ones, or where a
 * `retain` is given delivered and retained ones, and stops cleanly. Returns the
 * journal's path.
 */
export async function prepareJournal(
  options: SpillwayOptions,
  directory: string,
  payload: Payload,
  bytes: number,
): Promise<string> {
  const stage = new Stage(directory);
  return await stage.run(async () => {
    const relay = stage.measure("spillway", spillwayCommand(options, payload, stage.ports, directory));
    await reportOf(await stage.load({ payload, bytes }), bytes);
    await untilSpilled(stage, bytes);
    if (options.retain !== undefined) await (await stage.sink({ bytes })).json<SinkReport>(1, limitMs(bytes));
    if (await relay.stop() !== 0) throw new Error("spillway did not stop cleanly");
    return journalOf(directory);
  });
}

/**
 * A second journal with the same content. Sealed segments never change, so they
 * are hard links, which are in the page cache already; the files that the daemon
 * writes to (newest segment, cursor) are copied.
 */
export function cloneJournal(from: string, to: string): void {
  Deno.mkdirSync(to, { mode: 0o700 });
  for (const name of segmentNames(from).slice(0, -1)) Deno.linkSync(`${from}/${name}`, `${to}/${name}`);
  const newest = segmentNames(from).at(-1)!;
  for (const name of [newest, "cursor"]) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
}

/** A file of as many bytes of the same frames, for other programs. Returns its path. */
export function prepareFile(directory: string, payload: Payload, bytes: number): string {
  const path = `${directory}/frames`;
  const { buffer } = prepareFrames(payload);
  using file = Deno.openSync(path, { create: true, write: true });
  for (let written = 0; written < bytes;) {
    const offset = written % buffer.length;
    written += file.writeSync(buffer.subarray(offset, Math.min(buffer.length, offset + bytes - written)));
  }
  return path;
}
