/**
 * The bound on what a consumer's program has not read: recorded connections
 * whose counts are known to the byte, and what must hold for any.
 */
import { ReceiveWindow } from "../../src/target/receive_window.ts";
import { assert, assertEquals } from "../support/assert.ts";

interface Recording {
  readonly name: string;
  readonly scale: number;
  /** What the program had not read in the end. */
  readonly unread: number;
  /** What the rule says; more would repeat more. */
  readonly bound: number;
  /** Of each sample: ms and bytes acknowledged since the one before, bytes in flight, window, segments since. */
  readonly samples: string;
}

const RECORDINGS: readonly Recording[] = [
  {
    name: "Linux 6.18, never reads",
    scale: 7,
    unread: 112960,
    bound: 112960,
    samples: "0 0 0 65483 0,2 32741 32795 94848 3,47 80219 0 14720 2,80 0 0 14720 0",
  },
  {
    name: "Linux 6.12, reads 167 kB and stops",
    scale: 7,
    unread: 3850478,
    bound: 3990296,
    samples:
      "5 0 0 65160 0,41 46336 0 73600 32,1 0 57920 73600 40,22 65536 65536 101248 52,2 262144 0 425088 137,1 65536 0 558336 46,0 65536 0 691584 46,0 65536 0 824832 46,1 65536 0 957952 46,0 65536 0 1091200 46,1 65536 0 1224448 46,0 65536 0 1357696 46,1 65536 0 1490816 46,0 65536 0 1624064 46,1 65536 0 1757312 46,0 65536 0 1890560 46,1 65536 0 2023680 46,0 65536 0 2156928 46,33 65536 0 2290176 46,1 65536 0 2423424 46,1 65160 376 2450816 46,48 215808 177784 2252288 275,28 435208 135792 1861632 275,30 866824 186472 1076992 643,60 1076992 0 0 626,1003 0 0 0 0,316 0 0 0 0",
  },
  {
    name: "Linux 6.18, ever faster, its buffer grows while it is full",
    scale: 10,
    unread: 595875,
    bound: 2317867,
    samples:
      "8 0 0 65160 0,20 65536 0 56320 46,0 0 56320 56320 39,4 65536 4096 4096 10,3 4096 0 0 0,113 124928 0 0 88,74 63488 0 0 44,70 0 94208 94208 66,0 94208 30720 30720 22,11 30720 0 0 0,27 63488 0 0 44,76 94208 30720 30720 88,43 94208 0 0 44,82 124928 0 0 88,146 63488 94208 94208 110,6 188416 0 0 67,65 124928 0 0 88,65 468496 100352 100352 395,49 364544 0 0 183,107 367992 0 0 255,33 128648 0 1024 89,47 123528 0 1024 86,79 299008 0 0 207,57 395160 0 0 274,26 132744 0 1024 92,82 405672 0 0 281,60 423456 0 0 294,48 403248 0 0 280,94 695360 0 0 481,4 67208 0 0 47,54 427824 0 0 296,38 466360 0 0 323,42 363688 0 0 252,27 332968 0 0 230,2 0 0 0 0",
  },
  {
    name: "Linux 6.18, closes after 500 kB, most of them between two samples",
    scale: 7,
    unread: 645088,
    bound: 1145088,
    samples:
      "0 0 0 65483 0,1 32741 32795 94848 3,21 161499 0 0 4,0 0 94848 94848 2,0 94848 0 0 0,1 571456 0 4608 12,28 284544 0 33920 5",
  },
  {
    name: "Linux 6.1, slow, its buffer opens again far beyond what it held",
    scale: 10,
    unread: 4382383,
    bound: 4775599,
    samples:
      "14 0 0 65483 0,48 65536 0 65536 3,1 0 65536 65536 2,80 65536 0 0 1,523 196608 491520 757760 21,17 524288 786432 816128 25,30 786432 360289 416768 9,40 360289 196449 236544 4,32 196449 130966 137216 3,51 130966 0 7168 1,239 7168 0 0 1,258 58315 851279 886784 14,30 851279 785796 850944 13,66 785796 392898 452608 7,44 392898 196449 254976 3,86 196449 130966 156672 3,46 130966 0 26624 0,251 26624 0 0 1,1008 0 0 0 0,462 0 0 0 0",
  },
  {
    name: "Linux 6.1, its buffer grows by a third with no wider window",
    scale: 7,
    unread: 124544,
    bound: 189688,
    samples:
      "45 0 0 65160 0,186 0 14480 65160 10,22 14480 28960 51968 20,50 31856 39096 39680 29,54 39096 14480 15104 10,15 13032 7240 8576 4,64 7240 5792 6400 4,59 5792 0 640 0,130 0 13032 13696 9,23 2896 20272 20480 7,58 20272 55024 55168 38,57 55024 13032 13568 9",
  },
  {
    name: "Linux 6.1, 100 kB/s, closes after 120 kB",
    scale: 10,
    unread: 932349,
    bound: 997975,
    samples:
      "5 0 0 65160 0,38 0 14480 65160 10,21 14480 28960 55296 20,29 8688 37648 59392 12,27 24616 34752 34816 15,20 28960 5792 6144 0,33 5792 63712 64512 44,22 1448 63712 64512 1,44 63712 0 1024 0,271 1024 0 0 1,342 0 64136 64512 45,26 64136 94120 195584 65,46 190120 65536 577536 113,58 162552 99592 842752 137,28 35504 113320 807936 34,69 113320 81840 697344 57,28 83288 124528 627712 87,45 124528 130000 508928 90,69 130000 135416 397312 94,34 0 135416 397312 0",
  },
  {
    name: "Linux 6.1, SO_RCVBUF holds more than the window can say",
    scale: 6,
    unread: 4253953,
    bound: 4872920,
    samples:
      "6 0 0 65535 0,55 65534 2 327488 3,1 65485 53 458496 2,0 65536 53 589440 2,1 65536 53 720384 2,0 65536 53 851392 2,1 65536 53 982336 2,0 65536 53 1113280 2,1 65536 53 1244288 2,0 65536 53 1375232 2,1 65536 53 1506176 2,0 65536 53 1637184 2,1 65536 53 1768128 2,0 65536 53 1899072 2,35 393163 131178 1712832 14,5 720949 131125 1342784 21,72 589877 65536 1040704 16,16 983040 131072 534464 32,5 524288 131072 266560 16,21 262144 0 4416 4,1 0 0 4416 0,218 65483 196449 218112 4,67 327415 0 21696 2,100 130966 0 23680 2,376 23680 0 0 1,40 0 0 0 0",
  },
  {
    name: "Linux 6.18, the last 15 kB are not read and the window stays wide open",
    scale: 7,
    unread: 14564,
    bound: 26608,
    samples:
      "1 0 0 65483 0,1 32741 32795 94848 3,3 211291 18112 212864 5,1 149184 131072 212864 8,1 196608 131072 212864 6,3 196608 131072 212864 6,1 196608 131072 212864 6,2 196608 131072 212864 6,2 196608 131072 212864 6,2 196608 131072 212864 6,2 196608 131072 212864 6,2 196608 128470 212864 5,10 128470 0 212864 0,1005 0 0 212864 0,488 0 0 212864 0",
  },
  {
    name: "Linux 6.18, 10 kB/s, killed after 5 s",
    scale: 7,
    unread: 82248,
    bound: 103023,
    samples:
      "1 0 0 65160 0,13 0 4096 65160 3,22 13736 2896 68224 9,22 8688 23168 73472 20,3 2896 26064 70656 4,1 2896 26064 67840 2,4 1448 30408 66432 4,26 40544 10136 25984 14,44 24616 0 1408 10,298 1408 0 0 1,965 0 2896 64640 2,25 20272 44888 44928 43,10 2896 41992 42112 0,41 41992 0 128 0,287 128 0 0 1,1004 0 0 0 0,1008 0 0 0 0,1010 0 0 0 0,238 0 0 0 0",
  },
  {
    name: "Linux 6.1, steady under a window of four fifths with one and a half windows unread",
    scale: 7,
    unread: 1668002,
    bound: 4567944,
    samples:
      "68 0 0 65160 0,175 46336 0 41088 32,2 0 28960 41088 20,42 41088 24704 24704 27,30 24704 12416 12416 10,79 58736 105984 105984 110,20 105984 49024 49024 36,44 49024 24448 24448 18,105 24448 11680 12288 10,22 11680 0 640 0,241 640 0 0 1,188 601200 0 1075968 422,1 65160 376 1136768 46,9 524664 65536 864128 414,62 983040 65536 743680 690,45 655360 65536 899200 460,57 196232 376 868352 92,71 393216 376 968832 276,40 393216 376 905856 276,46 393216 376 940544 276",
  },
  {
    name: "Linux 6.18, short of memory: windows of four segments before a buffer of 380 kB",
    scale: 7,
    unread: 379392,
    bound: 521280,
    samples:
      "0 0 0 65160 0,9 65536 0 5888 47,0 23552 5888 5888 25,2 103000 0 5888 83,1 65536 0 5888 56,1 65536 0 5888 56,0 64768 768 5888 56,0 66304 0 5888 56,0 64768 768 5888 56,1 66304 0 5888 56,0 64768 768 5888 56,0 52992 5888 0 49",
  },
];

