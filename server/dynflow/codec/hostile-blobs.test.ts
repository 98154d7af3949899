import { describe, expect, it } from "vitest";
import { fuzzBlobs, PAST_BYTES, recordedBlobs, throughEveryDecoder } from "./blob-fuzz.test-kit.ts";
import { decodeJsonText } from "./json-text.ts";
import { decodeMsgpack, MSGPACK_MAX_ODD_KEYS, MSGPACK_MAX_VALUES } from "./msgpack-decode.ts";
import { decodePayload } from "./payload.ts";
import { decodePayloadCell, decodePlanRow } from "./rows.ts";
import { NO_BLOB } from "./stored.ts";
import { utf8Text } from "./utf8.ts";

const MEGABYTE = 1024 * 1024;
/** A few thousand in every run; `npm run soak -- blobs` sends a million. */
const BLOBS = 4_000;
const PAST_MIN = 0.3;
const HEAP_MAX_BYTES = 1_024 * MEGABYTE;
/** CPU time for a blob as large as a column may be; generous, as others use the machine too. */
const LARGEST_MAX_MS = 2_500;

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const array32 = (length: number): Uint8Array =>
  new Uint8Array([0xdd, length >>> 24, length >>> 16, length >>> 8, length]);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe("blobs made wrong by chance", () => {
  it("never crash a decoder, hang it or make it grow, and most of them get it past its first bytes", () => {
    const seed = Date.now() % 1_000_000;
    process.stdout.write(`mutated blobs: seed ${seed}\n`);
    const found = fuzzBlobs(BLOBS, seed);
    expect(found.faults).toEqual([]);
    expect(found.past / found.blobs).toBeGreaterThan(PAST_MIN);
    expect(found.heapMaxBytes).toBeLessThan(HEAP_MAX_BYTES);
  });

  it("stem from every kind of column of three releases", () => {
    const blobs = recordedBlobs();
    expect(blobs.filter(({ form }) => form === "msgpack").length).toBeGreaterThan(200);
    expect(blobs.filter(({ form }) => form === "json").length).toBeGreaterThan(500);
    for (const { bytes } of blobs) expect(bytes.length).toBeGreaterThan(PAST_BYTES);
  });
});

