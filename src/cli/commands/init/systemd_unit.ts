/** The unit that `spillway init systemd` prints (systemd.service(5), systemd.exec(5)). */

/** `executable` are the words that start spillway, `config` the absolute path of its file. */
export function systemdUnit(executable: readonly string[], config: string): string {
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
Type=exec
ExecStart=${start}
Restart=always
RestartSec=1
# A wrong configuration stays wrong.
RestartPreventExitStatus=2
# A clean stop takes 5 s at most, longer only where a slow disk still takes frames that would be lost.
TimeoutStopSec=30
LimitNOFILE=65536

# Not DynamicUser: compaction from cron and repair run as the journals' owner, outside of this unit.
User=spillway
StateDirectory=spillway
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
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
# Not MemoryDenyWriteExecute: the runtime compiles JavaScript to machine code.

[Install]
WantedBy=multi-user.target
`;
}

/** A word of a command line as systemd reads it: percent and dollar signs stand for something else there. */
function unitWord(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /[\s"'\\;]/.test(escaped) ? `"${escaped.replace(/["\\]/g, "\\$&")}"` : escaped;
}
