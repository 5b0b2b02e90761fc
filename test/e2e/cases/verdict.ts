/** What a consumer saw, judged after the relay has been killed or its disk has failed. */
import { assertEquals } from "../../support/assert.ts";
import type { Consumer } from "../../peers/consumer.ts";
import type { ProducerReport } from "../../peers/producer.ts";
import type { Range } from "../../peers/tally.ts";

/** Frames of which the producer has been told that they are safe. */
export function answeredOf(report: ProducerReport): number[] {
  return report.connections.flatMap(({ first, answered }) => Array.from({ length: answered }, (_, i) => first + i));
}

/** Those of `expected` that never came. */
export function lostOf(consumer: Consumer, expected: Iterable<number>): number[] {
  return [...expected].filter((sequence) => !consumer.tally.has(sequence));
}

/**
 * Whole frames only, rising within every connection, and over all of them each
 * frame comes for the first time after those before it. A connection may leave
 * frames out: they came on an earlier one, or never.
 */
export function assertOrdered({ damage, tally }: Consumer): void {
  assertEquals(damage, undefined, "bytes that are no frame");
  assertEquals(tally.connections.flatMap(({ disorder }) => disorder), [], "disorder within a connection");
  assertEquals(tally.late, 0, "frames that came after later ones");
}

export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, range) => sum + range.until - range.from, 0);
}
