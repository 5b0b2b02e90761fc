/**
 * `reply`: the consumer replies to every frame with one frame of `reply_framing`,
 * in order; the n-th reply confirms the n-th frame of the connection.
 *
 * A bad reply means that the frame is refused. The frame is sent again, and so is
 * everything after it, on the same connection: first the replies to what was in
 * flight behind it are awaited, and those count for nothing. After
 * `reply_attempts` bad replies the frame goes to quarantine and the next one
 * follows.
 *
 * Where replies are forwarded and the producer does not read them, no more of
 * them are taken: the connection waits, and no time-out of the consumer runs.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { formatDuration } from "../base/quantity.ts";
import type { Log } from "../base/log.ts";
import { frameContent } from "../framing/framing.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { StreamOutcome } from "../spool/frame_feed.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import { ReplyBuffer } from "./reply_buffer.ts";
import type { Refusals, RefusalSink, ReplyRules } from "./reply_rules.ts";

export interface ReplyConfirmerOptions {
  readonly stream: DeliveryStream;
  /** Where the connection's frames come from, and where refused ones go. */
  readonly sink: RefusalSink;
  /** Memory for replies that are not whole. */
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: ReplyRules;
  readonly refusals: Refusals;
  /** Where replies are forwarded to; undefined: they are discarded. */
  readonly replies: ReplySink | undefined;
}

/** How much of a bad reply is shown in the log. */
const SHOWN_BYTES = 64;

/** Replies that came together and are examined one by one. */
interface ReplyRun {
  readonly bytes: Uint8Array;
  /** Offsets after each of them. */
  readonly ends: Uint32Array;
  /** The next one. */
  index: number;
}

export class ReplyConfirmer implements Confirmer {
  progressMs: number;
  readonly readingMs = 0;
  progress = 0;
  readonly mayBeUnread = false;
  /** Replies tell what is read, so the window is not needed. */
  readonly largestWindow = 0;
  #over = false;
  #finishing = false;
  /** Bytes of the stream that the kernel has taken. */
  #written = 0;
  /** Nothing is in flight: the time for the next reply has not begun. */
  #idle = true;
  /** How many replies will follow that count for nothing, after one that was bad; undefined while all count. */
  #stale: number | undefined;
  /** What is left of the replies that were taken last. */
  #run: ReplyRun | undefined;
  #waitsForProducer = false;
  #lastRefusal: Uint8Array = new Uint8Array(0);
  readonly #changed = new Condition();
  readonly #replies: ReplyBuffer;

  constructor(private readonly options: ReplyConfirmerOptions) {
    this.progressMs = options.clock.monotonicMs();
    this.#replies = new ReplyBuffer(options.rules.framer, options.pool);
  }

