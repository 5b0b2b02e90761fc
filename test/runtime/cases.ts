/** All cases of the contract. */
import type { Case } from "./contract.ts";
import { bulkCases } from "./bulk_cases.ts";
import { fileCases } from "./file_cases.ts";
import { flowCases } from "./flow_cases.ts";
import { listenerCases } from "./listener_cases.ts";
import { lossCases } from "./loss_cases.ts";
import { pausedCases } from "./paused_cases.ts";
import { silenceCases } from "./silence_cases.ts";
import { tcpCases } from "./tcp_cases.ts";
import { urgentCases } from "./urgent_cases.ts";

export const cases: readonly Case[] = [
  ...tcpCases,
  ...urgentCases,
  ...lossCases,
  ...flowCases,
  ...pausedCases,
  ...bulkCases,
  ...silenceCases,
  ...listenerCases,
  ...fileCases,
];
