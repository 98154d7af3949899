// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import type { TopologyPlace } from "#components/ui/routes.ts";
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
import { LAYERS, layersOf, layersView, withLayer } from "./estate-layers.ts";
import { EstateMap } from "./estate-map.tsx";
import { estateView } from "./estate-view.ts";
import { filterOf } from "./map-filter.ts";

const DRILL = { region: null, source: null, cluster: null };
const FOLDS: Folds = {
  "dna:eu-1": dnaWith(
    recordOf([
      ["1:1", aNode("dna@10.1.1.11")],
      ["1:2", aNode("dna@10.1.1.12")],
    ]),
  ),
  "dynflow:foreman": dynflowWith(recordOf([["w1", aWorld("web1.example.org")]])),
  "haf:hive": hafWith({
    apps: recordOf([
      ["__proto__", anApp()],
      ["hivemind", anApp({ state: "detached" })],
    ]),
    roles: recordOf([["haf/1", aRole()]]),
  }),
  "ingest:agents": agentsWith(recordOf([["a1", anAgent("web1.example.org", ["10.1.1.11"])]])),
};
const ESTATE = {
  regions: [{ id: "eu", title: "Europe" }],
  dna: [{ id: "eu-1", region: "eu", title: "Europe 1", cluster: null, keyspace: "dna", modules: {}, act: false }],
  dynflow: [{ id: "foreman", region: "eu", title: "Foreman", act: false }],
  haf: [{ id: "hive", region: null, title: "Hive", apps: [] }],
  ingest: { id: "agents", title: "Agents" },
};

beforeEach(() => {
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 1_200, 600));
});

function draw(layers: string | null, place: TopologyPlace = {}) {
  const regions = estateView([{ stream: "dna:eu-1", id: "eu-1", fold: FOLDS["dna:eu-1"] as never }], ESTATE, DRILL);
  const view = renderInConsole(
    <EstateMap
      regions={regions}
      drill={DRILL}
      place={place}
      loadBalancer={null}
      owned={{}}
      filter={filterOf(place)}
      layers={layersView(FOLDS, ESTATE, DRILL)}
      shown={layersOf(layers)}
    />,
    { folds: FOLDS },
  );
  const places = new Map(
    [...document.querySelectorAll<HTMLElement>("[data-cell]")].map((link) => [
      link.getAttribute("aria-label") ?? "",
      `${link.style.left} ${link.style.top}`,
    ]),
  );
  const legend = [...screen.getByRole("list", { name: "Legend" }).querySelectorAll(".st")].map(
    ({ textContent }) => textContent,
  );
  view.unmount();
  return { places, legend, went: view.went };
}

describe("layers of the map", () => {
  it("are all shown at first, and named in the address once one is off", () => {
    expect([...layersOf(null)]).toEqual(LAYERS);
    expect(withLayer(layersOf(null), "haf", LAYERS)).toBe("dna,database,dynflow,agents");
    expect(withLayer(layersOf("dna"), "agents", ["dna", "agents"])).toBeNull();
    expect(withLayer(layersOf("dna"), "dna", ["dna", "agents"])).toBe("none");
    expect([...layersOf("none")]).toEqual([]);
    expect([...layersOf("agents,__proto__,dna")]).toEqual(["dna", "agents"]);
  });

  it("draw every world, database, stack, app, role and agent, named and with its state", () => {
    const names = [...draw(null).places.keys()];
    expect(names).toEqual(
      expect.arrayContaining([
        "foreman, plan database, up, Dynflow",
        expect.stringMatching(/^web1\.example\.org, world, active/),
        "hive, HAF stack, up, HAF",
        "__proto__, HAF app, live, hive",
        "hivemind, HAF app, detached, hive",
        "haf-1, HAF role, alive, haf · hive",
        "a1, agent, active",
        expect.stringMatching(/^dna@10\.1\.1\.11, alive/),
      ]),
    );
  });

  it("have their states in the legend, each once and worst first, while they are shown", () => {
    expect(draw(null).legend).toEqual(["detached", "active", "alive", "live", "up"]);
    expect(draw("dna").legend).toEqual(["alive"]);
  });

  it("on or off move nothing of the others", () => {
    const all = draw(null).places;
    for (const layers of ["dna", "agents", "haf,agents", "dynflow", "dna,haf"]) {
      const { places } = draw(layers);
      expect(places.size).toBeGreaterThan(0);
      expect(places.size).toBeLessThan(all.size);
      for (const [name, at] of places) expect([name, at]).toEqual([name, all.get(name)]);
    }
  });

  it("stay out where one has gone down into a source, and follow the region of theirs", () => {
    expect(layersView(FOLDS, ESTATE, { ...DRILL, source: "eu-1" })).toEqual([]);
    expect(layersView(FOLDS, ESTATE, { ...DRILL, region: "eu" }).map(({ layer }) => layer)).toEqual(["dynflow"]);
  });

  it("are filtered like nodes, by text and by state", () => {
    expect([...draw(null, { text: "hivemind" }).places.keys()]).toEqual(["hivemind, HAF app, detached, hive"]);
    expect([...draw(null, { state: "active" }).places.keys()]).toEqual([
      expect.stringMatching(/^web1\.example\.org, world/),
      "a1, agent, active",
    ]);
  });

  it("mark everything on a host when that is open", () => {
    const regions = estateView([{ stream: "dna:eu-1", id: "eu-1", fold: FOLDS["dna:eu-1"] as never }], ESTATE, DRILL);
    const place: TopologyPlace = { host: "10.1.1.11" };
    renderInConsole(
      <EstateMap
        regions={regions}
        drill={DRILL}
        place={place}
        loadBalancer={null}
        owned={{}}
        filter={filterOf(place)}
        layers={layersView(FOLDS, ESTATE, DRILL)}
      />,
      { folds: FOLDS },
    );
    const marked = screen
      .getAllByRole("link")
      .filter((link) => link.getAttribute("aria-current") === "true")
      .map((link) => link.getAttribute("aria-label")?.split(",")[0]);
    expect(marked.sort()).toEqual(["a1", "dna@10.1.1.11", "web1.example.org"]);
  });
});