for (const { name, scale, unread, bound, samples } of RECORDINGS) {
  Deno.test(`unread bytes: ${name}`, () => {
    const window = new ReceiveWindow();
    let [nowMs, acknowledged, segments] = [0, 0, 0];
    for (const sample of samples.split(",")) {
      const [ms, bytes, inFlight, size, more] = sample.split(" ").map(Number);
      window.sample(acknowledged += bytes, inFlight, size, scale, segments += more, nowMs += ms);
    }
    assert(window.unread() >= unread, `${window.unread()} falls short of ${unread}`);
    assertEquals(window.unread(), bound);
  });
}

Deno.test("unread bytes: what is known to be read stays read, and the bound is never below 0 nor above what is acknowledged", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed);
    const window = new ReceiveWindow();
    let [acknowledged, nowMs, read] = [0, 0, 0];
    for (let i = 0; i < 500; i++) {
      acknowledged += Math.floor(random() ** 4 * 1e6);
      nowMs += random() ** 3 * 400;
      const size = random() < 0.1 ? undefined : Math.floor(random() ** 3 * 8e6);
      window.sample(acknowledged, random() * 1e6, size, 7, i, nowMs);
      const unread = window.unread();
      assert(unread >= 0 && unread <= acknowledged, `${unread} of ${acknowledged}`);
      assert(acknowledged - unread >= read, "a byte that was read is unread again");
      read = acknowledged - unread;
    }
  }
});

