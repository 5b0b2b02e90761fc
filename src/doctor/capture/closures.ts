/**
 * How often and how long an end's window was closed. An episode begins with a
 * segment that advertises a window of zero and lasts until one that does not, or
 * until the connection or the capture ends.
 */

const NEVER = -1;

export class Closures {
  count = 0;
  /** In microseconds, of the episodes that are over. */
  closedUs = 0;
  longestUs = 0;
  longestAtUs = NEVER;
  /** When the last one began; -1 if there was none. */
  lastAtUs = NEVER;
  /** When the last one ended, or -1 while it lasts. */
  lastUntilUs = NEVER;
  /** Was the last one still going on when connection or capture ended? */
  isCutOff = false;

  get isClosed(): boolean {
    return this.lastAtUs !== NEVER && this.lastUntilUs === NEVER;
  }

  /** The window is closed; one that is closed already stays so. */
  close(timeUs: number): void {
    if (this.isClosed) return;
    this.count++;
    this.lastAtUs = timeUs;
    this.lastUntilUs = NEVER;
  }

  /** The window is open again. */
  open(timeUs: number): void {
    if (!this.isClosed) return;
    this.lastUntilUs = timeUs;
    const lastedUs = timeUs - this.lastAtUs;
    this.closedUs += lastedUs;
    if (lastedUs < this.longestUs || this.longestAtUs !== NEVER && lastedUs === this.longestUs) return;
    this.longestUs = lastedUs;
    this.longestAtUs = this.lastAtUs;
  }

  /** Nothing follows. */
  end(timeUs: number): void {
    if (!this.isClosed) return;
    this.open(timeUs);
    this.isCutOff = true;
  }
}
