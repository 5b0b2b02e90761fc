/**
 * What watches a daemon over HTTP, as a program of its own: a scrape a second, and
 * what an open dashboard asks for each second. Its options are JSON: `{"port":9464}`.
 */
const { port }: { port: number } = JSON.parse(Deno.args[0]);

const EACH_MS = 1000;

async function ask(path: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.arrayBuffer();
}

// It is ended with the stage; before the daemon listens, and after its end, there is nothing to ask.
for (;;) {
  await Promise.all(["/metrics", "/status", "/events"].map(ask)).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, EACH_MS));
}
