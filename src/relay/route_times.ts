/** How long things take on one route, since the process began: what its figures are made from. */
import { Histogram } from "../base/histogram.ts";

/** In seconds: a frame that passes through memory takes some ms at most, one that waits for its consumer hours. */
const DELIVERY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 21_600, 86_400];

/** In seconds: a sync takes less than a ms on a fast disk, and seconds on one that is busy. */
const SYNC_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class RouteTimes {
  /** From the arrival of a frame to its confirmation, each frame counted once. */
  readonly delivery = new Histogram(DELIVERY_SECONDS);
  /** Each sync of appended frames. */
  readonly sync = new Histogram(SYNC_SECONDS);
}
