/**
 * The connection between the route and the model's consumer: one for bytes that
 * are acknowledged, one for frames with replies.
 */
import { SystemError } from "../../../src/base/error.ts";
import type { DeliveryStream, Outgoing } from "../../../src/spool/delivery_stream.ts";
import { ReplyConfirmer } from "../../../src/target/reply_confirmer.ts";
import { Refusals } from "../../../src/target/reply_rules.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { Stream } from "./consumer.ts";
import { frameOf, lineFramer } from "./model_frames.ts";
import type { LogLine } from "./surroundings.ts";
import { recordingLog } from "./surroundings.ts";
import type { World } from "./world.ts";

/** What all ways of confirming have in common: connect, send, end. */
export abstract class Wire {
  /** Undefined while there is no connection. */
  stream: Stream | undefined;
  /** The route's side of it. */
  protected delivery!: DeliveryStream;
  #next: Promise<Outgoing | undefined> | undefined;
  /** Being written: its memory is still in use. */
  #writing: Outgoing | undefined;

  constructor(protected readonly world: World) {}

  async connect(): Promise<void> {
    if (this.stream !== undefined) return;
    const confirmed = this.world.books.position;
    const { stream: delivery, ...begun } = await this.world.begin();
    this.delivery = delivery;
    this.stream = new Stream(this.world.books, { ...begun, confirmed });
    this.begun();
    await this.world.settle();
  }

