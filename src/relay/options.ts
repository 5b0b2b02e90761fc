/** One route as the relay needs it: everything resolved, in bytes and milliseconds. The configuration produces it. */
import type { Framing } from "../framing/framing.ts";
import type { SyncPolicy } from "../journal/journal.ts";
import type { Address } from "../runtime/net.ts";
import type { WhenFull } from "../spool/overload.ts";
import type { RewindPolicy } from "../spool/rewind.ts";

/** Which side opens the connection. */
export interface Endpoint {
  readonly role: "listen" | "connect";
  readonly address: Address;
}

export interface SourceOptions {
  readonly endpoint: Endpoint;
  readonly maxConnections: number;
  /** 0 = never. */
  readonly idleTimeoutMs: number;
  /** Sent back for each frame once it is appended, and synced where `sync` is "each"; empty = nothing. */
  readonly reply: Uint8Array;
}

/** What `confirm = "reply"` asks of the consumer's answers. */
export interface ReplyOptions {
  readonly framing: Framing;
  readonly timeoutMs: number;
  /** What a good answer matches; undefined: every answer is good. */
  readonly ok: RegExp | undefined;
  /** A frame that was answered otherwise this often goes to quarantine. */
  readonly attempts: number;
  /** Frames sent and not yet answered, at most. */
  readonly window: number;
}

export interface TargetOptions {
  readonly endpoint: Endpoint;
  readonly confirm: "written" | "acked" | "reply";
  readonly reply: ReplyOptions;
  /** Do the bytes that the consumer sends go to the producer, or nowhere? */
  readonly forwardReplies: boolean;
  /** Bytes a second at most; 0 = no limit. */
  readonly rateBytes: number;
  /** Of retransmissions or unanswered probes, until the connection is given up; 0 = never. */
  readonly stallTimeoutMs: number;
  /** How much of what is confirmed is sent again on a new connection: bytes, or what may not have been read. */
  readonly rewind: RewindPolicy;
  readonly halfClose: boolean;
  readonly connectTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export interface JournalSettings {
  /** Absolute path. */
  readonly directory: string;
  readonly mode: "overflow" | "always";
  readonly sync: SyncPolicy;
  readonly syncIntervalMs: number;
  readonly segmentBytes: number;
  readonly maxBytes: number;
  readonly minFreeBytes: number;
  readonly whenFull: WhenFull;
  readonly retainMs: number;
  readonly retainBytes: number;
  /** Is the directory made where there is none? Else that is an error. */
  readonly create: boolean;
  /** Pending frames older than this are given up; 0 = never. */
  readonly maxAgeMs: number;
}

export interface RouteOptions {
  readonly name: string;
  readonly framing: Framing;
  readonly source: SourceOptions;
  readonly target: TargetOptions;
  readonly memoryMaxBytes: number;
  readonly journal: JournalSettings;
}
