/** The group whose members may use the control sockets, besides the user of the daemon. */
import { messageOf, usageError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { closedAbove, groupId, isOwnGroup, letGroupPass } from "../runtime/group.ts";

/** The number of a group that is called `name`, or has this number. Rejects with a SpillwayError (exit 2) if there is none. */
export async function findControlGroup(name: string): Promise<number> {
  const gid = await groupId(name);
  if (gid !== undefined) return gid;
  throw usageError(
    `admin.control_group: found "${name}", which is no group of this system`,
    "getent group lists them; one that is not in /etc/group is given by its number",
  );
}

/**
 * The same for the daemon, which `user` runs; undefined where no group is named.
 * Rejects also if that user may give nothing to the group.
 */
export async function ownControlGroup(name: string | undefined, user: string): Promise<number | undefined> {
  if (name === undefined) return undefined;
  const gid = await findControlGroup(name);
  if (isOwnGroup(gid)) return gid;
  throw usageError(
    `admin.control_group: found "${name}", and ${user} is not in this group`,
    `usermod --append --groups ${name} ${user}; of a service Group=${name} in its unit`,
  );
}

/**
 * Lets the group's members pass through the journal's directory, where the socket
 * is. Returns the group; undefined, with a warning in the log, if they could not
 * reach the socket.
 */
export async function openToGroup(directory: string, gid: number, log: Log): Promise<number | undefined> {
  try {
    await letGroupPass(directory, gid);
  } catch (error) {
    log.say("control_group_ignored", { error: messageOf(error) });
    return undefined;
  }
  const closed = await closedAbove(directory, gid);
  if (closed !== undefined) {
    log.say("control_group_shut_out", {
      directory: closed,
      hint: `chgrp ${gid} ${closed} && chmod g+x ${closed}`,
    });
  }
  return gid;
}
