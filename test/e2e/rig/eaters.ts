/** Consumers of a trial: in this process, or in one that can be stopped as a whole. */
import { Consumer, type ConsumerOptions, type ConsumerReport } from "../../peers/consumer.ts";
import { type Eater, LINE, type Stage } from "./trial.ts";
import type { Program } from "./program.ts";

/** In this process; it listens when it is told to. */
export class OwnEater implements Eater {
  readonly consumer: Consumer;

  constructor(stage: Stage, options: Partial<ConsumerOptions> = {}) {
    this.consumer = new Consumer({ listen: stage.listen, frames: LINE, ...options });
    stage.scene.defer(() => this.consumer.stop());
  }

  start(): this {
    this.consumer.start();
    return this;
  }

  ends(): Record<number, number> {
    return this.consumer.tally.ends();
  }

  report(): Promise<ConsumerReport> {
    return Promise.resolve(this.consumer.report());
  }
}

/** In a process of its own, which ends when everything has come. */
export class ProcessEater implements Eater {
  private constructor(readonly program: Program) {}

  static async start({ scene, listen, frames }: Stage): Promise<ProcessEater> {
    const program = scene.peer("consumer", { listen, frames: LINE, untilFrames: frames, progress: true });
    await program.json();
    return new ProcessEater(program);
  }

  ends(): Record<number, number> {
    const last = this.program.output.at(-1)!;
    return JSON.parse(last).ends ?? {};
  }

  async report(): Promise<ConsumerReport> {
    await this.program.exited;
    return JSON.parse(this.program.output.at(-1)!);
  }
}
