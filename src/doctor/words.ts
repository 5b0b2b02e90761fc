/** How findings name programs, shares and times. */
import { formatSize } from "../base/quantity.ts";
import type { End, Flow, Program } from "./flow.ts";

/** A share of a processor, or of samples in state R, from which on a program counts as busy. */
const BUSY = 0.75;
/** A share of the samples from which on a state is the program's state. */
const MOSTLY = 0.5;

/** `pid 4711 python3`, or the end's address where its program is not known. */
export function programText(end: End | undefined, name: string): string {
  return end?.program === undefined ? `at ${name}` : `pid ${end.program.pid} ${end.program.name}`;
}

/** What the program did meanwhile: `it used 97 % of a CPU (busy with something else)`; empty where it is not known. */
export function doing(program: Program | undefined, busyWith: string): string {
  if (program === undefined) return "";
  if (isStopped(program)) return "it is stopped (state T)";
  const cpu = `it used ${percent(program.cpuShare)} of a CPU meanwhile`;
  if (isBusy(program)) return `${cpu} (${busyWith})`;
  if ((program.states.D ?? 0) >= MOSTLY) return `${cpu} and waited for a disk (state D)`;
  if ((program.states.S ?? 0) >= MOSTLY) {
    return `${cpu} and slept (state S${program.waitsIn === undefined ? "" : `, in ${program.waitsIn}`})`;
  }
  return cpu;
}

/** It computes, or would if other programs let it: one that waits for a processor is in state R too. */
export function isBusy({ cpuShare, states }: Program): boolean {
  return cpuShare >= BUSY || (states.R ?? 0) >= BUSY;
}

/** By a signal, or by a debugger. */
export function isStopped(program: Program | undefined): boolean {
  return ((program?.states.T ?? 0) + (program?.states.t ?? 0)) >= MOSTLY;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? value.toFixed(2) : Math.round(value)} %`;
}

/** `1.2 s of 5 s`. */
export function timeOf(share: number, seconds: number): string {
  return `${(share * seconds).toFixed(1)} s of ${seconds.toFixed(1)} s`;
}

/** `1.5MiB/s`; empty where it was not measured. */
export function rateText({ bytes, seconds }: Flow): string | undefined {
  return bytes === undefined || seconds <= 0 ? undefined : `${formatSize(bytes / seconds)}/s`;
}

export function aboutOf({ from, to }: Flow): string {
  return `${from} > ${to}`;
}

/** The value in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** `pid` and `program` of a finding. */
export function named(end: End | undefined): { readonly pid: number | null; readonly program: string | null } {
  return { pid: end?.program?.pid ?? null, program: end?.program?.name ?? null };
}
