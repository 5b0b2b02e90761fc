/** The rig's frames in a journal, read from outside as any tool would. */
import { createFramer } from "../../../src/framing/framing.ts";
import { scanJournal } from "../../support/scan_journal.ts";
import { denoRuntime } from "../../../src/runtime/deno/runtime.ts";
import { frameFormat } from "../../peers/frames.ts";

/** The producer's numbers of all frames in a journal of lines of this size; damage is a failure here. */
export async function framesIn(directory: string, lineBytes: number): Promise<number[]> {
  const framer = createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 2 ** 20 });
  const format = frameFormat({ kind: "line", size: lineBytes });
  const sequences: number[] = [];
  for await (const found of scanJournal(denoRuntime.files, directory, framer)) {
    if (found.kind === "damage") throw new Error(`${found.segment} is damaged at ${found.offset}`);
    if (found.kind !== "record") continue;
    const { payload } = found;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    for (let start = 0; start < payload.length; start += lineBytes) {
      const frame = format.check(payload, view, start, payload.length);
      if (frame.size !== lineBytes) throw new Error(`no frame at ${start} of the record at ${found.offset}`);
      sequences.push(frame.sequence);
    }
  }
  return sequences;
}
