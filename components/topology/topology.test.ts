import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INCARNATION_STATES } from "#server/contract/event.ts";
import { type DnaFold, EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { estateView, nodeWord } from "./estate-view.ts";

const estate = {
  regions: [
    { id: "us", title: "US" },
    { id: "eu", title: "Europe" },
  ],
  dna: [
    { id: "eu-1", region: "eu", title: "Europe 1" },
    { id: "us-1", region: "us", title: "US 1" },
    { id: "lone", region: null, title: "Lone" },
  ].map((dna) => ({ ...dna, cluster: null, keyspace: "dna", modules: {}, act: false })),
};
const ALL = { region: null, source: null, cluster: null };

const node = (name: string, more: Partial<NodeFold> = {}) =>
  ({ cluster: "prod", node: name, createdAt: 1, state: "alive", since: 0, flags: {}, ...more }) as unknown as NodeFold;
const source = (id: string, nodes: Readonly<Record<string, NodeFold>>, more: Partial<DnaFold> = {}) => ({
  id,
  stream: `dna:${id}`,
  fold: { ...EMPTY_DNA, nodes, ...more },
});
const names = (view: ReturnType<typeof estateView>) =>
  view.map(({ title, clusters }) => [
    title,
    clusters.map(({ source: id, cluster, places }) => [id, cluster, places.map((place) => place.name)]),
  ]);

describe("estateView", () => {
  it("keeps regions in configured order and nodes in the order of their names, numbers as numbers", () => {
    const view = estateView(
      [source("eu-1", { a: node("n@10.0.0.10"), b: node("n@10.0.0.9") }), source("us-1", { c: node("x") })],
      estate,
      ALL,
    );
    expect(names(view)).toEqual([
      ["US", [["us-1", "prod", ["x"]]]],
      ["Europe", [["eu-1", "prod", ["n@10.0.0.9", "n@10.0.0.10"]]]],
    ]);
  });

  it("puts a restarted node into the place of its name, newest first", () => {
    const [region] = estateView(
      [
        source("eu-1", {
          old: node("n", { state: "gone", createdAt: 1 as never }),
          new: node("n", { createdAt: 2 as never }),
        }),
      ],
      estate,
      ALL,
    );
    expect(region?.clusters[0]?.places).toHaveLength(1);
    expect(region?.clusters[0]?.places[0]?.incarnations.map(({ id }) => id)).toEqual(["new", "old"]);
  });

  it("never moves a node for its state", () => {
    const state = fc.constantFrom(...INCARNATION_STATES);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), state, state), { maxLength: 30 }), (rows) => {
        const drawn = (pick: (row: (typeof rows)[number]) => (typeof INCARNATION_STATES)[number]) =>
          names(
            estateView(
              [
                source(
                  "eu-1",
                  Object.fromEntries(rows.map((row, index) => [`${index}`, node(`n${row[0]}`, { state: pick(row) })])),
                ),
              ],
              estate,
              ALL,
            ),
          );
        expect(drawn((row) => row[1])).toEqual(drawn((row) => row[2]));
      }),
      { verbose: 1 },
    );
  });

  it("drills by region, source and cluster", () => {
    const sources = [
      source("eu-1", { a: node("a"), b: node("b", { cluster: "other" }) }),
      source("us-1", { c: node("c") }),
    ];
    expect(names(estateView(sources, estate, { ...ALL, region: "us" }))).toEqual([["US", [["us-1", "prod", ["c"]]]]]);
    expect(names(estateView(sources, estate, { region: "eu", source: "eu-1", cluster: "other" }))).toEqual([
      ["Europe", [["eu-1", "other", ["b"]]]],
    ]);
  });

  it("draws a source of no region too", () => {
    expect(names(estateView([source("lone", { a: node("a") })], estate, ALL))).toEqual([
      ["No region", [["lone", "prod", ["a"]]]],
    ]);
  });

  it("draws one that runs on after its death as what it is", () => {
    expect(nodeWord(node("n", { state: "gone", flags: { zombie: "it answers" } }))).toBe("zombie");
  });

  it("draws a name conflict whatever the state", () => {
    expect(nodeWord(node("n", { flags: { name_conflict: "both beat" } }))).toBe("name_conflict");
  });
});
