/**
 * HTTP for whoever watches the relay: few connections, small requests, no way to
 * change anything. A failure here costs the request, never the relay.
 *
 * node:http is loaded only where `admin.listen` is set.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { hostname } from "node:os";
import { describeErrno, messageOf, SpillwayError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { addressInUse, listenHint } from "../../relay/listen_errors.ts";
import { formatAddress } from "../../runtime/address.ts";
import type { ConnectionLimit } from "../../runtime/connection_limit.ts";
import { Networks } from "../../runtime/networks.ts";
import type { Address, Net } from "../../runtime/net.ts";
import { systemError } from "../../runtime/system_error.ts";
import { bindPrivatelyUntil, removeDeadSocket } from "../../runtime/unix_socket.ts";
import { isHostAllowed } from "./host.ts";
import { type Build, type Page, pageAt, type View } from "./pages.ts";

/** Connections at once; further ones are closed. */
const CONNECTIONS_MAX = 32;
/** How long a request may take to arrive, in ms, and a connection may be idle between two. */
const REQUEST_MS = 5000;
const KEEP_ALIVE_MS = 15_000;
/** How often that is looked at, in ms. */
const CHECK_MS = 1000;
/** Of a request's line and headers, in bytes. */
const HEADER_BYTES_MAX = 16 * 1024;

/** A page may load what this server has, and nothing else. */
const HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

const LOOPBACK = new Networks(["127.0.0.0/8", "::1"]);

export interface HttpOptions {
  readonly address: Address;
  readonly net: Net;
  /** Limits these connections together with all others. */
  readonly connectionLimit: ConnectionLimit;
  readonly log: Log;
  readonly build: Build;
}

export class HttpServer {
  #view: View | undefined;
  readonly #names: readonly string[];

  private constructor(private readonly server: Server, private readonly options: HttpOptions) {
    const { address } = options;
    const host = hostname();
    this.#names = [host, host.split(".")[0], ...address.kind === "tcp" && address.host !== "" ? [address.host] : []];
    server.maxConnections = CONNECTIONS_MAX;
    server.on("request", (request, response) => void this.#answer(request, response));
    server.on("connection", (socket) => this.#admit(socket));
    // What is no HTTP is answered by node:http as it says, or not at all where the connection is gone.
    server.on("clientError", (error: Error & { code?: string }, socket) => {
      if (!socket.writable) return socket.destroy();
      socket.end(`HTTP/1.1 ${REFUSALS[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
    });
  }

  /** Listens. Rejects with a SpillwayError if it cannot. Until {@link serve} it says that nothing is ready. */
  static async open(options: HttpOptions): Promise<HttpServer> {
    const { address, net, log } = options;
    const { createServer } = await import("node:http");
    const server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    });
    const opened = new HttpServer(server, options);
    try {
      if (address.kind === "unix") {
        await removeDeadSocket(address.path, () => net.connect(address, REQUEST_MS));
        await bindPrivatelyUntil(address.path, () => listening(server, { path: address.path }));
      } else await listening(server, { host: address.host || "::", port: address.port });
    } catch (error) {
      throw cannotListen(error, formatAddress(address));
    }
    const text = opened.address;
    log.say("http_listens", { address: text });
    if (address.kind === "tcp" && !LOOPBACK.admits(text)) {
      log.say("http_open", {
        address: text,
      });
    }
    return opened;
  }

  /** As bound. */
  get address(): string {
    const bound = this.server.address();
    if (bound === null || typeof bound === "string") return formatAddress(this.options.address);
    return formatAddress({ kind: "tcp", host: bound.address, port: bound.port });
  }

  /** The routes are there. */
  serve(view: View): void {
    this.#view = view;
  }

  /** Resolves when nothing is answered any more, and the socket's file is gone. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Counts it among all that this process has open; beyond their limit it is closed. */
  #admit(socket: { destroy(): void; once(event: "close", listener: () => void): unknown }): void {
    const filter = this.options.connectionLimit.filterForOthers();
    if (!filter.admit("")) return socket.destroy();
    socket.once("close", () => filter.closed());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const page = await this.#pageFor(request);
      const body = new TextEncoder().encode(page.body);
      response.writeHead(page.code, {
        ...HEADERS,
        ...page.code === 405 ? { Allow: "GET, HEAD" } : {},
        "Content-Type": page.type,
        "Content-Length": body.length,
      });
      response.end(request.method === "HEAD" ? undefined : body);
    } catch (error) {
      this.options.log.say("http_failed", { path: request.url, error: messageOf(error) });
      response.destroy();
    }
  }

  async #pageFor({ method, url = "", headers: { host } }: IncomingMessage): Promise<Page> {
    if (method !== "GET" && method !== "HEAD") return refusal(405, "only GET and HEAD are answered");
    if (this.options.address.kind === "tcp" && !isHostAllowed(host, this.#names)) {
      return refusal(
        421,
        `found the host ${JSON.stringify(host)}: ask by address, by localhost, or by this host's name`,
      );
    }
    const page = await pageAt(url.split("?")[0], this.#view, this.options.build);
    return page ?? refusal(404, "there are /, /status, /events, /metrics, /healthz and /readyz");
  }
}

/** The status lines for what node:http refuses, by its codes. */
const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

function refusal(code: number, why: string): Page {
  return { code, type: "text/plain; charset=utf-8", body: `${why}\n` };
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function cannotListen(thrown: unknown, address: string): SpillwayError {
  const { code } = systemError(thrown, "listen", address);
  const text = code === "EADDRINUSE"
    ? addressInUse("admin.listen", address)
    : `admin.listen: cannot listen on ${address}: ${describeErrno(code)}`;
  return new SpillwayError(text, { hint: listenHint(code), cause: thrown });
}
