/** One route as the relay needs it: everything resolved, in bytes and milliseconds. The configuration produces it. */
import type { Framing } from "../framing/framing.ts";
import type { SyncPolicy } from "../journal/types.ts";
import type { Address } from "../runtime/net.ts";

/** Which side opens the connection. */
export type Endpoint =
  | { readonly role: "listen"; readonly address: Address }
  | { readonly role: "connect"; readonly address: Address };

export interface SourceOptions {
  readonly endpoint: Endpoint;
  readonly maxConnections: number;
  /** 0 = never. */
  readonly idleTimeoutMs: number;
}

export interface TargetOptions {
  readonly endpoint: Endpoint;
  readonly confirm: "written" | "acked";
  readonly rewindBytes: number;
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
  readonly retainMs: number;
  readonly retainBytes: number;
}

export interface RouteOptions {
  readonly name: string;
  readonly framing: Framing;
  readonly source: SourceOptions;
  readonly target: TargetOptions;
  readonly memoryMaxBytes: number;
  readonly journal: JournalSettings;
}
