/** A route's counts, asked of the running daemon through the control socket in its journal's directory. */

export interface RouteStatus {
  readonly received_bytes: number;
  readonly delivered_bytes: number;
  readonly spilled_bytes: number;
  readonly source_paused_seconds: number;
}

/** Rejects where no daemon answers. */
export async function askStatus(journal: string): Promise<RouteStatus> {
  using connection = await Deno.connect({ transport: "unix", path: `${journal}/control` });
  await connection.write(new TextEncoder().encode('{"ask":"status"}\n'));
  let text = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  const { answer, error } = JSON.parse(text);
  if (error !== undefined) throw new Error(`the control socket answers: ${error}`);
  return answer;
}
