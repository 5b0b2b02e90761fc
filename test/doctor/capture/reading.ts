/** Captures of tests read as the command reads them. */
import { type CaptureReport, reportOf } from "../../../src/doctor/capture/capture_report.ts";
import type { EndReport } from "../../../src/doctor/capture/connection_report.ts";
import { type CaptureInput, readCapture, type ReadCaptureOptions } from "../../../src/doctor/capture/read_capture.ts";
import { captureFile, type CaptureOptions } from "./capture_files.ts";
import type { TcpPacket } from "./packets.ts";

/** What comes as a pipe gives it: at most so many bytes at a time, in turn. */
export function inputOf(bytes: Uint8Array, pieces: readonly number[] = [Number.POSITIVE_INFINITY]): CaptureInput {
  let at = 0;
  let turn = 0;
  return {
    name: "test",
    read(into) {
      const count = Math.min(pieces[turn++ % pieces.length], into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count);
    },
  };
}

export async function reportOn(
  bytes: Uint8Array,
  options: ReadCaptureOptions = {},
  pieces?: readonly number[],
): Promise<CaptureReport> {
  return reportOf(await readCapture(inputOf(bytes, pieces), options), "test");
}

export function reportOnPackets(packets: readonly TcpPacket[], options?: CaptureOptions): Promise<CaptureReport> {
  return reportOn(captureFile(packets, options));
}

/** The end with this address of the first connection that has it. */
export function endOf({ connections }: CaptureReport, address: string): EndReport {
  const found = connections.flatMap(({ ends }) => ends).find((end) => end.address === address);
  if (found === undefined) throw new Error(`no end ${address}`);
  return found;
}
