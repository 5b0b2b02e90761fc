/**
 * `reply`: the consumer answers every frame with one frame of `reply_framing`,
 * in order; the n-th answer confirms the n-th frame of the connection.
 *
 * A frame that is answered badly is sent again, and so is everything after it,
 * on the same connection: what was in flight behind it is answered first, and
 * those answers count for nothing. After `reply_attempts` bad answers the frame
 * goes to quarantine and the next one follows.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { formatDuration } from "../base/duration.ts";
import type { Log } from "../base/log.ts";
import { passOver } from "../framing/between.ts";
import { frameContent } from "../framing/content.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import type { Framer } from "../framing/framing.ts";
import type { Confirmer, ReplySink } from "./confirmer.ts";
import type { AnsweredOutlet, RefusalSink } from "./outlet.ts";
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

export interface ReplyConfirmerOptions {
  readonly outlet: AnsweredOutlet;
  readonly spool: RefusalSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: ReplyRules;
  readonly refusals: Refusals;
  readonly replies: ReplySink | undefined;
}

/** Of a bad answer, so much is shown in the log. */
const SHOWN_BYTES = 64;
/** Room for answers that come in, until a longer one asks for more. */
const ANSWER_BYTES = 4096;

export class ReplyConfirmer implements Confirmer {
  progressMs: number;
  progressed = false;
  #over = false;
  /** Nothing is in flight: the time for the next answer has not begun. */
  #idle = true;
  /** Answers to come that count for nothing, since the one that was bad; undefined while all count. */
  #stale: number | undefined;
  #lastRefusal: Uint8Array = new Uint8Array(0);
  readonly #changed = new Condition();
  readonly #answers: AnswerBuffer;

  constructor(private readonly options: ReplyConfirmerOptions) {
    this.progressMs = options.clock.monotonicMs();
    this.#answers = new AnswerBuffer(options.rules.framer, options.spool.options.pool);
  }

