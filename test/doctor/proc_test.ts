/** What the doctor reads from the kernel and from `ss`: real texts, and what is none. */
import { parseCounters } from "../../src/doctor/proc/counters.ts";
import { parseProcessStat } from "../../src/doctor/proc/process_stat.ts";
import { parseSocketStatistics } from "../../src/doctor/proc/socket_statistics.ts";
import { hostOf, parseTcpTable, portOf } from "../../src/doctor/proc/tcp_table.ts";
import { assertEquals } from "../support/assert.ts";

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   2: 0100007F:3E7F 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 509848 1 0000000041f9a7a1 100 0 0 10 0
 103: 0100007F:EDB6 0100007F:3E7F 01 003D7C86:00000000 04:0000001A 00000002  1000        1 509849 2 0000000050c96f64 20 0 0 15 -1
`;
const TCP6 =
  `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: B80D0120000000000000000001000000:0050 0000000000000000FFFF00000100007F:3E7F 01 00000000:0001F3E5 00:00000000 00000000     0        0 7 1 0 20
   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 8 1 0 20
`;

Deno.test("a row of /proc/net/tcp has its ends, queues, timer, probes, user and inode", () => {
  assertEquals(parseTcpTable(TCP), [
    {
      local: "127.0.0.1:15999",
      remote: "0.0.0.0:0",
      state: 10,
      sendQueue: 0,
      receiveQueue: 3,
      timer: 0,
      unanswered: 0,
      uid: 0,
      inode: 509848,
    },
    {
      local: "127.0.0.1:60854",
      remote: "127.0.0.1:15999",
      state: 1,
      sendQueue: 4029574,
      receiveQueue: 0,
      timer: 4,
      unanswered: 2,
      uid: 1000,
      inode: 509849,
    },
  ]);
});

Deno.test("IPv6 addresses are in the short form, and mapped ones are IPv4", () => {
  const rows = parseTcpTable(TCP6);
  assertEquals(rows.map(({ local, remote }) => [local, remote]), [
    ["[2001:db8::1]:80", "127.0.0.1:15999"],
    ["[::1]:80", "[::]:0"],
  ]);
  assertEquals([hostOf("[2001:db8::1]:80"), portOf("[2001:db8::1]:80")], ["2001:db8::1", 80]);
});

Deno.test("lines that are no row, cut rows and addresses of other lengths are left out", () => {
  const row = TCP.split("\n")[2];
  for (
    const text of [
      "",
      "\n\n",
      "garbage",
      row.slice(0, 60),
      row.replace("0100007F", "01007F"),
      row.replace("04:", "zz:"),
    ]
  ) {
    assertEquals(parseTcpTable(text), [], text);
  }
});

Deno.test("counters are found by their names, in whatever order a kernel has them", () => {
  const netstat = "TcpExt: SyncookiesSent TCPFromZeroWindowAdv TCPRcvQDrop\nTcpExt: 5 12 7\n" +
    "IpExt: InNoRoutes\nIpExt: 1\n";
  const snmp = "Tcp: RtoAlgorithm MaxConn OutSegs RetransSegs\nTcp: 1 -1 1000 30\n";
  assertEquals(parseCounters(netstat + snmp), {
    "TcpExt.TCPFromZeroWindowAdv": 12,
    "TcpExt.TCPRcvQDrop": 7,
    "Tcp.OutSegs": 1000,
    "Tcp.RetransSegs": 30,
  });
});

Deno.test("counters without values, of another group or of another number are left out", () => {
  for (
    const text of [
      "",
      "TcpExt: TCPRcvQDrop\n",
      "TcpExt: TCPRcvQDrop\nTcp: 7\n",
      "TcpExt: TCPRcvQDrop TCPBacklogDrop\nTcpExt: 7\n",
      "TcpExt: TCPRcvQDrop\nTcpExt: x\n",
    ]
  ) assertEquals(parseCounters(text), {}, text);
});

const STAT = "4711 (a) S (b) R 1 4711 4711 0 -1 4194304 2 0 0 0 150 25 0 0 20 0 1 0 9 0 0 184467440737 1 1 0 0 0";

Deno.test("a program's name may have brackets and blanks; its times are in ms", () => {
  assertEquals(parseProcessStat(STAT), { name: "a) S (b", state: "R", cpuMs: 1750 });
  for (const text of ["", "4711", "4711 (x", STAT.slice(0, 40)]) assertEquals(parseProcessStat(text), undefined, text);
});

const SS =
  `ESTAB 0      4029574 127.0.0.1:60854 127.0.0.1:15999 bbr wscale:10,10 rto:208 backoff:2 rtt:5.28/10.513 mss:47616 cwnd:15 bytes_sent:142848 bytes_retrans:14875 bytes_acked:127974 bbr:(bw:3560065424bps,mrtt:0.025) send 1082181818bps busy:1236ms rwnd_limited:1236ms(100.0%) retrans:0/1 dsack_dups:1 minrtt:0.025
ESTAB 127973 0 [::ffff:127.0.0.1]:15999 [fe80::1]%eth0:60854 cubic wscale:10,10 rtt:0.023/0.011 bytes_received:127973 app_limited minrtt:0.023 snd_wnd:65536
`;

Deno.test("what ss says of a connection is read by name; what it does not say is unknown", () => {
  const [sender, receiver] = parseSocketStatistics(SS);
  assertEquals(JSON.parse(JSON.stringify(sender)), {
    local: "127.0.0.1:60854",
    remote: "127.0.0.1:15999",
    rttMs: 5.28,
    minRttMs: 0.025,
    bytesAcked: 127974,
    bytesSent: 142848,
    bytesRetransmitted: 14875,
    retransmissions: 1,
    busyMs: 1236,
    windowLimitedMs: 1236,
  });
  assertEquals([receiver.local, receiver.remote], ["127.0.0.1:15999", "[fe80::1]:60854"]);
  assertEquals([receiver.peerWindow, receiver.bytesReceived, receiver.busyMs], [65536, 127973, undefined]);
});

Deno.test("what is no line of ss is left out, and a figure that is no number is unknown", () => {
  assertEquals(parseSocketStatistics("\nss: bad option\nRecv-Q Send-Q Local Peer a b c\n"), []);
  assertEquals(parseSocketStatistics("ESTAB 0 0 127.0.0.1:1 127.0.0.1:2 rtt:x busy:")[0].rttMs, undefined);
});
