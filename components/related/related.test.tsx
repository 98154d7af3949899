// @vitest-environment happy-dom
import { fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import type { Folds } from "#server/contract/fold/fold.ts";
import {
  agentsWith,
  aNode,
  anAgent,
  aWorld,
  dnaWith,
  dynflowWith,
  recordOf,
} from "#server/contract/view/estate.test-kit.ts";
import { RelatedSection } from "./related-section.tsx";

const FOLDS: Folds = {
  "dna:eu-1": dnaWith(recordOf([["1:1", aNode("dna@10.1.1.11")]])),
  "dynflow:foreman": dynflowWith(recordOf([["w1", aWorld("web1.example.org")]])),
  "ingest:agents": agentsWith(recordOf([["a1", anAgent("web1.example.org", ["10.1.1.11"])]])),
};

describe("RelatedSection", () => {
  it("leads from a node to the world and the agent on its host, and says why", async () => {
    renderInConsole(<RelatedSection thing={{ kind: "node", source: "eu-1", id: "1:1" }} />, { folds: FOLDS });
    const worlds = within(await screen.findByRole("region", { name: "world" }));
    expect(worlds.getByRole("link", { name: "web1.example.org" }).getAttribute("href")).toBe(
      "/worlds?source=foreman&world=w1",
    );
    expect(worlds.getByText(/agent a1 tells that 10\.1\.1\.11 and web1\.example\.org are one host/)).toBeTruthy();
    const agents = within(screen.getByRole("region", { name: "agent" }));
    expect(agents.getByRole("img", { name: "active" })).toBeTruthy();
    expect(agents.getByRole("link", { name: "a1" }).getAttribute("href")).toBe("/agents/a1");
    const host = within(screen.getByRole("region", { name: "host" }));
    expect(host.getByRole("link").getAttribute("href")).toBe("/topology?host=web1.example.org");
  });

  it("marks what only might be related", async () => {
    const folds = { ...FOLDS, "dynflow:other": dynflowWith(recordOf([["w2", aWorld("web1")]])) };
    renderInConsole(<RelatedSection thing={{ kind: "world", source: "other", id: "w2" }} />, { folds });
    const node = within(await screen.findByRole("region", { name: "node" }));
    expect(node.getByText("maybe")).toBeTruthy();
    expect(node.getByText(/web1 has no domain: it might be web1\.example\.org/)).toBeTruthy();
  });

  it("shows the first of many, and the rest when asked", async () => {
    const nodes = recordOf(Array.from({ length: 9 }, (_, at) => [`1:${at}`, aNode(`dna@10.1.1.${at}`)] as const));
    const thing = { kind: "cluster", source: "eu-1", id: "prod" } as const;
    renderInConsole(<RelatedSection thing={thing} />, { folds: { "dna:eu-1": dnaWith(nodes) } });
    const group = within(await screen.findByRole("region", { name: "nodes" }));
    expect(group.getAllByRole("link")).toHaveLength(5);
    fireEvent.click(group.getByRole("button", { name: "Show 4 more" }));
    expect(group.getAllByRole("link")).toHaveLength(9);
  });

  it("says what a tie rests on where there is none", async () => {
    renderInConsole(<RelatedSection thing={{ kind: "agent", source: "agents", id: "x" }} />, { folds: {} });
    expect(await screen.findByText(/nothing is guessed/)).toBeTruthy();
  });

  it("says of the past which sources are not known then", async () => {
    renderInConsole(<RelatedSection thing={{ kind: "node", source: "eu-1", id: "1:1" }} />, {
      past: {
        folds: FOLDS,
        notKnown: [{ stream: "haf:hive", why: "before-horizon", knownFrom: null }],
      },
    });
    expect(await screen.findByText("not known then")).toBeTruthy();
  });
});
