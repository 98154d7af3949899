import { describe, expect, it } from "vitest";
import { EMPTY_CONSOLE, type Folds } from "#server/contract/fold/fold.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { annunciate, attention } from "./attention.ts";
import { agentsWith, aNode, anAgent, dnaWith, recordOf } from "./estate.test-kit.ts";

const NOW = epochMs(1_795_311_900_000);
const AGO = epochMs(1_795_311_840_000);
const folds = (over: Folds = {}): Folds => ({
  "ingest:agents": agentsWith(
    recordOf([["a1", anAgent("web1", [], "10.0.0.1", { state: "inactive", stateSince: AGO })]]),
  ),
  console: {
    ...EMPTY_CONSOLE,
    readers: recordOf([
      ["dna:eu-1", { state: "parked", failures: 5, reason: "no route to host", since: AGO }],
      ["dna:eu-2", { state: "restarting", failures: 1, reason: null, since: AGO }],
    ]),
  },
  ...over,
});
const titles = (of: Folds) => attention(of, NOW).map(({ title }) => title.replaceAll("\u00a0", " "));

describe("what needs a person, across all systems", () => {
  it("ranks a part of the console that was given up, agents and nodes in one list, the worst first", () => {
    const dead = dnaWith(recordOf([["1:1", aNode("dna@10.0.0.1", { state: "gone", since: AGO })]]), {
      owned: recordOf([
        ["1:1", { asOf: AGO, counts: [{ incarnationId: "1:1", namespace: "n", moduleId: 0, keys: 3 }] }],
      ]),
    });
    const kinds = attention(folds({ "dna:eu-1": dead }), NOW).map(({ kind }) => kind);
    expect(kinds).toEqual(["dead_node", "reader_parked", "agent_inactive"]);
  });

  it("says of a parked part what it failed at and where it is started again", () => {
    const parked = attention(folds(), NOW).find(({ kind }) => kind === "reader_parked");
    expect(parked?.place).toEqual({ page: "architecture", reader: "dna:eu-1" });
    expect(parked?.detail).toContain("no route to host");
    expect(parked?.remedy).toMatch(/start it again/);
  });

  it("infers nothing of agents while the gateways' source is not up", () => {
    const down = {
      ...agentsWith({ a1: anAgent("web1", [], "x", { state: "inactive" }) }),
      source: { state: "down" as const, since: AGO, reason: "no store" },
    };
    expect(titles({ "ingest:agents": down })).toEqual(["Source agents is down, its part of every page is old"]);
  });

  it("rings on the pages that the things are on", () => {
    const needs = attention(folds(), NOW);
    expect(annunciate(needs, "agents")).toEqual({ severity: "failed", count: 1 });
    expect(annunciate(needs, "haf")).toBeNull();
    expect(annunciate(needs, "overview")).toEqual({ severity: "failed", count: 2 });
  });
});
