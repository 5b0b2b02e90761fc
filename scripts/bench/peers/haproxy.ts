/** HAProxy in tcp mode with splice(2): the bytes do not pass through its memory. */
import { missing } from "./installed.ts";
import type { Relay } from "./relay.ts";

const BUFFER_BYTES = 131_072;

export function haproxy(): Relay {
  return {
    name: "haproxy",
    ours: false,
    missing: missing("haproxy", "-v"),
    entry: "source",
    start: (stage) => {
      const config = `${stage.directory}/haproxy.cfg`;
      Deno.writeTextFileSync(
        config,
        [
          "global",
          "  maxconn 4096",
          `  tune.bufsize ${BUFFER_BYTES}`,
          `  tune.pipesize ${BUFFER_BYTES}`,
          "defaults",
          "  mode tcp",
          "  timeout connect 10s",
          "  timeout client 1h",
          "  timeout server 1h",
          "  option splice-request",
          "  option splice-response",
          "listen bench",
          `  bind 127.0.0.1:${stage.ports.source}`,
          `  server consumer 127.0.0.1:${stage.ports.target}`,
          "",
        ].join("\n"),
      );
      stage.measure("haproxy", ["haproxy", "-db", "-q", "-f", config]);
    },
  };
}
