/** One route as the relay needs it, made from the configuration: everything is resolved, in bytes and milliseconds. */
import type { Framing } from "../framing/framing.ts";
import type { SyncPolicy } from "../journal/journal.ts";
import type { Address } from "../runtime/net.ts";
import type { Networks } from "../runtime/networks.ts";
import type { WhenFull } from "../spool/overload.ts";
import type { RewindPolicy } from "../spool/rewind.ts";

/** Which side opens the connection. */
export interface Endpoint {
  readonly role: "listen" | "connect";
  readonly address: Address;
  /** Addresses to dial where `address` cannot be reached, in this order; of a target alone. */
  readonly alternatives: readonly Address[];
}

/** All addresses of an endpoint, the preferred one first. */
export function addressesOf({ address, alternatives }: Endpoint): readonly Address[] {
  return [address, ...alternatives];
}

export interface RouteSource {
  readonly endpoint: Endpoint;
  readonly maxConnections: number;
  /** 0 = no limit. */
  readonly maxConnectionsPerIp: number;
  /** Which producers may connect. */
  readonly allow: Networks;
  /** 0 = never. */
  readonly idleTimeoutMs: number;
  /** Written back for each frame once it is appended, and synced if `sync` is "each"; empty: nothing. */
  readonly reply: Uint8Array;
}

/** What `confirm = "reply"` expects of the consumer's replies. */
export interface ReplyOptions {
  readonly framing: Framing;
  readonly timeoutMs: number;
  /** What a good reply matches; undefined: every reply is good. */
  readonly ok: RegExp | undefined;
  /** A frame with this many bad replies goes to quarantine. */
  readonly attempts: number;
  /** The most frames that are sent and have no reply yet. */
  readonly window: number;
}

export interface RouteTarget {
  readonly endpoint: Endpoint;
  /** Which consumers may connect, where they dial in. */
  readonly allow: Networks;
  readonly confirm: "written" | "acked" | "reply";
  readonly reply: ReplyOptions;
  /** Do the bytes that the consumer sends go to the producer, or nowhere? */
  readonly forwardReplies: boolean;
  /** Bytes per second at most; 0 = no limit. */
  readonly rateBytes: number;
  /** How long the consumer's kernel may acknowledge nothing, until the connection is closed; 0 = any time. */
  readonly stallTimeoutMs: number;
  /** How much of what is confirmed is sent again on a new connection: bytes, or `auto`: what may not have been read. */
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
  /** Is a missing directory made? Otherwise it is an error. */
  readonly create: boolean;
  /** Pending frames older than this are dropped; 0 = never. */
  readonly maxAgeMs: number;
}

export interface RouteOptions {
  readonly name: string;
  readonly framing: Framing;
  readonly source: RouteSource;
  readonly target: RouteTarget;
  readonly memoryMaxBytes: number;
  readonly journal: JournalSettings;
}