/** Made to hurt: each as large as an adapter reads, or as deep as bytes allow. */
const HOSTILE: readonly (readonly [what: string, form: "msgpack" | "json", bytes: () => Uint8Array])[] = [
  ["four million empty lists", "msgpack", () => joined(array32(4 * MEGABYTE), new Uint8Array(4 * MEGABYTE).fill(0x90))],
  ["nine hundred thousand empty lists", "msgpack", () => joined(array32(900_000), new Uint8Array(900_000).fill(0x90))],
  ["strings that are no text", "msgpack", () => joined(array32(900_000), Buffer.from("a1ff".repeat(900_000), "hex"))],
  ["a promise of four billion", "msgpack", () => new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff])],
  [
    "promises within promises",
    "msgpack",
    () => joined(...Array<Uint8Array>(120).fill(array32(60)), new Uint8Array(8_000)),
  ],
  ["one binary", "msgpack", () => joined(new Uint8Array([0xc6, 0, 0x40, 0, 0]), new Uint8Array(4 * MEGABYTE))],
  ["a list in a list, a million times", "msgpack", () => new Uint8Array(MEGABYTE).fill(0x91)],
  ["odd keys at every level", "msgpack", () => Buffer.from(`${"82a161".repeat(120)}c0${"0102".repeat(120)}`, "hex")],
  ["an empty text", "json", () => new Uint8Array()],
  ["a list in a list, two million times", "json", () => ascii("[".repeat(2 * MEGABYTE) + "]".repeat(2 * MEGABYTE))],
  [
    "a map in a map, and a long number",
    "json",
    () => ascii(`${'{"a":'.repeat(300_000)}${"9".repeat(20)}${"}".repeat(300_000)}`),
  ],
  ["a million empty lists", "json", () => ascii(`[${"[],".repeat(1_300_000)}[]]`)],
  ["a number of four million digits", "json", () => ascii(`[${"7".repeat(4 * MEGABYTE)}]`)],
  ["a hundred thousand long numbers", "json", () => ascii(`[${`${"7".repeat(38)},`.repeat(100_000)}1]`)],
  ["half a pair of surrogates", "json", () => ascii('{"message":"\\ud800"}')],
  [
    "a map of a prototype",
    "json",
    () => ascii('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  ],
];

describe("blobs made to hurt", () => {
  it.each(HOSTILE)("%s, as %s", (_what, form, bytes) => {
    const blob = { form, bytes: bytes() };
    const column = { ...blob, length: blob.bytes.length };
    expect(cpuMsOf(() => decodePayloadCell(column))).toBeLessThan(LARGEST_MAX_MS);
    if (column.length <= 400_000) throughEveryDecoder(blob);
    expect(Reflect.get({}, "polluted")).toBe(undefined);
  });

  it("say which bound they broke", () => {
    const lists = joined(array32(2 * MEGABYTE), new Uint8Array(2 * MEGABYTE).fill(0x90));
    expect(decodeMsgpack(lists)).toMatchObject({ kind: "limit", reason: `more than ${MSGPACK_MAX_VALUES} values` });
    const oddKeys = joined(
      new Uint8Array([0xde, 0x20, 0x00]),
      Buffer.from(
        Array.from({ length: 8_192 }, (_, key) => `cd${key.toString(16).padStart(4, "0")}c0`).join(""),
        "hex",
      ),
    );
    expect(decodeMsgpack(oddKeys)).toMatchObject({
      kind: "limit",
      reason: `a map with more than ${MSGPACK_MAX_ODD_KEYS} keys that are no text`,
    });
    expect(decodeJsonText(ascii(`[${"[],".repeat(1_300_000)}[]]`))).toMatchObject({
      reason: `more than ${MSGPACK_MAX_VALUES} values`,
    });
    expect(decodeJsonText(ascii("[".repeat(200) + "]".repeat(200)))).toMatchObject({ ok: false });
    expect(decodeJsonText(ascii("[".repeat(100_000) + "]".repeat(100_000)))).toMatchObject({ ok: false });
  });

  it("a flow nested ten thousand deep is told to be too deep", () => {
    const deep = joined(...Array<Uint8Array>(10_000).fill(Buffer.from("92a153", "hex")), new Uint8Array([2]));
    const blob = { bytes: deep, length: deep.length };
    const head = { id: "x", label: null, state: "paused", result: "error", startedAt: null, endedAt: null };
    const row = decodePlanRow({
      head: { ...head, realTimeSec: null, executionTimeSec: null, rootPlanStepId: 1 },
      runFlow: blob,
      finalizeFlow: NO_BLOB,
      history: NO_BLOB,
      stepIds: NO_BLOB,
      data: NO_BLOB,
    });
    expect(row.runFlow).toMatchObject({ ok: false, reason: "deeper than 128 levels", bytes: 30_001 });
  });
});

describe("200 kB of input", () => {
  it.each([
    ["one text", { log: "x".repeat(200_000) }],
    [
      "many entries",
      { hosts: Array.from({ length: 5_000 }, (_, index) => ({ id: index, name: `host-${index}.example` })) },
    ],
  ])("is decoded whole: %s", (_what, value) => {
    const decoded = decodeJsonText(ascii(JSON.stringify(value)));
    expect(decoded.ok).toBe(true);
  });
});

describe("text", () => {
  const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const byPlatform = (bytes: Uint8Array): string | null => {
    try {
      return STRICT.decode(bytes);
    } catch {
      return null;
    }
  };

  it("is what the platform's strict decoder says, for every first byte and each kind of second", () => {
    const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    for (let first = 0; first < 256; first += 1) {
      for (const second of edges) {
        for (const tail of [[], [0x80], [0xbf, 0x80], [0x41]]) {
          const bytes = new Uint8Array([first, second, ...tail]);
          expect(utf8Text(bytes)).toBe(byPlatform(bytes));
        }
      }
    }
  });

  it("keeps a byte order mark, and long text", () => {
    expect(utf8Text(new Uint8Array([0xef, 0xbb, 0xbf, 0x41]))).toBe("\ufeffA");
    expect(utf8Text(Buffer.from("äöü€😀".repeat(1_000)))).toBe("äöü€😀".repeat(1_000));
  });
});

describe("an odd map", () => {
  it("is shown whole where its keys are few", () => {
    expect(decodePayload(Buffer.from("8201c002c0", "hex"))).toEqual({
      ok: true,
      value: {
        $map: [
          [1, null],
          [2, null],
        ],
      },
    });
  });
});
