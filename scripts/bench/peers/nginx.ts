/** nginx's stream proxy: one process, a buffer of 128 KiB a connection. */
import { versionText } from "./installed.ts";
import type { Relay } from "./relay.ts";

export function nginx(): Relay {
  return {
    name: "nginx",
    ours: false,
    missing: nginxMissing(),
    entry: "source",
    start: (stage) => {
      const { directory, ports } = stage;
      const config = `${directory}/nginx.conf`;
      Deno.writeTextFileSync(
        config,
        [
          ...moduleLines(),
          "daemon off;",
          "master_process off;",
          `pid ${directory}/nginx.pid;`,
          `error_log ${directory}/nginx.log;`,
          "events { worker_connections 4096; }",
          "stream {",
          "  access_log off;",
          "  server {",
          `    listen 127.0.0.1:${ports.source};`,
          `    proxy_pass 127.0.0.1:${ports.target};`,
          "    proxy_buffer_size 128k;",
          "    proxy_timeout 1h;",
          "    tcp_nodelay on;",
          "  }",
          "}",
          "",
        ].join("\n"),
      );
      stage.measure("nginx", ["nginx", "-p", directory, "-e", `${directory}/nginx.log`, "-c", config]);
    },
  };
}

function nginxMissing(): string | undefined {
  const built = versionText("nginx", "-V");
  if (built === undefined) return "nginx is not in PATH (Debian package nginx-light)";
  const isThere = moduleLines().length === 0 || isFile(modulePath(built));
  if (!built.includes("--with-stream") || !isThere) return "nginx has no stream module (libnginx-mod-stream)";
  return undefined;
}

/** Debian builds the stream module as a file of its own. */
function moduleLines(): string[] {
  const built = versionText("nginx", "-V") ?? "";
  return built.includes("--with-stream=dynamic") ? [`load_module ${modulePath(built)};`] : [];
}

function modulePath(built: string): string {
  return `${built.match(/--modules-path=(\S+)/)?.[1] ?? "modules"}/ngx_stream_module.so`;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
