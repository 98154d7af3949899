// @vitest-environment happy-dom
import { renderHook } from "@testing-library/react";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DatabaseHostFacts } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import {
  agentsWith,
  aNode,
  anAgent,
  anApp,
  aRole,
  aWorld,
  dnaWith,
  dynflowWith,
  hafWith,
  recordOf,
} from "#server/contract/view/estate.test-kit.ts";
import { LAYERS, type Layer, layersView } from "./estate-layers.ts";
import { estateView } from "./estate-view.ts";
import { filterOf } from "./map-filter.ts";
import { usePlaces } from "./map-memory.ts";
import { nodesOf, placeLayers, placeRegions } from "./map-scene.ts";
import { isHeard } from "./use-settled.ts";

const EVERYWHERE = { region: null, source: null, cluster: null };
const ROOM = { width: 1_200, height: 594, loadBalancer: true };
const ESTATE = {
  regions: [
    { id: "eu", title: "Europe" },
    { id: "us", title: "US" },
  ],
  dna: [
    { id: "eu-1", region: "eu", title: "Europe 1" },
    { id: "us-1", region: "us", title: "US 1" },
  ].map((dna) => ({ ...dna, cluster: null, keyspace: "dna", modules: {}, act: false })),
  dynflow: [{ id: "foreman", region: "eu", title: "Foreman", act: false }],
  haf: ["h1", "h2", "h3"].map((id) => ({ id, region: null, title: id, apps: [] })),
  ingest: { id: "agents", title: "Agents" },
};
const FULL: Counts = { dna: 1_000, database: 3, dynflow: 50, haf: 6, agents: 500 };
type Counts = Readonly<Record<Layer, number>>;

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
/** So many things without those whose number can be divided by `gone`: they left. */
const numbers = (count: number, gone: number | null) => upTo(count).filter((n) => gone === null || n % gone !== 1);
const host = (n: number): DatabaseHostFacts => ({
  ...{ hostId: `h${n}`, address: `10.9.0.${n}`, dataCenter: "dc1", rack: "r1", version: "5", up: true },
});

function foldsOf(counts: Counts, gone: number | null): Folds {
  const half = Math.floor(counts.dna / 2);
  const nodes = (from: number, to: number) =>
    recordOf(
      numbers(to, gone)
        .filter((n) => n >= from)
        .map((n) => [`1:${n}`, aNode(`dna@10.0.${n >> 8}.${n & 255}`)] as const),
    );
  const database = { name: "db", product: "ScyllaDB", hosts: upTo(counts.database).map(host) };
  const apps = numbers(counts.haf, gone);
  const stack = hafWith({
    apps: recordOf(apps.map((n) => [`app${n}`, anApp()] as const)),
    roles: recordOf(apps.flatMap((n) => (["api", "sync"] as const).map((role) => [`${role}/${n}`, aRole({ role })]))),
  });
  return {
    "dna:eu-1": dnaWith(nodes(0, half), { database }),
    "dna:us-1": dnaWith(nodes(half, counts.dna)),
    "dynflow:foreman": dynflowWith(
      recordOf(numbers(counts.dynflow, gone).map((n) => [`w${n}`, aWorld(null)] as const)),
    ),
    "haf:h1": stack,
    "haf:h2": stack,
    "haf:h3": stack,
    "ingest:agents": agentsWith(
      recordOf(numbers(counts.agents, gone).map((n) => [`a${n}`, anAgent(null, [])] as const)),
    ),
  };
}