  /** The kernel takes what there is to send, at most `batches` times. */
  async send(batches: number): Promise<void> {
    for (let i = 0; i < batches && this.stream !== undefined; i++) {
      this.#written();
      this.#next ??= this.pump();
      try {
        await Promise.race([this.#next, this.world.settle()]);
      } catch (error) {
        // The frame that was refused could not be kept: the session ends.
        if (!this.world.hadFaults || !(error instanceof SystemError)) throw error;
        this.#next = undefined;
        return await this.disconnect();
      }
      if (!await this.takeNext()) return;
    }
  }

  /** Takes over what has been handed out, if that has happened. */
  protected async takeNext(): Promise<boolean> {
    const pending = Symbol();
    const outgoing = await Promise.race([this.#next, Promise.resolve(pending)]) as Outgoing | undefined | symbol;
    if (outgoing === pending) return false;
    this.#next = undefined;
    if (typeof outgoing !== "object") return true;
    const { options: { mode, sync }, journal } = this.world;
    this.stream!.take(outgoing.bytes);
    const last = this.stream!.got.at(-1)?.sequence ?? -1;
    if (mode === "always" && sync === "each") assert(last < journal.end, `frame ${last} was sent before it was synced`);
    this.#writing = outgoing;
    return true;
  }

  /** The connection ends; `told`: the route knows everything that was acknowledged. */
  async disconnect(told = true): Promise<void> {
    const { stream, world } = this;
    if (stream === undefined) return;
    await this.interrupt();
    stream.end();
    await this.endStream(stream, told);
    this.stream = undefined;
    const { books, spool } = world;
    assertEquals(books.skip(spool.confirmed), books.position, "the first unconfirmed frame");
    await world.settle();
    if (!world.faulty && world.options.maxBytes === 0) {
      assertEquals(world.spool.atRiskBytes, 0, "what is unconfirmed was not spilled");
    }
  }

  /**
   * Everything that is left is sent and confirmed. What a power loss may or may
   * not have left is awaited until no more comes.
   */
  async deliverAll(): Promise<void> {
    for (let idle = 0; idle < 20; idle++) {
      const before = this.stream?.bytes;
      await this.send(50);
      await this.confirmAll();
      if (this.stream?.bytes !== before) idle = 0;
    }
    await this.world.settle();
  }

  /** Ends a wait for something to send. */
  async interrupt(): Promise<void> {
    this.stopped();
    this.delivery?.interrupt();
    this.#written();
    (await this.#next?.catch(() => undefined))?.release();
    this.#next = undefined;
  }

  /** The route is dead, and learns nothing. The consumer reads what its kernel has. */
  async cut(): Promise<void> {
    await this.interrupt();
    this.stream?.readTo(this.stream.acknowledged);
    this.stream?.end();
    this.stream = undefined;
  }

  #written(): void {
    this.#writing?.release();
    this.#writing = undefined;
  }

  protected begun(): void {}
  protected stopped(): void {}
  protected abstract pump(): Promise<Outgoing | undefined>;
  protected abstract endStream(stream: Stream, told: boolean): Promise<void>;
  /** Everything that is unconfirmed is confirmed, and the route knows. */
  abstract confirmAll(): Promise<void>;
}

/** `acked`: the consumer's kernel acknowledges bytes. */
export class ByteWire extends Wire {
  protected pump(): Promise<Outgoing | undefined> {
    return this.delivery.next();
  }

  /**
   * A share of what is in flight is acknowledged; `told`: and the route learns
   * it. Of what is acknowledged and unread the program reads a share, and the
   * route learns of a share of that.
   */
  acknowledge(share: number, told: boolean, read = 1, known = 1): void {
    const { stream } = this;
    if (stream === undefined) return;
    stream.acknowledge(stream.acknowledged + Math.floor((stream.bytes - stream.acknowledged) * share));
    stream.read += Math.floor((stream.acknowledged - stream.read) * read);
    stream.readTo(stream.read);
    if (!told) return;
    stream.tell(stream.acknowledged);
    stream.knownRead += Math.floor((stream.read - stream.knownRead) * known);
    this.world.noteRead(stream.sequenceAt(stream.knownRead));
    this.delivery.confirmBytes(stream.acknowledged, stream.knownRead);
  }

  protected async endStream(stream: Stream, told: boolean): Promise<void> {
    if (told) stream.tell(stream.acknowledged);
    const { mayBeLostBytes } = await this.delivery.end({
      read: Math.min(stream.told, stream.knownRead),
      confirmed: stream.told,
      written: stream.bytes,
    });
    this.world.saidLost = mayBeLostBytes;
  }

  confirmAll(): Promise<void> {
    this.acknowledge(1, true);
    return Promise.resolve();
  }
}

export const ATTEMPTS = 3;
const GOOD = "+\n";
const BAD = "-\n";

/** `reply`: the consumer sends replies, good or bad. */
export class ReplyWire extends Wire {
  #confirmer!: ReplyConfirmer;
  /** As the route counts: for as long as a process lives. */
  #refusals = new Refusals();
  #counted = new Map<number, number>();
  #run = 0;

  constructor(world: World, private readonly window: number) {
    super(world);
  }

  protected override begun(): void {
    const { spool, pool, clock, books } = this.world;
    if (this.#run !== books.run) {
      this.#refusals = new Refusals();
      this.#counted.clear();
      this.#run = books.run;
    }
    const ok = /^\+/;
    this.#confirmer = new ReplyConfirmer({
      stream: this.delivery,
      sink: spool,
      pool,
      clock,
      log: recordingLog((line) => this.#logged(line)),
      rules: { framer: lineFramer, timeoutMs: 1e9, ok, attempts: ATTEMPTS, window: this.window },
      refusals: this.#refusals,
      replies: undefined,
    });
  }

  protected override async pump(): Promise<Outgoing | undefined> {
    const room = await this.#confirmer.room();
    return room === 0 ? undefined : await this.delivery.next(room);
  }

  /** The consumer replies to at most `count` frames; the reply with the index `bad` is a bad one. */
  async reply(count: number, bad: number | undefined): Promise<void> {
    await this.world.settle();
    const first = Math.ceil(count / 3);
    await this.#replyAtOnce(first, bad);
    await this.#replyAtOnce(count - first, bad === undefined ? undefined : bad - first);
  }

  async #replyAtOnce(count: number, bad: number | undefined): Promise<void> {
    const { stream } = this;
    if (stream === undefined || !await this.#upToDate()) return;
    let text = "";
    const due = Math.min(count, stream.got.length - stream.replied);
    for (let i = 0; i < due; i++) {
      const good = i !== bad;
      text += good ? GOOD : BAD;
      const sequence = stream.reply(good);
      if (!good && sequence !== undefined) this.#refuse(sequence);
    }
    if (text === "") return;
    const bytes = new TextEncoder().encode(text);
    for (const piece of [bytes.subarray(0, 1), bytes.subarray(1)]) {
      this.#confirmer.received(piece);
      await this.#confirmer.readable();
    }
  }

  /** Takes what has been handed out: the route counts it as in flight. */
  async #upToDate(): Promise<boolean> {
    try {
      await this.takeNext();
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return false;
    }
  }

  #refuse(sequence: number): void {
    const count = (this.#counted.get(sequence) ?? 0) + 1;
    this.#counted.set(sequence, count);
    assert(count <= ATTEMPTS || this.world.hadFaults, `frame ${sequence} is refused for the ${count}th time`);
  }

  #logged({ message, fields }: LogLine): void {
    if (message !== "a frame was refused too often, it is in quarantine") return;
    const sequence = fields.sequence as number;
    assert((this.#counted.get(sequence) ?? 0) >= ATTEMPTS, `frame ${sequence} was not refused so often`);
    const { books } = this.world;
    const kept = this.world.quarantined(sequence, fields.path);
    assertEquals(kept, frameOf(books.log[sequence].id), "the frame in quarantine");
    books.refused(sequence);
  }

  protected override stopped(): void {
    this.#confirmer?.stop();
  }

  protected async endStream(stream: Stream): Promise<void> {
    this.#confirmer.wrote(stream.bytes);
    await this.#confirmer.end();
  }

  async confirmAll(): Promise<void> {
    await this.reply(Number.MAX_SAFE_INTEGER, undefined);
  }
}
