/** The unit that `spillway init systemd` prints (systemd.service(5), systemd.exec(5)). */

const MIB = 1024 * 1024;

/** What the program takes besides the routes' memory, with room. */
const PROGRAM_BYTES = 512 * MIB;

/**
 * `executable` are the words that start spillway, `config` the absolute path of its
 * file. `routesBytes`: what memory.max_bytes of all routes adds up to; undefined
 * where the file cannot be read yet.
 */
export function systemdUnit(executable: readonly string[], config: string, routesBytes?: number): string {
  const start = [...executable, "run", "-c", config].map(unitWord).join(" ");
  return `# Spillway as a service. The journals live in /var/lib/spillway: nothing else can be
# written. So give every route of ${config}
#   journal.dir = "/var/lib/spillway/NAME"
# and unix sockets a path in /run/spillway. The service's user must be able to read the file. Once:
#   useradd --system --home-dir /var/lib/spillway --shell /usr/sbin/nologin spillway

[Unit]
Description=Spillway, a TCP store-and-forward relay
After=network-online.target
Wants=network-online.target
# The producer waits while we are down: try for ever.
StartLimitIntervalSec=0

[Service]
# Ready when all routes listen. Without a libc that it can load the program cannot say so: Type=exec, no WatchdogSec.
Type=notify
NotifyAccess=main
# The event loop that moves all data says every 15 s that it turns; one that hangs is ended, with a core dump.
WatchdogSec=30
ExecStart=${start}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
# A wrong configuration stays wrong.
RestartPreventExitStatus=2
# A clean stop takes 5 s at most, longer only where a slow disk still takes frames that would be lost.
TimeoutStopSec=30
LimitNOFILE=65536
${memoryLimit(routesBytes)}

# Not DynamicUser: compaction from cron and repair run as the journals' owner, outside of this unit.
User=spillway
StateDirectory=spillway
# With admin.control_group = "NAME": 0710 here, and Group=NAME.
StateDirectoryMode=0700
RuntimeDirectory=spillway
UMask=0077
# For ports below 1024, in both lines: CAP_NET_BIND_SERVICE
AmbientCapabilities=
CapabilityBoundingSet=

NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
RemoveIPC=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
# The own queues of sockets stay visible, in /proc/self/net.
ProcSubset=pid
# With a port below 1024: no.
PrivateUsers=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute: the runtime compiles JavaScript to machine code.

[Install]
WantedBy=multi-user.target
`;
}

/** Above the limit the kernel kills the service, and what memory held is lost: so it is far from what is needed. */
function memoryLimit(routesBytes: number | undefined): string {
  const what =
    "memory.max_bytes of all routes, as much again for the kernel's buffers of sockets, 512 MiB for the program";
  if (routesBytes === undefined) {
    return `# Printed again when the configuration is in its place, this is a limit:
# ${what}.
#MemoryMax=`;
  }
  return `# ${what}.
MemoryMax=${Math.ceil((2 * routesBytes + PROGRAM_BYTES) / MIB)}M`;
}

/** A word of a command line as systemd reads it: percent and dollar signs stand for something else there. */
function unitWord(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /[\s"'\\;]/.test(escaped) ? `"${escaped.replace(/["\\]/g, "\\$&")}"` : escaped;
}