/** One map, remembered from look to look: where all that it draws stands, by layer and name. */
function openMap(name: string) {
  // Maps of different drills do not know of each other.
  const drill = { ...EVERYWHERE, region: name };
  const input = (folds: Folds, settled: boolean) => ({
    regions: estateView(
      ["eu-1", "us-1"].flatMap((id) => {
        const fold = folds[`dna:${id}`];
        return fold?.family === "dna" ? [{ stream: `dna:${name}:${id}`, id, fold }] : [];
      }),
      ESTATE,
      EVERYWHERE,
    ),
    layers: layersView(folds, ESTATE, EVERYWHERE),
    settled,
  });
  const view = renderHook(
    ({ regions, layers, settled }: ReturnType<typeof input>) => usePlaces(regions, layers, drill, ROOM, settled),
    { initialProps: { regions: [], layers: [], settled: false } as ReturnType<typeof input> },
  );
  return (folds: Folds, shown: ReadonlySet<Layer> = new Set(LAYERS), settled = true): Map<string, string> => {
    const now = input(folds, settled);
    view.rerender(now);
    const { layout, slots } = view.result.current;
    const filter = filterOf({});
    const placed = placeRegions({ regions: now.regions, layout, slots, filter, changed: new Set() });
    const layers = placeLayers({ layers: now.layers.filter(({ layer }) => shown.has(layer)), layout, slots, filter });
    const found = new Map<string, string>();
    if (shown.has("dna")) for (const { key, x, y } of nodesOf(placed)) found.set(`dna ${key}`, `${x} ${y}`);
    if (shown.has("database"))
      for (const { view: region, box } of placed)
        for (const { hosts } of region.databases)
          for (const { hostId } of hosts) found.set(`database ${hostId}`, `${layout.databaseX} ${box.y} ${box.height}`);
    for (const { view: layer, groups } of layers)
      for (const { cells } of groups)
        for (const { key, x, y } of cells) found.set(`${layer.layer} ${key}`, `${x} ${y}`);
    return found;
  };
}

/** What the second look shows of the first stands where it stood. */
function expectStill(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): void {
  expect([...now].filter(([key, at]) => before.has(key) && before.get(key) !== at)).toEqual([]);
}

const layer = fc.constantFrom<Layer>(...LAYERS);
const look = fc.oneof(
  fc.record({ kind: fc.constant("grow" as const), layer, by: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ kind: fc.constant("leave" as const), every: fc.integer({ min: 2, max: 9 }) }),
  fc.record({ kind: fc.constant("show" as const), layers: fc.subarray([...LAYERS]) }),
);

describe("a map of 1,000 nodes, 500 agents, 3 stacks and 50 worlds", () => {
  it("draws each in a place of its own", () => {
    const all = openMap("each")(foldsOf(FULL, null));
    const of = (name: Layer) => [...all.keys()].filter((key) => key.startsWith(`${name} `)).length;
    expect(LAYERS.map((name) => [name, of(name)])).toEqual([
      ["dna", 1_000],
      ["database", 3],
      ["dynflow", 51],
      ["haf", 57],
      ["agents", 500],
    ]);
    const cells = [...all].filter(([key]) => !key.startsWith("database "));
    expect(new Set(cells.map(([, at]) => at)).size).toBe(cells.length);
  });

  it("moves nothing when any layer grows, loses things, is switched off or on", () => {
    let run = 0;
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 6 }), (looks) => {
        run += 1;
        const see = openMap(`run-${run}`);
        let counts = FULL;
        let gone: number | null = null;
        let shown: ReadonlySet<Layer> = new Set(LAYERS);
        const known = new Map(see(foldsOf(counts, gone)));
        for (const step of looks) {
          if (step.kind === "grow") counts = { ...counts, [step.layer]: counts[step.layer] + step.by };
          else if (step.kind === "leave") gone = step.every;
          else shown = new Set(step.layers);
          const now = see(foldsOf(counts, gone), shown);
          const strangers = [...now.keys()].filter((key) => !known.has(key));
          expectStill(known, now);
          // A newcomer may have the place of one that left; who comes back to a place that was given away has a new one.
          const taken = new Set([...now].filter(([key]) => strangers.includes(key)).map(([, at]) => at));
          for (const [key, at] of known) if (!now.has(key) && taken.has(at)) known.delete(key);
          for (const [key, at] of now) known.set(key, at);
        }
      }),
      { numRuns: 8, verbose: 1 },
    );
  }, 120_000);

  it("is laid out for all of it, though its systems are heard of one after the other", () => {
    const all = foldsOf(FULL, null);
    const see = openMap("late");
    const { "dna:eu-1": _, "dna:us-1": __, ...beside } = all;
    expect(isHeard({ folds: beside }, ESTATE)).toBe(false);
    see(beside, undefined, false);
    expect(isHeard({ folds: all }, ESTATE)).toBe(true);
    const settled = see(all);
    expect(settled).toEqual(openMap("at once")(all));
    expectStill(settled, see(beside));
  });
});
