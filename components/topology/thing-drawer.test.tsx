// @vitest-environment happy-dom
import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { SlotsProvider } from "#components/ui/slots.tsx";
import { MASKED } from "#server/contract/event.ts";
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
import type { ThingRef } from "#server/contract/view/things.ts";
import { HostDrawer } from "./host-drawer.tsx";
import { ThingDrawer } from "./thing-drawer.tsx";

const FOLDS: Folds = {
  "dna:eu-1": dnaWith(recordOf([["1:1", aNode("dna@10.1.1.11")]]), {
    database: {
      name: "main",
      product: "ScyllaDB",
      hosts: [{ address: "10.1.9.1", dataCenter: "dc1", rack: "r1", hostId: "h", version: "6.2", up: true }],
    },
  }),
  "dynflow:foreman": dynflowWith(recordOf([["w1", aWorld("web1.example.org", { queues: { default: 5 } })]])),
  "haf:hive": hafWith({
    apps: recordOf([["hivemind", anApp({ state: "lagging" })]]),
    roles: recordOf([["haf/1", aRole()]]),
  }),
  "ingest:agents": agentsWith(recordOf([["a1", anAgent("web1.example.org", ["10.1.1.11"])]]), {
    gateways: recordOf([
      ["gw1:100", { state: "up", since: aNode("").since, host: "gw1", evidence: "it beats", receivers: {} }],
    ]),
  }),
};

const inDrawer = (drawn: React.ReactNode, folds = FOLDS) =>
  renderInConsole(
    <SlotsProvider>
      {({ drawer }) => (
        <>
          <div ref={drawer} />
          {drawn}
        </>
      )}
    </SlotsProvider>,
    { folds },
  );
const openThing = (thing: ThingRef, folds = FOLDS) => {
  inDrawer(<ThingDrawer thing={thing} onClose={() => undefined} />, folds);
  return within(screen.getByRole("complementary"));
};

describe("the drawer of a thing", () => {
  it.each<[ThingRef, readonly string[]]>([
    [{ kind: "world", source: "foreman", id: "w1" }, ["web1.example.org", "active", "default 5"]],
    [{ kind: "plan-store", source: "foreman", id: "" }, ["foreman", "up"]],
    [{ kind: "haf", source: "hive", id: "" }, ["hive", "up"]],
    [{ kind: "haf-app", source: "hive", id: "hivemind" }, ["hivemind", "lagging"]],
    [{ kind: "container", source: "hive", id: "haf/1" }, ["haf-1", "alive", "haf1.example.org"]],
    [{ kind: "agent", source: "agents", id: "a1" }, ["a1", "active", "10.1.1.11"]],
    [{ kind: "gateway", source: "agents", id: "gw1:100" }, ["gw1:100", "up", "gw1"]],
    [{ kind: "database-host", source: "eu-1", id: "h" }, ["10.1.9.1", "up", "main ScyllaDB", "dc1"]],
  ])("tells what is known of $kind, and what is related", async (thing, words) => {
    const drawer = openThing(thing);
    for (const word of words) expect(drawer.getAllByText(word).length).toBeGreaterThan(0);
    expect(drawer.getByRole("heading", { name: /^Related/ })).toBeTruthy();
  });

  it("hides from viewers what agents tell of their addresses", () => {
    const agents = agentsWith(recordOf([["a1", anAgent("web1.example.org", MASKED, MASKED)]]));
    const drawer = openThing({ kind: "agent", source: "agents", id: "a1" }, { "ingest:agents": agents });
    expect(drawer.getAllByText("hidden from viewers")).toHaveLength(2);
  });

  it("says so of a thing that is not known", () => {
    expect(
      openThing({ kind: "agent", source: "agents", id: "__proto__" }).getByText("No such agent is known."),
    ).toBeTruthy();
  });
});

describe("the drawer of a host", () => {
  it("lists everything on it by any of its names, and what it is also called", async () => {
    inDrawer(<HostDrawer name="::ffff:10.1.1.11" onClose={() => undefined} />);
    const drawer = within(screen.getByRole("complementary"));
    expect(drawer.getByRole("heading", { level: 2 }).textContent).toBe("web1.example.org");
    expect(drawer.getByText("10.1.1.11")).toBeTruthy();
    for (const kind of ["node", "world", "agent"])
      expect(await drawer.findByRole("region", { name: kind })).toBeTruthy();
  });

  it("says so of a host that nothing names", () => {
    inDrawer(<HostDrawer name="nowhere" onClose={() => undefined} />);
    expect(screen.getByText("Nothing says that it runs there.")).toBeTruthy();
  });
});
