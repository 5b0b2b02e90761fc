/** Makes the dashboard's files, as text for the bundle: the page, its script with uPlot in it, its style sheet. */
import * as esbuild from "esbuild";
import type { Asset } from "../src/admin/dashboard/assets.ts";

const root = new URL("../", import.meta.url);
const CLIENT = "src/admin/dashboard/client/";
const UPLOT = "node_modules/uplot/";

/** By path. Rejects with esbuild's messages. One call at a time: the end of a call stops esbuild's process. */
export async function dashboardAssets(): Promise<Record<string, Asset>> {
  const license = `/*!\n${(await read(`${UPLOT}LICENSE`)).trim()}\n*/`;
  const style = `${await read(`${UPLOT}dist/uPlot.min.css`)}\n${await read(`${CLIENT}dashboard.css`)}`;
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: decodeURIComponent(root.pathname),
      entryPoints: [`${CLIENT}main.ts`],
      write: false,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      charset: "utf8",
      logLevel: "silent",
      banner: { js: `${license}` },
    });
    const css = await esbuild.transform(style, { loader: "css", minify: true, banner: license });
    return {
      "/": { type: "text/html; charset=utf-8", body: await read(`${CLIENT}index.html`) },
      "/dashboard.js": { type: "text/javascript; charset=utf-8", body: outputFiles[0].text },
      "/dashboard.css": { type: "text/css; charset=utf-8", body: css.code },
    };
  } finally {
    await esbuild.stop();
  }
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, root));
}
