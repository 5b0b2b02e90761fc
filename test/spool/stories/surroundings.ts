/** What surrounds the model's world: a log that is read, and a disk that fails. */
import { type EventName, EVENTS } from "../../../src/base/events.ts";
import type { Log, LogFields, LogLevel } from "../../../src/base/log.ts";
import type { FaultPlan } from "../../support/memory_files.ts";

export interface LogLine {
  readonly level: LogLevel;
  readonly event: EventName;
  readonly message: string;
  readonly fields: LogFields;
}

export function recordingLog(logged: (line: LogLine) => void): Log {
  return {
    say(event, fields = {}) {
      const { level, message } = EVENTS[event];
      logged({ level, event, message, fields });
    },
  };
}

export type Fault =
  /** The file system has room for `left` more bytes. */
  | { readonly kind: "no space"; readonly left: number }
  | {
    readonly kind: "error";
    readonly code: "ENOSPC" | "EDQUOT" | "EIO";
    readonly operation: "write" | "sync";
    readonly files: "segments" | "all";
    /** How many bytes of a write get through. */
    readonly written: number;
  };

export function planOf(fault: Fault): FaultPlan {
  if (fault.kind === "no space") return () => undefined;
  const { code, operation, files, written } = fault;
  return (done, path) =>
    done === operation && (files === "all" || path.includes(".seg")) ? { code, written } : undefined;
}
