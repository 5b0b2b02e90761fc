/**
 * What `spillway init config` prints: every key of this version. Lines that
 * begin with `#` and a key are defaults; tests hold them to the real ones.
 */
export const CONFIG_TEMPLATE = `# Spillway's configuration. Check it with: spillway check -c FILE
# Sizes are strings with a unit: B KB MB GB TB KiB MiB GiB TiB. Durations: ms s m h d w, and several: 1h30m.
# In any string \${NAME} is an environment variable, \${NAME:-default} one with a default, $$ a dollar sign.
# A commented key has the value that it has when it is left out.

[[route]]
# Required, unique: a-z 0-9 _ -
name = "feed"

# How the stream is cut into messages (frames). One of:
#   "line"                   each ends with a newline
#   "octet-count"            syslog's own: "5 hello" (RFC 6587)
#   "raw"                    none: bytes in order; one producer at a time
#   { type = "line", delimiter = "\\r\\n", max_frame = "1MiB" }
#   { type = "length-prefix", width = 4, endian = "big", offset = 0, includes_header = false, max_frame = "1MiB" }
#   { type = "delimited", start = "\\u000b", end = "\\u001c\\r", between = "\\r\\n\\u0000", max_frame = "1MiB" }
#   { type = "fixed", size = 188 }
# max_frame is at most a quarter of memory.max_bytes. Bytes of "between" are passed over between two frames.
#framing = "line"

[route.source]
# Where the producer connects: host:port, [v6]:port, :port (every address), unix:/path.sock.
# Instead, to dial the producer again and again:   connect = "server-a:9000"
listen = "0.0.0.0:9000"
# Further connections are refused and counted.
#max_connections = 1024
# Close a connection that has been silent this long and is owed no answer; 0s = never.
#idle_timeout = "0s"
# Sent back to the producer for each frame once it is appended, and synced where journal.sync = "each".
# Needs journal.mode = "always".
#reply = ""

[route.target]
# The consumer to deliver to. Instead, to let the consumer dial in:   listen = "0.0.0.0:9001"
connect = "server-b:9001"
# When a frame counts as delivered. "acked": its bytes were acknowledged by the consumer's
# kernel (TCP on Linux; elsewhere it means "written"). "written": our kernel took them.
# "reply": the consumer answered it, with one frame for each, in order.
#confirm = "acked"
# The next five are for confirm = "reply" only.
# How answers are framed: as the route is, if this is left out.
#reply_framing = "line"
# Connect anew when an answer is this late.
#reply_timeout = "30s"
# A JavaScript regular expression that the content of a good answer matches, without delimiter or length.
# After any other the frame is sent again. "" = every answer is good.
#reply_ok = ""
# After so many bad answers a frame goes to quarantine/ and the next one follows.
#reply_attempts = 3
# Frames sent and not yet answered, at most.
#window = 1024
# On a new connection, send again what was confirmed and may not have been read, because the consumer's
# kernel still held it: "auto", or this much of it, at most half of memory.max_bytes.
#rewind = "auto"
# What the consumer sends: "discard", or "forward" to the producer (needs source.max_connections = 1).
#replies = "discard"
# Bytes a second at most, backlog and live alike; 0B = no limit, else at least 1KB.
#rate = "0B"
# true: the consumer may close its sending side and still receive.
#half_close = false
#connect_timeout = "3s"
# Pause between attempts to connect: doubles from the first to the second.
#retry_min = "100ms"
#retry_max = "2s"
# Connect anew when the consumer's kernel has not answered for so long (TCP on Linux; at least 1.5s); 0s = never.
# One that merely reads slowly answers.
#stall_timeout = "30s"

[route.memory]
# Everything that is held in memory for this route.
#max_bytes = "16MiB"

[route.journal]
# Relative to this file. The default has the route's name in it.
#dir = "spillway-data/feed"
# "overflow": journal only what the consumer cannot take now. "always": journal everything.
#mode = "overflow"
# What a power loss can take of what was appended. "os": the page cache. "interval": the last
# sync_interval. "each": nothing.
#sync = "os"
#sync_interval = "100ms"
# Delivered frames are removed a whole segment at a time.
#segment_bytes = "64MiB"
# Limit of the journal; 0B = none of its own. A clean stop may pass it, by what memory held.
#max_bytes = "0B"
# Keep this much of the file system free.
#min_free = "64MiB"
# While there is no room: "block" stops reading, "drop-oldest" drops the oldest segment,
# "drop-newest" drops what comes in, "disconnect" closes the producers' connections.
#when_full = "block"
# Keep delivered segments this long, and at most this much of them (0B = no limit).
#retain = "0s"
#retain_bytes = "0B"
# false: the directory must be there; one below a mount point tells when the mount is missing.
#create = true
# Give up pending frames that are older than this, counted as dropped{expired}; 0s = never.
#max_age = "0s"

[log]
# debug, info, warn, error
#level = "info"
# text, json
#format = "text"
`;
