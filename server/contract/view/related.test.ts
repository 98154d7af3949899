import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actorSubject, actorTarget } from "#server/contract/actor-key.ts";
import type { JobFacts } from "#server/contract/event.ts";
import { anyEvent } from "#server/contract/fold/events.contract.ts";
import { type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import { epochMs } from "#server/kernel/clock.ts";
import {
  agentsWith,
  aNode,
  anAgent,
  anApp,
  aPlan,
  aRole,
  aWorld,
  dnaWith,
  dynflowWith,
  hafWith,
  recordOf,
} from "./estate.test-kit.ts";
import { RELATED_MAX, related } from "./related.ts";
import { THING_KINDS, type ThingKind, type ThingRef } from "./things.ts";

const AT = epochMs(1_795_311_820_417);
const key = { namespace: "weather", moduleId: 0, name: "ljubljana|x" };
const lock = (worldId: string, planId: string) => ({
  ...{ class: "Dynflow::Coordinator::ExecutionLock", id: `execution-plan:${planId}`, ownerId: null, planId, worldId },
  ...{ clientWorldId: null, requestId: null, unreadable: null, seenSince: AT },
});
const job = (stream: string, target: string): JobFacts => ({
  ...{ kind: "dna.failover" as const, title: "Fail over", stream, target, state: "running" as const, note: null },
  ...{ counts: { total: 1, applied: 0, moved: 0, failed: 0, unknown: 0 }, createdAt: AT, requestedBy: "mira" },
  requestId: "r",
});
const operator = (jobs: Readonly<Record<string, JobFacts>>) => ({ ...EMPTY_OPERATOR, jobs }) as typeof EMPTY_OPERATOR;

const FOLDS: Folds = {
  "dna:eu-1": dnaWith(recordOf([["1:1", aNode("dna@10.1.1.11")]]), {
    database: {
      name: "c",
      product: "ScyllaDB",
      hosts: [{ address: "10.1.9.1", dataCenter: "d", rack: "r", hostId: "h", version: "6", up: true }],
    },
    watched: recordOf([
      [
        actorSubject(key),
        { ...key, incarnation: "1:1", claimedAt: AT, unreadable: null, since: AT, notKnownFrom: null },
      ],
    ]),
  }),
  "dynflow:foreman": dynflowWith(recordOf([["w1", aWorld("web1.example.org")]]), {
    plans: recordOf([["p1", aPlan()]]),
    locks: recordOf([["l1", lock("w1", "p1")]]),
  }),
  "haf:hive": hafWith({
    apps: recordOf([["hivemind", anApp()]]),
    roles: recordOf([
      [
        "sync/hivemind/1",
        aRole({ role: "sync", app: "hivemind", container: { name: "c", image: "i", host: "web1.example.org" } }),
      ],
    ]),
  }),
  "ingest:agents": agentsWith(recordOf([["a1", anAgent("web1.example.org", ["10.1.1.11"])]]), {
    gateways: recordOf([["gw1:100", { state: "up", since: AT, host: "gw1", evidence: "", receivers: {} }]]),
  }),
  operator: operator(
    recordOf([
      ["j1", job("dna:eu-1", "1:1")],
      ["j2", job("dna:eu-1", actorTarget(key))],
      ["j3", job("dynflow:foreman", "foreman")],
      ["j4", job("dna:eu-1", "eu-1")],
    ]),
  ),
};

const NODE: ThingRef = { kind: "node", source: "eu-1", id: "1:1" };
const WORLD: ThingRef = { kind: "world", source: "foreman", id: "w1" };
const AGENT: ThingRef = { kind: "agent", source: "agents", id: "a1" };
const found = (ref: ThingRef, folds = FOLDS): readonly string[] =>
  related(folds, ref).flatMap(({ things }) => things.map((thing) => `${thing.ref.kind} ${thing.ref.id}`));
const evidence = (ref: ThingRef, kind: ThingKind): string | undefined =>
  related(FOLDS, ref).find((group) => group.kind === kind)?.things[0]?.evidence;

describe("related", () => {
  it("finds from a node, a world and an agent of one host each the others, with what says so", () => {
    expect(found(NODE)).toEqual(
      expect.arrayContaining(["host web1.example.org", "world w1", "agent a1", "container sync/hivemind/1"]),
    );
    expect(found(WORLD)).toEqual(expect.arrayContaining(["host web1.example.org", "node 1:1", "agent a1"]));
    expect(found(AGENT)).toEqual(expect.arrayContaining(["host web1.example.org", "node 1:1", "world w1"]));
    expect(evidence(NODE, "agent")).toBe("both say 10.1.1.11: BEAM name dna@10.1.1.11; address 10.1.1.11 as it tells");
    expect(evidence(NODE, "world")).toBe(
      "agent a1 tells that 10.1.1.11 and web1.example.org are one host: BEAM name dna@10.1.1.11; hostname web1.example.org in its record",
    );
  });

  it.each<[string, ThingRef, readonly string[]]>([
    [
      "a plan: the world that runs it, its host, its database",
      { kind: "plan", source: "foreman", id: "p1" },
      ["host web1.example.org", "world w1", "plan-store "],
    ],
    ["a world: its plans", WORLD, ["plan p1"]],
    [
      "an actor: its node, the host of it, the job about it",
      { kind: "actor", source: "eu-1", id: actorSubject(key) },
      ["host web1.example.org", "node 1:1", "job j2"],
    ],
    [
      "a node: its cluster, its database, its actors, the job about it",
      NODE,
      ["cluster prod", "database-host h", `actor ${actorSubject(key)}`, "job j1"],
    ],
    ["a job: what it is about", { kind: "job", source: "", id: "j1" }, ["node 1:1"]],
    ["a job about a source: its database", { kind: "job", source: "", id: "j3" }, ["plan-store "]],
    [
      "a cluster: its nodes, and jobs about its source",
      { kind: "cluster", source: "eu-1", id: "prod" },
      ["node 1:1", "database-host h", "job j4"],
    ],
    [
      "an app: its stack and containers",
      { kind: "haf-app", source: "hive", id: "hivemind" },
      ["haf ", "container sync/hivemind/1"],
    ],
    ["a stack: its apps", { kind: "haf", source: "hive", id: "" }, ["haf-app hivemind", "container sync/hivemind/1"]],
    ["an agent: its gateway", AGENT, ["gateway gw1:100"]],
    ["a gateway: its agents", { kind: "gateway", source: "agents", id: "gw1:100" }, ["agent a1"]],
    [
      "a database host: its clusters",
      { kind: "database-host", source: "eu-1", id: "h" },
      ["host 10.1.9.1", "cluster prod"],
    ],
    [
      "a host: all that runs on it",
      { kind: "host", source: "", id: "web1.example.org" },
      ["node 1:1", "world w1", "container sync/hivemind/1", "agent a1"],
    ],
  ])("goes from %s", (_, ref, expected) => {
    expect(found(ref)).toEqual(expect.arrayContaining([...expected]));
  });

  it("tells how each stands", () => {
    const nodes = related(FOLDS, WORLD).find(({ kind }) => kind === "node");
    expect(nodes?.things[0]).toMatchObject({
      title: "dna@10.1.1.11",
      detail: "eu-1",
      state: { system: "node", word: "alive" },
    });
  });

  it("tells no more than it can draw, and how many there are besides", () => {
    const nodes = recordOf(
      Array.from({ length: RELATED_MAX + 7 }, (_, at) => [`${at}`, aNode(`dna@10.1.2.${at}`)] as const),
    );
    const group = related({ "dna:eu-1": dnaWith(nodes) }, { kind: "cluster", source: "eu-1", id: "prod" })[0];
    expect([group?.things.length, group?.more]).toEqual([RELATED_MAX, 7]);
  });

  it("answers nothing of what is not there, also by hostile ids", () => {
    for (const kind of THING_KINDS)
      for (const id of ["__proto__", "constructor", ""])
        expect(related({}, { kind, source: "__proto__", id })).toEqual([]);
  });

  it("bears whatever events leave in the folds, is never related to itself, and tells each thing once", () => {
    fc.assert(
      fc.property(fc.array(anyEvent(), { maxLength: 20 }), fc.constantFrom(...THING_KINDS), (events, kind) => {
        const folds = reduceAll({}, events);
        for (const [stream, fold] of Object.entries(folds)) {
          const records = fold.family === "dna" ? fold.nodes : fold.family === "ingest" ? fold.agents : {};
          for (const id of ["", ...Object.keys(records)]) {
            const ref = { kind, source: stream.slice(stream.indexOf(":") + 1), id };
            const all = related(folds, ref).flatMap(({ things }) => things.map((thing) => JSON.stringify(thing.ref)));
            expect(new Set(all).size).toBe(all.length);
            expect(all).not.toContain(JSON.stringify(ref));
          }
        }
      }),
      { seed: 20_261_122 },
    );
  });
});