  get inFlight(): boolean {
    return (this.#stale ?? this.options.stream.framesInFlight) > 0;
  }

  get waitsForProducer(): boolean {
    return this.#waitsForProducer;
  }

  async room(): Promise<number> {
    const { stream, rules } = this.options;
    while (!this.#over && !this.#finishing) {
      if (this.#stale === 0) await this.#goBack();
      else {
        const room = rules.window - stream.framesInFlight;
        if (this.#stale === undefined && !this.#waitsForProducer && room > 0) return room;
        await this.#changed.wait();
      }
    }
    return 0;
  }

  handedOut(): void {
    if (this.#idle) this.progressMs = this.options.clock.monotonicMs();
    this.#idle = false;
  }

  wrote(bytes: number): void {
    this.#written += bytes;
  }

  received(bytes: Uint8Array): void {
    if (this.#run !== undefined) {
      throw new Error("more of the consumer's replies are read before the last ones are taken");
    }
    this.#replies.add(bytes);
  }

  async readable(): Promise<void> {
    const { replies } = this.options;
    while (!this.#over && !this.#takeReplies()) {
      this.#waitsForProducer = true;
      await Promise.race([replies!.changed(), this.#changed.wait()]);
    }
    if (this.#waitsForProducer) {
      this.#waitsForProducer = false;
      // The time until now does not count against the consumer.
      this.progressMs = this.options.clock.monotonicMs();
    }
    this.#changed.notify();
  }

  finished(): Promise<void> {
    return Promise.resolve();
  }

  follow(): string | undefined {
    const { clock, rules } = this.options;
    if (!this.inFlight || this.#waitsForProducer || clock.monotonicMs() - this.progressMs < rules.timeoutMs) {
      return undefined;
    }
    return `no answer from the consumer for ${formatDuration(rules.timeoutMs)} (reply_timeout)`;
  }

  finish(): void {
    this.#finishing = true;
    this.#changed.notify();
  }

  stop(): void {
    this.#over = true;
    this.#changed.notify();
  }

  end(): Promise<StreamOutcome> {
    this.#replies.close();
    // The replies have told what is confirmed.
    return this.options.stream.end({ read: 0, confirmed: 0, written: this.#written });
  }

  /** Takes all whole replies, or as many as the producer has room for; false if some are left. */
  #takeReplies(): boolean {
    for (;;) {
      if (this.#run === undefined && !this.#beginRun()) return true;
      if (!this.#takeRun()) return false;
    }
  }

  /**
   * Begins with the next whole replies; those that need not be examined one by
   * one count at once. False if there are none.
   */
  #beginRun(): boolean {
    const { rules, replies, stream } = this.options;
    for (let whole = this.#replies.take(); whole !== undefined; whole = this.#replies.take()) {
      const { bytes, frames } = whole;
      this.progressMs = this.options.clock.monotonicMs();
      const expected = this.#stale ?? stream.framesInFlight;
      if (frames > expected) throw new Error(`the consumer sent ${frames} answers where ${expected} were due`);
      if (rules.ok !== undefined || replies !== undefined) {
        this.#run = { bytes, ends: frameEnds(rules.framer, bytes, 0, bytes.length, frames), index: 0 };
        return true;
      }
      this.#good(frames);
    }
    return false;
  }

  #takeRun(): boolean {
    const { replies } = this.options;
    for (const run = this.#run!; run.index < run.ends.length; run.index++) {
      if (replies !== undefined && !replies.isReady) return false;
      this.#one(run.bytes.subarray(run.index === 0 ? 0 : run.ends[run.index - 1], run.ends[run.index]));
    }
    this.#run = undefined;
    return true;
  }

  #good(count: number): void {
    if (this.#stale !== undefined) this.#stale -= count;
    else {
      this.options.stream.confirmFrames(count);
      this.progress += count;
    }
    this.#idle = !this.inFlight;
  }

  #one(reply: Uint8Array): void {
    const { stream, replies } = this.options;
    const sequence = stream.oldestInFlight;
    if (this.#stale !== undefined || sequence === undefined || stream.isResent(sequence)) return this.#good(1);
    if (!this.#isGood(reply)) return this.#bad(sequence, reply);
    this.#good(1);
    replies?.forward(reply, sequence);
  }

  #isGood(reply: Uint8Array): boolean {
    const { ok, framer } = this.options.rules;
    return ok === undefined || ok.test(new TextDecoder().decode(frameContent(framer.framing, reply)));
  }

  #bad(sequence: number, reply: Uint8Array): void {
    const { refusals, log, rules, stream } = this.options;
    const attempt = refusals.note(sequence);
    log.say("frame_refused", { sequence, attempt, attempts: rules.attempts, answer: shown(reply) });
    this.#lastRefusal = reply.slice();
    this.#stale = stream.framesInFlight - 1;
    this.#idle = this.#stale === 0;
    stream.interrupt();
  }

  /** Every frame that was in flight has its reply: goes on with the frame that was refused, or without it. */
  async #goBack(): Promise<void> {
    const { stream, sink, refusals, rules } = this.options;
    stream.goBack();
    if (refusals.of(sink.confirmed) >= rules.attempts) await this.#quarantine(sink.confirmed);
    this.#stale = undefined;
  }

  async #quarantine(sequence: number): Promise<void> {
    const { stream, sink, log, replies } = this.options;
    const frame = await stream.next(1);
    if (frame === undefined) return;
    const bytes = frame.bytes.length;
    // It has a place in the stream, though it is not sent.
    this.#written += bytes;
    try {
      // It may have been dropped with its segment meanwhile.
      if (stream.oldestInFlight === sequence) {
        const path = await sink.refuse(sequence, frame.bytes);
        log.say("frame_quarantined", { sequence, bytes, path });
        replies?.forward(this.#lastRefusal, sequence);
      }
    } finally {
      frame.release();
    }
    if (!this.#over) stream.goBack();
  }
}

function shown(reply: Uint8Array): string {
  return new TextDecoder().decode(reply.subarray(0, SHOWN_BYTES)).trimEnd();
}
