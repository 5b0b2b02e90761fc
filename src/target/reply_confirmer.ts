/**
 * `reply`: the consumer answers every frame with one frame of `reply_framing`,
 * in order; the n-th answer confirms the n-th frame of the connection.
 *
 * A frame that is answered badly is sent again, and so is everything after it,
 * on the same connection: what was in flight behind it is answered first, and
 * those answers count for nothing. After `reply_attempts` bad answers the frame
 * goes to quarantine and the next one follows.
 *
 * Where answers are forwarded and the producer does not read them, no more of
 * them are taken: the connection waits, and no time-out of the consumer runs.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { formatDuration } from "../base/quantity.ts";
import type { Log } from "../base/log.ts";
import { frameContent } from "../framing/content.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import type { Framer } from "../framing/framing.ts";
import type { DeliveryStream } from "../spool/delivery_stream.ts";
import type { StreamOutcome } from "../spool/frame_feed.ts";
import { AnswerBuffer } from "./answer_buffer.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import type { Refusals } from "./refusals.ts";

/** What the consumer's answers are like. */
export interface ReplyRules {
  readonly framer: Framer;
  readonly timeoutMs: number;
  /** What the content of a good answer matches; undefined: every answer is good. */
  readonly ok: RegExp | undefined;
  readonly attempts: number;
  /** Frames sent and not yet answered, at most. */
  readonly window: number;
}

/** What becomes of frames that the consumer refuses, and the memory for its answers; the spool is one. */
export interface RefusalSink {
  /** Sequence of the first frame that is not confirmed. */
  readonly confirmed: number;
  /** The first unconfirmed frame, of so many bytes, is given up. */
  refuse(bytes: number): void;
  /** Keeps a frame that is given up, as {@link Journal.quarantine}. */
  quarantine(sequence: number, frame: Uint8Array): Promise<string>;
  readonly options: { readonly pool: BufferPool };
}

export interface ReplyConfirmerOptions {
  readonly stream: DeliveryStream;
  readonly spool: RefusalSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: ReplyRules;
  readonly refusals: Refusals;
  readonly replies: ReplySink | undefined;
}

/** Of a bad answer, so much is shown in the log. */
const SHOWN_BYTES = 64;

/** Answers that came together and are looked at one by one. */
interface AnswerRun {
  readonly bytes: Uint8Array;
  /** Offsets after each of them. */
  readonly ends: Uint32Array;
  /** The next one. */
  index: number;
}

export class ReplyConfirmer implements Confirmer {
  progressMs: number;
  progress = 0;
  readonly mayBeUnread = false;
  /** Answers tell what is read. */
  readonly largestWindow = 0;
  #over = false;
  #finishing = false;
  /** Bytes of the stream that the kernel has taken. */
  #written = 0;
  /** Nothing is in flight: the time for the next answer has not begun. */
  #idle = true;
  /** Answers to come that count for nothing, since the one that was bad; undefined while all count. */
  #stale: number | undefined;
  /** What is left of the answers that were taken last. */
  #run: AnswerRun | undefined;
  #isHeldUp = false;
  #lastRefusal: Uint8Array = new Uint8Array(0);
  readonly #changed = new Condition();
  readonly #answers: AnswerBuffer;

  constructor(private readonly options: ReplyConfirmerOptions) {
    this.progressMs = options.clock.monotonicMs();
    this.#answers = new AnswerBuffer(options.rules.framer, options.spool.options.pool);
  }

