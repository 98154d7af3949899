// @vitest-environment happy-dom
import { act, fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { TopologyPlace } from "#components/ui/routes.ts";
import { EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { EstateMap } from "./estate-map.tsx";
import { estateView } from "./estate-view.ts";
import { filterOf } from "./map-filter.ts";

const DRILL = { region: null, source: null, cluster: null };
const LB = { title: "Global", regions: ["eu"] };

const node = (index: number, state: NodeFold["state"] = "alive"): NodeFold => ({
  cluster: "prod",
  node: `dna@10.0.0.${index}`,
  createdAt: epochMs(1_000 + index),
  nodeId: String(index),
  state,
  since: epochMs(TEST_NOW - 5_000),
  silentMsThen: 0,
  evidence: "",
  flags: {},
  firstSeenAt: epochMs(1),
});

function draw(count: number, place: TopologyPlace = {}) {
  const nodes = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${1_000 + index}:${index}`,
      node(index, index === 2 ? "late" : "alive"),
    ]),
  );
  const fold = { ...EMPTY_DNA, source: { state: "up" as const, since: epochMs(1), reason: null }, nodes };
  const estate = {
    regions: [{ id: "eu", title: "Europe" }],
    dna: [{ id: "eu-1", region: "eu", title: "Europe 1", cluster: null, keyspace: "dna", modules: {}, act: false }],
  };
  const regions = estateView([{ stream: "dna:eu-1", id: "eu-1", fold }], estate, DRILL);
  return renderInConsole(
    <EstateMap regions={regions} drill={DRILL} place={place} loadBalancer={LB} owned={{}} filter={filterOf(place)} />,
    {
      folds: { "dna:eu-1": fold },
      samples: {
        "dna:eu-1": {
          asOf: epochMs(TEST_NOW),
          readMs: 3,
          nodes: Object.fromEntries(
            Object.keys(nodes).map((id) => [id, { silentMs: 1_200, load: 2, writeAgeMs: null }]),
          ),
        },
      },
    },
  );
}

beforeEach(() => {
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 1_200, 600));
});

describe("the map", () => {
  it("has a link for each node of a small estate, named by what is seen, and one of them in the tab order", () => {
    draw(8);
    const links = document.querySelectorAll("[data-cell]");
    expect(links).toHaveLength(8);
    expect(links[2]?.getAttribute("aria-label")).toMatch(/^dna@10.0.0.2, late, no change for 1.2\ss, load 2.0$/);
    expect([...links].filter((link) => link.getAttribute("tabindex") === "0")).toHaveLength(1);
  });

  it("moves between its links by arrow keys, and opens one", () => {
    const { went } = draw(8);
    const [first, second] = document.querySelectorAll<HTMLElement>("[data-cell]");
    act(() => first?.focus());
    fireEvent.keyDown(first ?? document.body, { key: "ArrowRight" });
    expect(document.activeElement).toBe(second);
    if (second !== undefined) fireEvent.click(second);
    expect(went.at(-1)).toContain("node=1001%3A1");
  });

  it("of 1,000 nodes none is an element; keys move through them, and where they are is said", () => {
    const { went, container } = draw(1_000);
    expect(document.querySelectorAll("[data-cell]")).toHaveLength(0);
    expect(container.querySelectorAll("*").length).toBeLessThan(120);
    const map = screen.getByRole("group", { name: /Map of 1\s000\snodes/ });
    fireEvent.keyDown(map, { key: "Home" });
    fireEvent.keyDown(map, { key: "ArrowRight" });
    expect(screen.getAllByRole("status").map(({ textContent }) => textContent)).toEqual([
      expect.stringMatching(/^dna@10.0.0.1, alive, no change for 1.2\ss, load 2.0$/),
    ]);
    fireEvent.keyDown(map, { key: "Enter" });
    expect(went.at(-1)).toContain("node=1001%3A1");
  });

  it("has links only for what is meant while one filters, of many too", () => {
    draw(1_000, { state: "late" });
    const links = document.querySelectorAll("[data-cell]");
    expect([...links].map((link) => link.getAttribute("aria-label"))).toEqual([
      expect.stringMatching(/^dna@10.0.0.2, late/),
    ]);
  });

  it("scales by keys and buttons, and shows all again", () => {
    draw(8);
    const fit = screen.getByRole("button", { name: "Fit" });
    expect(fit.getAttribute("aria-pressed")).toBe("true");
    fireEvent.click(screen.getByRole("button", { name: "Zoom in" }));
    expect(fit.getAttribute("aria-pressed")).toBe("false");
    fireEvent.keyDown(screen.getByRole("group", { name: /Map of 8\snodes/ }), { key: "0" });
    expect(fit.getAttribute("aria-pressed")).toBe("true");
  });
});
