import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MASKED } from "#server/contract/event.ts";
import { anyEvent } from "#server/contract/fold/events.contract.ts";
import { type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import { epochMs } from "#server/kernel/clock.ts";
import {
  agentsWith,
  aNode,
  anAgent,
  aRole,
  aWorld,
  dnaWith,
  dynflowWith,
  hafWith,
  recordOf,
} from "./estate.test-kit.ts";
import { namingOf, seenIn } from "./host-sightings.ts";
import { type Host, type HostIndex, hostIndex, hostNamed, MAYBE_MAX } from "./hosts.ts";
import { type ThingKind, thingKey } from "./things.ts";

const folds = (parts: {
  nodes?: readonly string[];
  worlds?: readonly (string | null)[];
  agents?: readonly ReturnType<typeof anAgent>[];
}): Folds => ({
  "dna:eu-1": dnaWith(recordOf((parts.nodes ?? []).map((node, at) => [`n${at}`, aNode(node)]))),
  "dynflow:foreman": dynflowWith(recordOf((parts.worlds ?? []).map((name, at) => [`w${at}`, aWorld(name)]))),
  "ingest:agents": agentsWith(recordOf((parts.agents ?? []).map((agent, at) => [`a${at}`, agent]))),
});
const hostOf = (all: Folds, kind: ThingKind, source: string, id: string): Host | undefined =>
  hostIndex(all).byThing.get(thingKey({ kind, source, id }));
const idsOn = (host: Host | undefined): readonly string[] => (host?.members ?? []).map(({ ref }) => ref.id);
const maybeOn = (host: Host | undefined): readonly string[] =>
  (host?.maybe ?? []).map(({ ref, why }) => `${ref.id}: ${why.replaceAll("\u00a0", " ")}`);

const AT = epochMs(1_795_311_820_417);
/** An index as plain data. */
const told = ({ hosts, apart }: HostIndex) => ({ hosts, apart: [...apart] });

describe("hosts", () => {
  it("finds a node, a world and an agent on the host that the agent tells both names of", () => {
    const all = folds({
      nodes: ["dna@10.1.1.11", "dna@10.1.1.12"],
      worlds: ["Web1.Example.org.", "web2.example.org"],
      agents: [anAgent("web1.example.org", ["10.1.1.11", "::1"])],
    });
    const host = hostOf(all, "node", "eu-1", "n0");
    expect(host?.names).toEqual(["web1.example.org", "10.1.1.11"]);
    expect(idsOn(host)).toEqual(["n0", "w0", "a0"]);
    expect(hostOf(all, "world", "foreman", "w0")).toBe(host);
    expect(hostOf(all, "agent", "agents", "a0")).toBe(host);
    expect(hostNamed(hostIndex(all), "::ffff:10.1.1.11")).toBe(host);
    expect(host?.members.map(({ said }) => said.map(({ where }) => where))).toEqual([
      ["BEAM name dna@10.1.1.11"],
      ["hostname Web1.Example.org. in its record"],
      ["hostname web1.example.org as it tells", "address 10.1.1.11 as it tells"],
    ]);
    expect(idsOn(hostOf(all, "node", "eu-1", "n1"))).toEqual(["n1"]);
  });

  it("holds a short name and the same with a domain apart, and says on both sides that they might be one", () => {
    const all = folds({ nodes: ["dna@web1"], worlds: ["web1.example.org", "web1.example.com"] });
    expect(idsOn(hostOf(all, "node", "eu-1", "n0"))).toEqual(["n0"]);
    expect(maybeOn(hostOf(all, "node", "eu-1", "n0"))).toEqual([
      "w1: web1 has no domain: it might be web1.example.com, and nobody says so",
      "w0: web1 has no domain: it might be web1.example.org, and nobody says so",
    ]);
    expect(maybeOn(hostOf(all, "world", "foreman", "w0"))).toEqual([
      "n0: web1 has no domain: it might be web1.example.org, and nobody says so",
    ]);
  });

  it("never ties things by loopback", () => {
    const all = folds({
      nodes: ["dna@localhost", "dna@127.0.0.1", "nonode@nohost"],
      worlds: ["localhost", "localhost.localdomain"],
      agents: [anAgent("localhost", ["127.0.0.1", "::1"], "127.0.0.1")],
    });
    expect(hostIndex(all).hosts).toEqual([]);
  });

  it("does not tie agents by an address that several hosts have, such as that of a bridge", () => {
    const all = folds({
      nodes: ["dna@172.17.0.1"],
      agents: [anAgent("web1", ["10.0.0.1", "172.17.0.1"]), anAgent("web2", ["10.0.0.2", "172.17.0.1"])],
    });
    expect(idsOn(hostOf(all, "agent", "agents", "a0"))).toEqual(["a0"]);
    expect(idsOn(hostOf(all, "node", "eu-1", "n0"))).toEqual(["n0"]);
    expect(maybeOn(hostOf(all, "node", "eu-1", "n0"))).toEqual([
      "a0: 2 agents call 172.17.0.1 theirs and are not one host",
      "a1: 2 agents call 172.17.0.1 theirs and are not one host",
    ]);
  });

  it("does not tie a world to a hostname that two hosts with other addresses have", () => {
    const all = folds({
      worlds: ["ubuntu"],
      agents: [anAgent("ubuntu", ["10.0.0.1"]), anAgent("ubuntu", ["10.0.0.2"])],
    });
    expect(idsOn(hostOf(all, "world", "foreman", "w0"))).toEqual(["w0"]);
    expect(maybeOn(hostOf(all, "agent", "agents", "a1"))).toEqual([
      "w0: 2 agents call ubuntu theirs and are not one host",
    ]);
  });

  it("ties two agents of one host, and one that says the name in full to one that says it short", () => {
    const same = folds({
      agents: [anAgent("web1", ["10.0.0.1", "10.9.0.1"]), anAgent("web1.example.org", ["10.0.0.1"])],
    });
    expect(idsOn(hostOf(same, "agent", "agents", "a0"))).toEqual(["a0", "a1"]);
    expect(hostOf(same, "agent", "agents", "a0")?.names).toEqual(["web1.example.org", "web1", "10.0.0.1", "10.9.0.1"]);
    expect(hostOf(same, "agent", "agents", "a0")?.maybe).toEqual([]);
  });

  it("takes where a connection comes from for its address only where it tells none itself", () => {
    const silent = folds({ nodes: ["dna@10.0.0.9"], agents: [anAgent("web1", [], "10.0.0.9")] });
    expect(idsOn(hostOf(silent, "node", "eu-1", "n0"))).toEqual(["n0", "a0"]);
    const telling = folds({ nodes: ["dna@10.0.0.9"], agents: [anAgent("web1", ["10.0.0.1"], "10.0.0.9")] });
    expect(idsOn(hostOf(telling, "node", "eu-1", "n0"))).toEqual(["n0"]);
    expect(maybeOn(hostOf(telling, "node", "eu-1", "n0"))).toEqual([
      "a0: its connection comes from 10.0.0.9, which is not among its addresses: it may sit behind a proxy",
    ]);
  });

  it("ties a masked agent by its hostname alone", () => {
    const all = folds({
      nodes: ["dna@10.1.1.11"],
      worlds: ["web1.example.org"],
      agents: [anAgent("web1.example.org", MASKED, MASKED)],
    });
    expect(idsOn(hostOf(all, "agent", "agents", "a0"))).toEqual(["w0", "a0"]);
    expect(idsOn(hostOf(all, "node", "eu-1", "n0"))).toEqual(["n0"]);
  });

  it("knows the hosts of containers, gateways and database hosts", () => {
    const all: Folds = {
      "haf:hive": hafWith({
        roles: recordOf([["haf/1", aRole({ container: { name: "c", image: "i", host: "H1" } })]]),
      }),
      "ingest:agents": agentsWith(
        {},
        {
          gateways: recordOf([
            ["h1:7", { state: "up", since: aNode("").since, host: "h1", evidence: "", receivers: {} }],
          ]),
        },
      ),
      "dna:eu-1": dnaWith(
        {},
        {
          database: {
            name: "c",
            product: "ScyllaDB",
            hosts: [{ address: "10.0.0.4", dataCenter: "d", rack: "r", hostId: "x", version: "6", up: true }],
          },
        },
      ),
    };
    expect(idsOn(hostNamed(hostIndex(all), "h1") ?? undefined)).toEqual(["haf/1", "h1:7"]);
    expect(hostNamed(hostIndex(all), "10.0.0.4")?.members[0]?.ref.kind).toBe("database-host");
  });

  it("bears hostile names, also as ids", () => {
    const hostile = ["__proto__", "constructor", "toString", "<script>", "", "\u0000", "a".repeat(10_000)];
    const all: Folds = {
      "dna:__proto__": dnaWith(recordOf(hostile.map((name) => [name, aNode(`dna@${name}`)]))),
      "dynflow:foreman": dynflowWith(recordOf(hostile.map((name) => [name, aWorld(name)]))),
      "ingest:agents": agentsWith(recordOf(hostile.map((name) => [name, anAgent(name, hostile)]))),
    };
    const host = hostNamed(hostIndex(all), "__proto__");
    expect(idsOn(host ?? undefined)).toContain("__proto__");
    expect(hostNamed(hostIndex({}), "__proto__")).toBeNull();
  });

  it("puts a thing on at most one host, ties only by equal names, and never tells of itself as a maybe", () => {
    const label = fc.constantFrom(
      "web1",
      "web2",
      "web1.a.org",
      "WEB1.a.org.",
      "10.0.0.1",
      "::ffff:10.0.0.1",
      "localhost",
      "172.17.0.1",
      "",
    );
    const agent = fc
      .record({
        hostname: fc.option(label, { nil: null }),
        addresses: fc.oneof(fc.array(label, { maxLength: 3 }), fc.constant(MASKED)),
        peer: label,
      })
      .map(({ hostname, addresses, peer }) => anAgent(hostname, addresses, peer));
    const parts = fc.record({
      nodes: fc.array(
        label.map((name) => `dna@${name}`),
        { maxLength: 5 },
      ),
      worlds: fc.array(label, { maxLength: 5 }),
      agents: fc.array(agent, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(parts, (given) => {
        const all = folds(given);
        const { hosts, byThing, byName } = hostIndex(all);
        const keys = hosts.flatMap(({ members }) => members.map(({ ref }) => thingKey(ref)));
        expect(new Set(keys).size).toBe(keys.length);
        for (const host of hosts) {
          for (const name of host.names) expect(byName.get(name)).toBe(host);
          for (const { ref, said } of host.members) {
            expect(byThing.get(thingKey(ref))).toBe(host);
            expect(said.length).toBeGreaterThan(0);
            for (const { name } of said) expect(host.names).toContain(name);
          }
          const mine = new Set(host.members.map(({ ref }) => thingKey(ref)));
          expect(host.maybe.some(({ ref }) => mine.has(thingKey(ref)))).toBe(false);
          expect(host.maybe.length).toBeLessThanOrEqual(MAYBE_MAX);
        }
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
  });

  it("is the same index while things change their states, and another once any of them is called something else", () => {
    const container = { name: "haf-1", image: "haf", host: "haf1.example.org" };
    const database = (address: string) => ({
      name: "db",
      product: "ScyllaDB",
      hosts: [{ hostId: "h1", address, dataCenter: "dc1", rack: "r1", version: "5", up: true }],
    });
    const gateway = (host: string) => ({ state: "up" as const, since: AT, host, evidence: "", receivers: {} });
    const parts = {
      dna: { node: "dna@10.1.1.11", state: "alive", address: "10.1.1.12" },
      world: { hostname: "web1.example.org", active: true },
      role: { container, state: "alive" },
      gateway: "gw1.example.org",
      agent: { hostname: "web2.example.org", addresses: ["10.1.1.13"], peer: "10.1.1.11", state: "active" },
    } as const;
    const all = (changed: {
      readonly dna?: { readonly node?: string; readonly state?: "late"; readonly address?: string };
      readonly world?: { readonly hostname?: string; readonly active?: boolean };
      readonly role?: { readonly container?: typeof container | null; readonly state?: "done" };
      readonly gateway?: string;
      readonly agent?: {
        readonly hostname?: string;
        readonly addresses?: readonly string[] | typeof MASKED;
        readonly peer?: string | typeof MASKED;
        readonly state?: "late";
      };
    }): Folds => {
      const [dna, world, role, agent] = [
        { ...parts.dna, ...changed.dna },
        { ...parts.world, ...changed.world },
        { ...parts.role, ...changed.role },
        { ...parts.agent, ...changed.agent },
      ];
      return {
        "dna:eu-1": dnaWith(recordOf([["n", aNode(dna.node, { state: dna.state })]]), {
          database: database(dna.address),
        }),
        "dynflow:foreman": dynflowWith(recordOf([["w", aWorld(world.hostname, { active: world.active })]])),
        "haf:hive": hafWith({ roles: recordOf([["haf/1", aRole(role)]]) }),
        "ingest:agents": agentsWith(
          recordOf([["a", anAgent(agent.hostname, agent.addresses, agent.peer, { state: agent.state })]]),
          { gateways: recordOf([["g", gateway(changed.gateway ?? parts.gateway)]]) },
        ),
      };
    };
    const index = hostIndex(all({}));
    const states = {
      dna: { state: "late" },
      world: { active: false },
      role: { state: "done" },
      agent: { state: "late" },
    };
    expect(hostIndex(all(states as never))).toBe(index);
    for (const changed of [
      { dna: { node: "dna@10.1.1.99" } },
      { dna: { address: "10.1.1.99" } },
      { world: { hostname: "web9.example.org" } },
      { role: { container: null } },
      { role: { container: { ...container, host: "haf9.example.org" } } },
      { role: { container: { ...container, name: "haf-9" } } },
      { gateway: "gw9.example.org" },
      { agent: { hostname: "web9.example.org" } },
      { agent: { addresses: ["10.1.1.99"] } },
      { agent: { addresses: MASKED } },
      { agent: { peer: "10.1.1.99" } },
      { agent: { peer: MASKED } },
    ]) {
      const other = hostIndex(all(changed));
      expect(told(other), JSON.stringify(changed)).not.toEqual(told(index));
      expect(hostIndex(all({ ...changed, world: { ...changed.world, active: false } }))).toBe(other);
    }
    expect(told(hostIndex(all({})))).toEqual(told(index));
  });

  it("names everything that sightings are made of: folds of the same naming have the same sightings", () => {
    let same = 0;
    fc.assert(
      fc.property(fc.array(anyEvent(), { maxLength: 20 }), anyEvent(), (events, last) => {
        const before = reduceAll({}, events);
        const after = reduceAll(before, [last]);
        if (JSON.stringify(namingOf(before)) !== JSON.stringify(namingOf(after))) return;
        same += 1;
        expect(seenIn(after)).toEqual(seenIn(before));
      }),
      { seed: 20_261_123, numRuns: 400 },
    );
    expect(same).toBeGreaterThan(50);
  });

  it("bears whatever any events leave in the folds, and changes nothing of them", () => {
    fc.assert(
      fc.property(fc.array(anyEvent(), { maxLength: 20 }), (events) => {
        const all = reduceAll({}, events);
        const before = JSON.stringify(all);
        hostIndex(all);
        expect(JSON.stringify(all)).toBe(before);
      }),
      { seed: 20_261_122 },
    );
  });
});
