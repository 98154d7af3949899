import { atMost, type Figure, median, round } from "#bench/figure.ts";
import { type DistMessage, decodeMessage } from "#server/dna/codec/dist/control.ts";
import { AtomTable } from "#server/dna/codec/etf/atom-table.ts";
import { encodeTerm } from "#server/dna/codec/etf/encode.ts";
import {
  atom,
  list,
  type PidTerm,
  type ReferenceTerm,
  type Term,
  text,
  textOf,
  tuple,
} from "#server/dna/codec/etf/term.ts";

/** All instances of a partition of a node, as `Registry.select` gives them: what the largest answer looks like. */
const INSTANCES = 50_000;
const ROUNDS = { warmUp: 4, rounds: 15 } as const;
const NODE = "dna@10.0.0.5";
const TIMES_JSON_MAX = 2;

/**
 * Decoding of a large answer, from the frame to terms with all its texts, beside `JSON.parse` of the bytes of the same data in the same run:
 * the engine's own parser, in C++, is the best there is for data of this kind.
 */
export function etfFigures(): readonly Figure[] {
  const frame = answerFrame();
  const json = Buffer.from(JSON.stringify(Array.from({ length: INSTANCES }, (_, index) => jsonInstance(index))));
  const atoms = new AtomTable();
  const ours = (): void => {
    const message = decodeMessage(frame, { atoms });
    if (namesIn(message) !== INSTANCES) throw new Error("the answer was not understood");
  };
  const bare = (): void => {
    if (!Array.isArray(JSON.parse(json.toString("utf8")))) throw new Error("the text was not understood");
  };
  const times = alternately(ours, bare);
  const megabytes = frame.length / 1024 ** 2;
  return [
    {
      figure: "etf.decode.answer",
      ...atMost(TIMES_JSON_MAX, "x JSON.parse of the same data").judge(median(times.ours) / median(times.bare)),
      beside: {
        instances: INSTANCES,
        bytes: frame.length,
        jsonBytes: json.length,
        decodeMs: round(median(times.ours)),
        jsonParseMs: round(median(times.bare)),
        megabytesASecond: round((megabytes / median(times.ours)) * 1_000),
        instancesASecond: Math.round((INSTANCES / median(times.ours)) * 1_000),
      },
    },
  ];
}

/** JSON gives texts: so ours makes them too, though the console does that for the few it shows only. */
function namesIn(message: DistMessage): number {
  const result = message.kind === "down" ? itemsOf(message.reason)[2] : undefined;
  return itemsOf(result).filter((found) =>
    itemsOf(itemsOf(found)[0]).every((part) => typeof part === "number" || textOf(part) !== null),
  ).length;
}

const itemsOf = (term: Term | undefined): readonly Term[] =>
  typeof term === "object" && (term.type === "tuple" || term.type === "list") ? term.items : [];

/** Both are done at once, with nothing to wait for between them. */
function alternately(ours: () => void, bare: () => void): { readonly ours: number[]; readonly bare: number[] } {
  const times = { ours: [] as number[], bare: [] as number[] };
  const timed = (act: () => void): number => {
    const startedAt = performance.now();
    act();
    return performance.now() - startedAt;
  };
  for (let index = -ROUNDS.warmUp; index < ROUNDS.rounds; index += 1) {
    const [oursMs, bareMs] = [timed(ours), timed(bare)];
    if (index < 0) continue;
    times.ours.push(oursMs);
    times.bare.push(bareMs);
  }
  return times;
}

const nameOf = (index: number): string => `city-${String(index).padStart(8, "0")}`;
const pidOf = (index: number): PidTerm => ({
  type: "pid",
  node: NODE,
  id: 200 + (index % 32_768),
  serial: index >> 15,
  creation: 1_795_325_909,
});
const instance = (index: number): Term => tuple(tuple(text("eu"), index % 3, text(nameOf(index))), pidOf(index));
const jsonInstance = (index: number): unknown => [["eu", index % 3, nameOf(index)], pidOf(index)];

/** As it arrives: `PAYLOAD_MONITOR_P_EXIT` with what `erpc` ended with. */
function answerFrame(): Uint8Array {
  const reference: ReferenceTerm = { type: "reference", node: "worldline@10.0.0.9", creation: 7, words: [1, 2, 3] };
  const watcher: PidTerm = { type: "pid", node: "worldline@10.0.0.9", id: 1, serial: 0, creation: 7 };
  const control = encodeTerm(tuple(28, pidOf(0), watcher, reference));
  const instances = list(Array.from({ length: INSTANCES }, (_, index) => instance(index)));
  return new Uint8Array(
    Buffer.concat([Uint8Array.of(112), control, encodeTerm(tuple(reference, atom("return"), instances))]),
  );
}