Deno.test("unread bytes: without a window the bound is the largest buffer that its field can stand for", () => {
  const window = new ReceiveWindow();
  window.sample(100_000, 0, undefined, 2, 0, 0);
  assertEquals(window.unread(), 100_000);
  window.sample(10_000_000, 0, undefined, 2, 0, 1);
  assertEquals(window.unread(), 2 * (65_535 << 2));
});

Deno.test("unread bytes: a consumer that reads a quiet stream at once is known to be behind by little, and one that stops is noticed", () => {
  const window = new ReceiveWindow();
  let [acknowledged, nowMs, lines] = [0, 0, 0];
  const line = (size: number) => {
    for (let i = 0; i < 10; i++) window.sample(acknowledged, 0, size, 7, lines, nowMs += 10);
    window.sample(acknowledged += 512, 0, size, 7, ++lines, nowMs);
  };
  while (nowMs < 180_000) line(65_536);
  assert(window.unread() < 20_000, `${window.unread()}`);
  for (let unread = 512; unread <= 60_000; unread += 512) {
    line(65_536 - unread / 2);
    assert(window.unread() >= unread, `${window.unread()} falls short of ${unread}`);
  }
});

Deno.test("unread bytes: a full buffer that is read slowly lets every connection make progress", () => {
  const window = new ReceiveWindow();
  const room = 128_512;
  window.sample(0, 0, 65_483, 7, 0, 0);
  window.sample(32_768, 0, 95_232, 7, 1, 1);
  for (let read = 0, acknowledged = room, nowMs = 2; read < 50_000; read += 100, nowMs += 10) {
    if (read + room - acknowledged >= 8192) acknowledged = read + room;
    window.sample(acknowledged, 0, 0, 7, 0, nowMs);
    assert(window.unread() >= acknowledged - read);
    if (read >= 40_000) assert(window.unread() < acknowledged, "nothing of 40 kB");
  }
});

/** xorshift, 0 to 1. */
function randomOf(seed: number): () => number {
  let x = seed * 2654435761 >>> 0;
  return () => {
    x ^= x << 13, x ^= x >>> 17, x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}