  get inFlight(): boolean {
    return (this.#stale ?? this.options.stream.framesInFlight) > 0;
  }

  get isHeldUp(): boolean {
    return this.#isHeldUp;
  }

  async room(): Promise<number> {
    const { stream, rules } = this.options;
    while (!this.#over && !this.#finishing) {
      if (this.#stale === 0) await this.#goBack();
      else {
        const room = rules.window - stream.framesInFlight;
        if (this.#stale === undefined && !this.#isHeldUp && room > 0) return room;
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
    if (this.#run !== undefined) throw new Error("more of the consumer's answers are read before the last are taken");
    this.#answers.add(bytes);
  }

  async readable(): Promise<void> {
    const { replies } = this.options;
    while (!this.#over && !this.#takeAnswers()) {
      this.#isHeldUp = true;
      await Promise.race([replies!.changed(), this.#changed.wait()]);
    }
    if (this.#isHeldUp) {
      this.#isHeldUp = false;
      // While it waited for us, the consumer owed nothing.
      this.progressMs = this.options.clock.monotonicMs();
    }
    this.#changed.notify();
  }

  finished(): Promise<void> {
    return Promise.resolve();
  }

  follow(): string | undefined {
    const { clock, rules } = this.options;
    if (!this.inFlight || this.#isHeldUp || clock.monotonicMs() - this.progressMs < rules.timeoutMs) return undefined;
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
    this.#answers.close();
    // Answers have said what is confirmed.
    return this.options.stream.end({ read: 0, confirmed: 0, written: this.#written });
  }

  /** Takes all whole answers, or as many as the producer has room for; false if some are left. */
  #takeAnswers(): boolean {
    for (;;) {
      if (this.#run === undefined && !this.#beginRun()) return true;
      if (!this.#takeRun()) return false;
    }
  }

  /** The next answers; those that need not be looked at one by one count at once. False if there are none. */
  #beginRun(): boolean {
    const { rules, replies, stream } = this.options;
    for (let whole = this.#answers.take(); whole !== undefined; whole = this.#answers.take()) {
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
      this.options.stream.answer(count);
      this.progress += count;
    }
    this.#idle = !this.inFlight;
  }

  #one(answer: Uint8Array): void {
    const { stream, replies } = this.options;
    const sequence = stream.oldestInFlight;
    if (this.#stale !== undefined || sequence === undefined || stream.isResent(sequence)) return this.#good(1);
    if (!this.#isGood(answer)) return this.#bad(sequence, answer);
    this.#good(1);
    replies?.forward(answer, sequence);
  }

  #isGood(answer: Uint8Array): boolean {
    const { ok, framer } = this.options.rules;
    return ok === undefined || ok.test(new TextDecoder().decode(frameContent(framer.framing, answer)));
  }

  #bad(sequence: number, answer: Uint8Array): void {
    const { refusals, log, rules, stream } = this.options;
    const attempt = refusals.note(sequence);
    log.warn("the consumer refused a frame", { sequence, attempt, attempts: rules.attempts, answer: shown(answer) });
    this.#lastRefusal = answer.slice();
    this.#stale = stream.framesInFlight - 1;
    this.#idle = this.#stale === 0;
    stream.interrupt();
  }

  /** Everything that was in flight is answered: on with the frame that was refused, or without it. */
  async #goBack(): Promise<void> {
    const { stream, spool, refusals, rules } = this.options;
    stream.goBack();
    if (refusals.of(spool.confirmed) >= rules.attempts) await this.#giveUp(spool.confirmed);
    this.#stale = undefined;
  }

  async #giveUp(sequence: number): Promise<void> {
    const { stream, spool, log, replies } = this.options;
    const frame = await stream.next(1);
    if (frame === undefined) return;
    // It is passed over in the stream.
    this.#written += frame.bytes.length;
    try {
      // It may have been dropped with its segment meanwhile.
      if (stream.oldestInFlight === sequence) {
        const path = await spool.quarantine(sequence, frame.bytes);
        const bytes = frame.bytes.length;
        log.error("a frame was refused too often, it is in quarantine", { sequence, bytes, path });
        spool.refuse(bytes);
        replies?.forward(this.#lastRefusal, sequence);
      }
    } finally {
      frame.release();
    }
    if (!this.#over) stream.goBack();
  }
}

function shown(answer: Uint8Array): string {
  return new TextDecoder().decode(answer.subarray(0, SHOWN_BYTES)).trimEnd();
}
