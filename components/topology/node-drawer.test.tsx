// @vitest-environment happy-dom
import { fireEvent, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { SlotsProvider } from "#components/ui/slots.tsx";
import { EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { NodeDrawer } from "./node-drawer.tsx";

const ID = "1795311820417:-6140123412340123";
const node: NodeFold = {
  cluster: "prod",
  node: "dna@10.0.0.7",
  createdAt: epochMs(1_795_311_820_417),
  nodeId: "-6140123412340123",
  state: "gone",
  since: epochMs(TEST_NOW - 30_000),
  silentMsThen: 10_000,
  evidence: "its row is not in the table",
  flags: { superseded: "a later one is alive" },
  firstSeenAt: epochMs(TEST_NOW - 3_600_000),
};
const releasable = {
  releasable: false,
  certainty: "presumed" as const,
  reasons: [{ holds: false, text: "75 s of silence.", detail: "Counted so far: 40 s." }],
  readyInMs: 35_000,
  residualRisk: "",
};

function open(scene: Parameters<typeof renderInConsole>[1] = {}) {
  const folds = {
    "dna:eu-1": {
      ...EMPTY_DNA,
      source: { state: "up" as const, since: epochMs(1), reason: null },
      nodes: { [ID]: node },
    },
  };
  const asOf = new Date(TEST_NOW).toISOString();
  return renderInConsole(
    <SlotsProvider>
      {({ drawer }) => (
        <>
          <div ref={drawer} />
          <NodeDrawer source="eu-1" incarnation={ID} onClose={() => undefined} />
        </>
      )}
    </SlotsProvider>,
    {
      folds,
      procedures: {
        "dna.nodes.get": () => ({
          asOf,
          faults: [],
          node: {},
          sameName: [{ incarnation: "1:2", state: "alive", since: asOf }],
          releasable,
        }),
        "topology.get": () => ({
          asOf,
          faults: [],
          loadBalancer: null,
          regions: [],
          dna: [],
          dynflow: [],
          links: [],
          clusters: [],
        }),
      },
      ...scene,
    },
  );
}

const button = (name: RegExp) => screen.getByRole("button", { name });

describe("NodeDrawer", () => {
  it("tells the state, the evidence, and that nothing was counted", () => {
    open();
    expect(screen.getByText("its row is not in the table")).toBeTruthy();
    expect(screen.getByText("not counted")).toBeTruthy();
    expect(screen.getByText("superseded")).toBeTruthy();
  });

  it("says why a failover is not possible yet, and does not open its dialog", async () => {
    open();
    await screen.findByText("Not yet.");
    expect(screen.getByText("Not yet.").parentElement?.textContent).toContain("75 s of silence. Counted so far: 40 s.");
    fireEvent.click(button(/^Fail over/));
    fireEvent.keyDown(window, { key: "f" });
    expect(document.querySelector("dialog")).toBeNull();
  });

  it("tells a viewer that the role is what is missing", async () => {
    open({ role: "viewer", permissions: ["dna:read"] });
    await screen.findAllByText("Not permitted.");
    expect(button(/^Count keys/).getAttribute("aria-disabled")).toBe("true");
  });

  it("offers a list of steps in place of a drain, and says that DNA has none", () => {
    open();
    const drain = screen.getByRole("button", { name: /^Drain and stop/ });
    expect(drain.closest(".act")?.textContent).toContain("DNA itself has no drain");
  });

  it("links other incarnations of the same name", async () => {
    open();
    const link = await screen.findByRole("link", { name: /^1:/ });
    expect(link.getAttribute("href")).toBe("/topology?of=eu-1&node=1%3A2");
  });

  it("says that it is not known instead of drawing an empty drawer", () => {
    const { container } = open({ folds: { "dna:eu-1": EMPTY_DNA } });
    expect(container.textContent).toContain("No such incarnation is in the nodes table.");
  });

  it("offers the demo's scenarios only in the demo", () => {
    const { unmount } = open();
    expect(screen.queryByRole("button", { name: "Kill it" })).toBeNull();
    unmount();
    open({ demo: true });
    expect(button(/^Bring it back/)).toBeTruthy();
  });
});
