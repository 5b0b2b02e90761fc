/** Is there the group that is to use the control sockets? Whether the daemon's user is in it shows at the start. */
import { findControlGroup } from "../../../admin/control_group.ts";
import { SpillwayError } from "../../../base/error.ts";
import type { AdminSettings } from "../../../config/config.ts";
import type { Finding } from "./finding.ts";

export async function inspectControlGroup({ controlGroup }: AdminSettings): Promise<Finding[]> {
  try {
    if (controlGroup !== undefined) await findControlGroup(controlGroup);
    return [];
  } catch (error) {
    if (error instanceof SpillwayError) return [{ kind: "error", text: error.message, hint: error.hint }];
    throw error;
  }
}
