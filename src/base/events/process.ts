/** What is logged of a route as a whole, and of the process. */
import type { EventKind } from "./kind.ts";

export const PROCESS_EVENTS = {
  route_ready: {
    level: "info",
    message: "route ready",
    repeats: "each",
    about: "It listens or dials, and delivers what was pending.",
  },
  route_stopped: {
    level: "info",
    message: "route stopped",
    repeats: "each",
    about: "The books of this run.",
  },
  unclean_stop: {
    level: "warn",
    message: "the last run did not stop cleanly",
    repeats: "each",
    about: "`at_risk_bytes` is what it may have lost at most.",
  },
  frames_lost: {
    level: "error",
    message: "frames are lost: they could not be appended at the stop",
    repeats: "each",
    about: "The range; the producer has to send them again.",
  },
  target_unsettled: {
    level: "warn",
    message: "the target's connection is left unsettled, its frames in flight may arrive twice",
    repeats: "each",
    about: "Nothing: the disk was too slow at the stop.",
  },
  close_failed: {
    level: "error",
    message: "the journal could not be closed cleanly",
    repeats: "each",
    about: "The next start recovers it: look at the disk.",
  },
  start_warning: {
    level: "warn",
    message: "found at the start",
    repeats: "each",
    about: "What `check` says too: `finding` and `hint`.",
  },
  journal_undelivered: {
    level: "warn",
    message: "a journal holds pending frames that no route delivers",
    repeats: "each",
    about: "A route was renamed or removed: give it this journal.dir, replay it, or skip.",
  },
  stopping: {
    level: "info",
    message: "stopping",
    repeats: "each",
    about: "A signal has asked for the clean stop.",
  },
  hurrying: {
    level: "warn",
    message: "producers and consumers are not waited for any longer",
    repeats: "each",
    about: "A second signal came during the stop.",
  },
  reload_unsupported: {
    level: "warn",
    message: "nothing is reloaded, a changed configuration counts after a restart",
    repeats: "each",
    about: "SIGHUP changes nothing in this version.",
  },
  start_stuck: {
    level: "error",
    message: "the start does not come to an end, it is given up",
    repeats: "each",
    about: "The disk or the resolver hangs.",
  },
  control_unavailable: {
    level: "warn",
    message: "no control socket: status reads the journal's files, skip needs the daemon stopped",
    repeats: "each",
    about: "`error` says why.",
  },
  control_failed: {
    level: "error",
    message: "a control request failed",
    repeats: "counted",
    about: "A fault of the program: please report it.",
  },
  control_group_ignored: {
    level: "warn",
    message: "the control socket is for this user alone",
    repeats: "each",
    about: "The journal's directory could not be given to admin.control_group: `error` says why.",
  },
  control_group_shut_out: {
    level: "warn",
    message: "the control socket is out of reach for admin.control_group",
    repeats: "each",
    about: "A directory above it is closed to the group: `hint` opens it.",
  },
  service_manager_unreachable: {
    level: "warn",
    message: "the service manager cannot be told that the relay is ready, and may end it",
    repeats: "each",
    about: "`hint` says what to change in the unit.",
  },
  http_listens: {
    level: "info",
    message: "http listens",
    repeats: "each",
    about: "Where metrics and status are.",
  },
  http_open: {
    level: "warn",
    message: "http is not for this host alone: whoever reaches it reads figures and names of peers",
    repeats: "each",
    about: "Listen on a loopback address, or behind a proxy that asks who it is.",
  },
  http_failed: {
    level: "error",
    message: "a request over http failed",
    repeats: "counted",
    about: "A fault of the program: please report it.",
  },
  replay_interrupted: {
    level: "warn",
    message: "the replay is interrupted, trying again",
    repeats: "each",
    about: "Only of `replay`: `reason`, and the frame that it goes on with.",
  },
} as const satisfies Readonly<Record<string, EventKind>>;
