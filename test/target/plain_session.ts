import { Session, type SessionOptions } from "../../src/target/session.ts";

/** A session that sends as fast as it goes, waits for a silent consumer without end, and takes a FIN for the end. */
export function plainSession(
  parts: Pick<SessionOptions, "connection" | "stream" | "confirmer" | "clock">,
): Session {
  return new Session({ ...parts, rate: undefined, stallTimeoutMs: 0, halfClose: false });
}
