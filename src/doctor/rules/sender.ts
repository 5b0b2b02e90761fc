/** Nothing waits anywhere, so the sender sets the pace. Is it slow itself, or has it nothing more to send? */
import type { Finding } from "../finding.ts";
import type { Flow } from "../flow.ts";
import { aboutOf, doing, isBusy, isStopped, named, programText, rateText } from "../words.ts";

const WAITS_FOR_DISK = 0.5;

/** The last rule: for flows in which none of the others found anything. */
export function pace(flow: Flow): Finding {
  const { sender, from } = flow;
  const program = sender?.program;
  const isSlow = program !== undefined &&
    (isStopped(program) || isBusy(program) || (program.states.D ?? 0) >= WAITS_FOR_DISK);
  const rate = rateText(flow);
  const moved = rate === undefined ? "" : `; ${rate} moved`;
  const what = doing(program, "that is all it can make");
  const figures = { cpu_share: program?.cpuShare ?? 0, bytes_per_second: (flow.bytes ?? 0) / (flow.seconds || 1) };
  if (!isSlow) {
    return {
      kind: "healthy",
      level: "note",
      certainty: flow.sender !== undefined && flow.receiver !== undefined ? "sure" : "likely",
      about: aboutOf(flow),
      text: `nothing is wrong here: nothing waits, the sender ${programText(sender, from)} sets the pace${moved}` +
        `${what && `; ${what}`}.`,
      advice: [],
      ...named(sender),
      figures,
    };
  }
  return {
    kind: "sender",
    level: "slow",
    certainty: isStopped(program) ? "sure" : "likely",
    about: aboutOf(flow),
    text: `the producer itself is slow, ${programText(sender, from)}: nothing waits anywhere${moved}; ${what}.`,
    advice: isStopped(program)
      ? [`kill -CONT ${program.pid} lets it go on; a debugger or Ctrl-Z may have stopped it`]
      : ["look into that program (a profiler, its disk): neither network nor receiver holds it up"],
    ...named(sender),
    figures,
  };
}
