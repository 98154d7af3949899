// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { type DnaFold, EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { CLUSTER_MISHAPS, NODE_MISHAPS } from "#server/contract/view/demo-mishaps.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { ClusterMishaps, NodeMishap } from "./mishaps.tsx";

const AT = epochMs(TEST_NOW - 60_000);
const nodeOf = (node: string, state: NodeFold["state"]): NodeFold => ({
  ...{ cluster: "prod", node, createdAt: AT, nodeId: "7", state, since: AT, silentMsThen: 0 },
  ...{ evidence: "", flags: {}, firstSeenAt: AT },
});
const fold: DnaFold = {
  ...EMPTY_DNA,
  nodes: { "1:10": nodeOf("dna@10", "alive"), "1:9": nodeOf("dna@9", "late"), "1:8": nodeOf("dna@8", "gone") },
};
const draw = (ui: React.ReactNode) =>
  renderInConsole(ui, {
    demo: true,
    folds: { "dna:eu-1": fold, "dna:eu-2": EMPTY_DNA },
    procedures: { "demo.scenario": () => ({ done: "It was done" }) },
  });
const optionsOf = (label: string) =>
  within(screen.getByLabelText(label))
    .getAllByRole("option")
    .map((option) => option.textContent);
const choose = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

describe("what may befall the demo", () => {
  it("offers everything that may befall a cluster, and says what it does", async () => {
    const { asked } = draw(<ClusterMishaps />);
    expect(optionsOf("What")).toEqual(CLUSTER_MISHAPS.map(({ label }) => label));
    choose("What", "other-cluster");
    expect(screen.getByText(/hold every owner here for dead/)).toBeDefined();
    fireEvent.click(screen.getByRole("button", { name: "Let it happen" }));
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe("It was done"));
    const { input } = asked.at(-1) ?? {};
    expect(input).toEqual({ scenario: "clusterMishap", source: "eu-1", mishap: "other-cluster" });
  });
  it("offers the nodes that beat, by name, and what may befall the one that is chosen", async () => {
    const { asked } = draw(<ClusterMishaps />);
    expect(optionsOf("Node")).toEqual(["the whole cluster", "dna@9", "dna@10"]);
    choose("Node", "1:10");
    expect(optionsOf("What")).toEqual(NODE_MISHAPS.map(({ label }) => label));
    choose("What", "hang");
    fireEvent.click(screen.getByRole("button", { name: "Let it happen" }));
    await waitFor(() => expect(asked.length).toBeGreaterThan(0));
    const wanted = { scenario: "nodeMishap", source: "eu-1", incarnation: "1:10", mishap: "hang" };
    expect(asked.at(-1)?.input).toEqual(wanted);
    choose("Where", "eu-2");
    expect(optionsOf("Node")).toEqual(["the whole cluster"]);
  });
  it("says of a dead node that nothing more can befall it", () => {
    draw(<NodeMishap source="eu-1" incarnation="1:8" dead />);
    const button = screen.getByRole("button", { name: "Let it happen" });
    expect(button.getAttribute("aria-disabled")).toBe("true");
  });
});
