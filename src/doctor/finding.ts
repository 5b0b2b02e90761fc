/** What a diagnosis says. */

export type FindingKind =
  /** The receiving program does not read, or too slowly. */
  | "receiver"
  /** Nobody accepts the connections that wait at a listener. */
  | "accept"
  /** The sender's bursts are larger than the receiver's window. */
  | "burst"
  /** The receiver's window is too small for the round trip. */
  | "receive-buffer"
  /** So is the sender's buffer. */
  | "send-buffer"
  /** Segments are lost. */
  | "loss"
  /** The link carries less than the sender sends. */
  | "link"
  /** The sending program is the slow one. */
  | "sender"
  /** What a running Spillway says of one of its routes. */
  | "route"
  /** Nothing waits anywhere. */
  | "healthy"
  /** There is no such socket. */
  | "absent";

/** `sure`: seen at both ends, or beyond doubt; `likely`: seen at one end alone; `possible`: other causes would look the same. */
export type Certainty = "sure" | "likely" | "possible";

export interface Finding {
  readonly kind: FindingKind;
  /** `slow`: something holds the data up; `note`: worth knowing, nothing is held up. */
  readonly level: "slow" | "note";
  readonly certainty: Certainty;
  /** `A > B`, the direction that it is about; a listener's address; a subject. */
  readonly about: string;
  /** One or two sentences. */
  readonly text: string;
  /** What can be done, a sentence or a command each. */
  readonly advice: readonly string[];
  /** The program that it names. */
  readonly pid: number | null;
  readonly program: string | null;
  /** What was measured; names say the unit. */
  readonly figures: Readonly<Record<string, number>>;
}