  get inFlight(): boolean {
    return (this.#stale ?? this.options.outlet.framesInFlight) > 0;
  }

  async room(): Promise<number> {
    const { outlet, rules } = this.options;
    while (!this.#over) {
      if (this.#stale === 0) await this.#goBack();
      else {
        const room = rules.window - outlet.framesInFlight;
        if (this.#stale === undefined && room > 0) return room;
        await this.#changed.wait();
      }
    }
    return 0;
  }

  handedOut(): void {
    if (this.#idle) this.progressMs = this.options.clock.monotonicMs();
    this.#idle = false;
  }

  wrote(): void {}

  async received(bytes: Uint8Array): Promise<void> {
    this.#answers.add(bytes);
    for (let run = this.#answers.take(); run !== undefined && !this.#over; run = this.#answers.take()) {
      await this.#answered(run.bytes, run.frames);
    }
    this.#changed.notify();
  }

  follow(): string | undefined {
    const { clock, rules } = this.options;
    if (!this.inFlight || clock.monotonicMs() - this.progressMs < rules.timeoutMs) return undefined;
    return `no answer from the consumer for ${formatDuration(rules.timeoutMs)} (reply_timeout)`;
  }

  stop(): void {
    this.#over = true;
    this.#changed.notify();
  }

  settle(): Promise<number> {
    this.#answers.close();
    return Promise.resolve(this.options.outlet.finish());
  }

  /** `count` answers, side by side. */
  async #answered(bytes: Uint8Array, count: number): Promise<void> {
    const { rules, replies, outlet } = this.options;
    this.progressMs = this.options.clock.monotonicMs();
    const expected = this.#stale ?? outlet.framesInFlight;
    if (count > expected) throw new Error(`the consumer sent ${count} answers where ${expected} were due`);
    if (rules.ok === undefined && replies === undefined) return this.#good(count);
    let start = 0;
    for (const end of frameEnds(rules.framer, bytes, 0, bytes.length, count)) {
      await this.#one(bytes.subarray(start, end));
      start = end;
    }
  }

  #good(count: number): void {
    if (this.#stale !== undefined) this.#stale -= count;
    else {
      this.options.outlet.answer(count);
      this.progressed = true;
    }
    this.#idle = !this.inFlight;
  }

  async #one(answer: Uint8Array): Promise<void> {
    const { outlet, spool, replies } = this.options;
    const sequence = outlet.oldestInFlight;
    const resent = sequence !== undefined && sequence < spool.confirmed;
    if (this.#stale !== undefined || sequence === undefined || resent) return this.#good(1);
    if (!this.#isGood(answer)) return this.#bad(sequence, answer);
    this.#good(1);
    await replies?.forward(answer, sequence);
  }

  #isGood(answer: Uint8Array): boolean {
    const { ok, framer } = this.options.rules;
    return ok === undefined || ok.test(new TextDecoder().decode(frameContent(framer.framing, answer)));
  }

  #bad(sequence: number, answer: Uint8Array): void {
    const { refusals, log, rules, outlet } = this.options;
    const attempt = refusals.note(sequence);
    log.warn("the consumer refused a frame", { sequence, attempt, attempts: rules.attempts, answer: shown(answer) });
    this.#lastRefusal = answer.slice();
    this.#stale = outlet.framesInFlight - 1;
    this.#idle = this.#stale === 0;
    outlet.interrupt();
  }

  /** Everything that was in flight is answered: on with the frame that was refused, or without it. */
  async #goBack(): Promise<void> {
    const { outlet, spool, refusals, rules } = this.options;
    outlet.goBack();
    if (refusals.of(spool.confirmed) >= rules.attempts) await this.#giveUp(spool.confirmed);
    this.#stale = undefined;
  }

  async #giveUp(sequence: number): Promise<void> {
    const { outlet, spool, log, replies } = this.options;
    const frame = await outlet.next(1);
    if (frame === undefined) return;
    try {
      // It may have been dropped with its segment meanwhile.
      if (outlet.oldestInFlight === sequence) {
        const path = await spool.options.journal.quarantine(sequence, frame.bytes);
        const bytes = frame.bytes.length;
        log.error("a frame was refused too often, it is in quarantine", { sequence, bytes, path });
        spool.refuse(bytes);
        await replies?.forward(this.#lastRefusal, sequence);
      }
    } finally {
      frame.release();
    }
    if (!this.#over) outlet.goBack();
  }
}

/** Puts the consumer's bytes together to whole answers. */
class AnswerBuffer {
  #buffer: PooledBuffer;
  #start = 0;
  #fill = 0;
  #scanned = 0;

  constructor(private readonly framer: Framer, private readonly pool: BufferPool) {
    this.#buffer = pool.takeReserved(ANSWER_BYTES, true)!;
  }

  add(bytes: Uint8Array): void {
    const held = this.#fill - this.#start;
    const needed = held + bytes.length;
    const from = this.#buffer;
    if (needed > from.bytes.length) this.#buffer = this.pool.takeReserved(2 ** Math.ceil(Math.log2(needed)), true)!;
    this.#buffer.bytes.set(from.bytes.subarray(this.#start, this.#fill), 0);
    if (from !== this.#buffer) from.release();
    this.#buffer.bytes.set(bytes, held);
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#fill = needed;
  }

  /** All whole answers; good until the next call of `add`. Throws where the bytes can be none. */
  take(): { readonly bytes: Uint8Array; readonly frames: number } | undefined {
    const { bytes } = this.#buffer;
    this.#start = passOver(this.framer.framing, bytes, this.#start, this.#fill);
    this.#scanned = Math.max(this.#scanned, this.#start);
    const scan = this.framer.scan(bytes, this.#start, this.#scanned, this.#fill);
    this.#scanned = this.#fill;
    if (scan.frames === 0) {
      if (scan.fault !== undefined) throw new Error(`the consumer's answer is no frame: ${scan.fault}`);
      return undefined;
    }
    const answers = { bytes: bytes.subarray(this.#start, scan.end), frames: scan.frames };
    this.#start = this.#scanned = scan.end;
    return answers;
  }

  close(): void {
    this.#buffer.release();
  }
}

function shown(answer: Uint8Array): string {
  return new TextDecoder().decode(answer.subarray(0, SHOWN_BYTES)).trimEnd();
}
