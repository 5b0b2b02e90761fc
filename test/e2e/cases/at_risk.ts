/**
 * kill -9 while memory fills: what that costs, against what the next start says
 * of it. The consumer takes connections and reads nothing, so that nothing but
 * the kill moves anything; producers send as fast as they can.
 *
 * What the relay had read is known to the byte: what the kernel took from the
 * producers, less what stands in the queues of both ends of their connections
 * while the relay is stopped.
 */
import { assert } from "../../support/assert.ts";
import { loopback } from "../../peers/address.ts";
import { frameFormat } from "../../peers/frames.ts";
import { TCP_ESTABLISHED, type TcpRow, tcpRows } from "../../peers/kernel_queues.ts";
import { framesIn } from "../rig/journal_frames.ts";
import { freePorts } from "../rig/ports.ts";
import type { Scene } from "../rig/scene.ts";
import { pause, until } from "../rig/wait.ts";

export interface AtRiskSetting {
  readonly mode: "overflow" | "always";
  /** `reply`: nothing is ever confirmed; `acked`: what fits the consumer's kernel is. */
  readonly confirm: "reply" | "acked";
  readonly producers: number;
}

export interface AtRiskOutcome {
  readonly lostBytes: number;
  /** The most that may be lost, in bytes, as the next start says. */
  readonly saidBytes: number;
}

const LINE_BYTES = 512;
const CHUNK_BYTES = 256 * LINE_BYTES;
/** A kill comes when the kernel has taken at most this number of bytes, and a little later. */
const MOMENT_BYTES = 12 * 2 ** 20;
const MOMENT_MS = 10;

/** One kill, at a random moment. */
export async function killAtRisk(scene: Scene, name: string, setting: AtRiskSetting): Promise<AtRiskOutcome> {
  const [source, target] = freePorts(2);
  const directory = `${scene.directory}/${name}`;
  const routes = [{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, confirm: setting.confirm },
    journal: { dir: directory, mode: setting.mode },
  }];
  const consumer = scene.consumer({
    listen: loopback(target),
    frames: { kind: "line", size: LINE_BYTES },
    frozen: true,
  });
  const relay = await scene.spillway(routes, { name: `${name}-killed` }).listening(source);
  const flood = new Flood(source, setting.producers);
  scene.defer(() => flood.stop());
  const bytes = Math.random() * MOMENT_BYTES;
  await until("the producers have sent that much", () => flood.written > bytes, { everyMs: 1 });
  await pause(Math.random() * MOMENT_MS); // any moment will do

  relay.freeze();
  // Nothing from here to the figures awaits: what was written is what the kernel has.
  const rows = settledRows();
  const queued = bytesIn(rows, (row) => row.remotePort === source, "txQueue") +
    bytesIn(rows, (row) => row.localPort === source, "rxQueue");
  const read = flood.written - queued;
  const delivered = bytesIn(rows, (row) => row.localPort === target, "rxQueue");
  await relay.kill();
  await flood.stop();
  await consumer.stop();
  const journaled = (await framesIn(directory, LINE_BYTES)).length * LINE_BYTES;

  const next = await scene.spillway(routes, { name: `${name}-next` }).listening(source);
  const said = await next.saying(/"the last run did not stop cleanly"/);
  await next.stop();
  await Deno.remove(directory, { recursive: true });
  // What is in the journal begins before what was delivered: the two overlap, and one has all of it.
  return { lostBytes: read - Math.max(journaled, delivered), saidBytes: Number(said.at_risk_bytes) };
}

/** What arrived may count at both ends until it is acknowledged, which can take 40 ms. */
function settledRows(): TcpRow[] {
  const block = new Int32Array(new SharedArrayBuffer(4));
  for (let before = "", same = 0;;) {
    const rows = tcpRows().filter(({ state }) => state === TCP_ESTABLISHED);
    const now = JSON.stringify(rows);
    same = now === before ? same + 1 : 0;
    if (same === 5) return rows;
    before = now;
    Atomics.wait(block, 0, 0, 20);
  }
}

function bytesIn(rows: readonly TcpRow[], which: (row: TcpRow) => boolean, queue: "txQueue" | "rxQueue"): number {
  return rows.filter(which).reduce((sum, row) => sum + row[queue], 0);
}

/** Producers that write lines as fast as they are taken. */
class Flood {
  /** Bytes that the kernel has taken. */
  written = 0;
  readonly #connections: Deno.Conn[] = [];
  readonly #ended: Promise<unknown>;

  constructor(port: number, count: number) {
    this.#ended = Promise.allSettled(Array.from({ length: count }, (_, producer) => this.#write(port, producer)));
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections.splice(0)) connection.close();
    await this.#ended;
  }

  async #write(port: number, producer: number): Promise<never> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#connections.push(connection);
    const format = frameFormat({ kind: "line", size: LINE_BYTES });
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let sequence = 0;;) {
      for (let at = 0; at < chunk.length; sequence++) at = format.write(chunk, at, producer, sequence);
      for (let from = 0; from < chunk.length;) {
        const count = await connection.write(chunk.subarray(from));
        assert(count > 0);
        this.written += count;
        from += count;
      }
    }
  }
}
