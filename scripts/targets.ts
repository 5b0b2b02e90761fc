/** The platforms a binary can be built for, as each compiler calls them. */

export interface Target {
  readonly deno?: string;
  readonly bun?: string;
}

export const TARGETS: Readonly<Record<string, Target>> = {
  "linux-x64": { deno: "x86_64-unknown-linux-gnu", bun: "bun-linux-x64" },
  "linux-x64-baseline": { bun: "bun-linux-x64-baseline" },
  "linux-x64-musl": { bun: "bun-linux-x64-musl" },
  "linux-arm64": { deno: "aarch64-unknown-linux-gnu", bun: "bun-linux-arm64" },
  "linux-arm64-musl": { bun: "bun-linux-arm64-musl" },
  "macos-x64": { deno: "x86_64-apple-darwin", bun: "bun-darwin-x64" },
  "macos-arm64": { deno: "aarch64-apple-darwin", bun: "bun-darwin-arm64" },
  "windows-x64": { deno: "x86_64-pc-windows-msvc", bun: "bun-windows-x64" },
};
