/** What is known of an event before it happens. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export interface EventKind {
  readonly level: LogLevel;
  /** For people. The fields say the rest. */
  readonly message: string;
  /** `counted`: more of them within a minute are one line that says how many; `each`: every one is a line. */
  readonly repeats: "counted" | "each";
  /** Fields that are added up where events are counted; of others the last value is said. */
  readonly sums?: readonly string[];
  /** For the list of all events: what it means, or what to do. */
  readonly about: string;
}
