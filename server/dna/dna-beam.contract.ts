import { afterEach, describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { BEAM_INSTANCES_MAX, type DnaBeam } from "./beam-ports.ts";
import {
  beamSubjectOf,
  CITY,
  cityKey,
  type DnaBeamHarness,
  type DnaBeamHarnessOptions,
  type OpenBeam,
} from "./dna-beam.harness.ts";
import { describeInstances } from "./dna-beam-instances.contract.ts";
import { describeStops } from "./dna-beam-stops.contract.ts";

export type { BeamSeeding, DnaBeamHarness, DnaBeamHarnessOptions } from "./dna-beam.harness.ts";

/**
 * What every `DnaBeam` promises, run against the real adapter on a real node and against the simulator.
 *
 * @param open gives a node without actors, cache entries and peers; called once by each test
 */
export function describeDnaBeam(name: string, open: (options: DnaBeamHarnessOptions) => Promise<DnaBeamHarness>): void {
  describe(`DnaBeam: ${name}`, () => {
    let harness: DnaBeamHarness | null = null;
    const current = (): DnaBeamHarness => {
      if (harness === null) throw new Error("the test has not opened its node");
      return harness;
    };
    const subject = beamSubjectOf(current);
    const opened: OpenBeam = async (options = {}) => {
      harness = await open({ evaluate: true, ...options });
      return subject;
    };
    afterEach(async () => {
      await harness?.close();
      harness = null;
    });

    describeNode(opened);
    describeView(opened);
    describeInstances(opened);
    describeStops(opened);
    describeAbsence(opened);
  });
}

function describeNode(open: OpenBeam): void {
  describe("the node", () => {
    it("says which incarnation it is, the same each time", async () => {
      const { beam, node, seed } = await open();
      expect(await beam.identity(node)).toEqual(await seed.identity());
      expect(await beam.identity(node)).toEqual(await seed.identity());
      expect(beam.link(node)).toMatchObject({ kind: "connected" });
    });

    it("is registered, and another name on its host is not", async () => {
      const { beam, node, absentNode } = await open();
      expect(await beam.registration(node)).toMatchObject({ kind: "registered" });
      expect(await beam.registration(absentNode)).toEqual({ kind: "not-registered" });
    });

    it("lacks nothing when texts may be evaluated on it", async () => {
      const { beam, node } = await open();
      const abilities = await beam.abilities(node);
      expect(abilities.missing).toEqual({});
      expect(abilities.otpRelease).toMatch(/^\d+$/);
      expect(abilities.elixir).toMatch(/^\d+\.\d+/);
    });

    it("lacks the safe stop and the top, with the reason, when none may", async () => {
      const { beam, node } = await open({ evaluate: false });
      expect(beam.evaluate).toBe(false);
      const { missing } = await beam.abilities(node);
      expect(Object.keys(missing).sort()).toEqual(["stop-safe", "top"]);
      expect(missing["stop-safe"]).toContain("evaluate");
      await expect(beam.top(node, null, 5)).rejects.toMatchObject({ code: "refused" });
    });

    it("counts what runs in each of its partitions", async () => {
      const { beam, node, seed } = await open();
      const empty = await beam.partitions(node);
      expect(empty.map(({ index }) => index)).toEqual(empty.map((_, index) => index));
      expect(empty.length).toBeGreaterThanOrEqual(2);
      expect(empty.every(({ alive, running }) => alive && running === 0)).toBe(true);
      await seed.start(CITY, "c-", 40);
      const full = await beam.partitions(node);
      expect(full.reduce((sum, { running }) => sum + (running ?? 0), 0)).toBe(40);
      expect(full.every(({ running }) => running !== null && running > 0)).toBe(true);
    });

    it("tells how its VM does", async () => {
      const { beam, node } = await open();
      const vitals = await beam.vitals(node);
      expect(vitals.processes).toBeGreaterThan(10);
      expect(vitals.processLimit).toBeGreaterThan(vitals.processes);
      expect(vitals.atomLimit).toBeGreaterThan(vitals.atoms);
      expect(vitals.schedulersOnline).toBeGreaterThanOrEqual(1);
      expect(vitals.runQueue).toBeGreaterThanOrEqual(0);
      expect(vitals.uptimeMs).toBeGreaterThanOrEqual(0);
      const { total, processes, binary, ets, atom } = vitals.memoryBytes;
      expect(total).toBeGreaterThan(processes);
      for (const part of [processes, binary, ets, atom]) expect(part).toBeGreaterThan(0);
    });
  });
}

const PEER = { createdAt: epochMs(1_795_300_000_123), id: -(2n ** 63n) };

function describeView(open: OpenBeam): void {
  describe("what the node goes by", () => {
    it("has itself in its peer table, just refreshed", async () => {
      const { beam, node, seed } = await open();
      const { peers, lastRefreshMs, unreadable } = await beam.peers(node);
      expect(peers).toHaveLength(1);
      expect(peers[0]).toMatchObject({ incarnation: await seed.identity(), node, local: true });
      expect(lastRefreshMs).toBeGreaterThanOrEqual(0);
      expect(lastRefreshMs).toBeLessThan(10_000);
      expect(unreadable).toBe(0);
    });

    it("tells of each peer since when it has not seen it beat", async () => {
      const { beam, node, seed } = await open();
      const heartbeat = -576_460_751_060n;
      await seed.peer({ incarnation: PEER, node: "dna@10.0.0.9", heartbeat, silentMs: 12_000, load: 0.5 });
      const { peers } = await beam.peers(node);
      const peer = peers.find(({ local }) => !local);
      expect(peer).toMatchObject({ incarnation: PEER, node: "dna@10.0.0.9", heartbeat, load: 0.5 });
      expect(peer?.lastChangeMs).toBeGreaterThanOrEqual(12_000);
      expect(peer?.lastChangeMs).toBeLessThan(22_000);
    });

    it("tells how old its own refresh is, and that there was none, and goes on running", async () => {
      const { beam, node, seed } = await open();
      await seed.lastRefresh(11_000);
      const { lastRefreshMs } = await beam.peers(node);
      expect(lastRefreshMs).toBeGreaterThanOrEqual(11_000);
      expect(await beam.lastRefresh(node)).toBeGreaterThanOrEqual(11_000);
      await seed.lastRefresh(null);
      expect((await beam.peers(node)).lastRefreshMs).toBeNull();
      expect(await beam.lastRefresh(node)).toBeNull();
      expect(await beam.identity(node)).toEqual(await seed.identity());
    });

    it("tells whom its cache holds for the owner of a key, and for how long", async () => {
      const { beam, node, seed } = await open();
      expect(await beam.cachedOwner(node, cityKey("c"))).toBeNull();
      await seed.cache(cityKey("c"), PEER, 40_000);
      const cached = await beam.cachedOwner(node, cityKey("c"));
      expect(cached?.owner).toEqual(PEER);
      expect(cached?.ttlMs).toBeGreaterThan(20_000);
      expect(cached?.ttlMs).toBeLessThanOrEqual(40_000);
      expect(await beam.cachedOwner(node, { ...cityKey("c"), moduleId: 1 })).toBeNull();
    });

    it("forgets all owners when it is told to", async () => {
      const { beam, node, seed } = await open();
      await seed.cache(cityKey("c"), PEER, 40_000);
      await beam.clearOwnerCache(node);
      expect(await beam.cachedOwner(node, cityKey("c"))).toBeNull();
    });
  });
}

function describeAbsence(open: OpenBeam): void {
  describe("a node that is not there", () => {
    const asks: Readonly<Record<string, (beam: DnaBeam, node: string) => Promise<unknown>>> = {
      identity: (beam, node) => beam.identity(node),
      partitions: (beam, node) => beam.partitions(node),
      peers: (beam, node) => beam.peers(node),
      instance: (beam, node) => beam.instance(node, cityKey("c")),
    };
    for (const [call, ask] of Object.entries(asks)) {
      it(`gives no answer to ${call}, and is told as not to be reached`, async () => {
        const { beam, absentNode } = await open();
        await expect(ask(beam, absentNode)).rejects.toMatchObject({ code: "upstream-unavailable" });
        expect(beam.link(absentNode)).toMatchObject({ kind: "unreachable" });
      });
    }

    it("is not waited for again at once: the next try is refused without one", async () => {
      const { beam, absentNode } = await open();
      await expect(beam.identity(absentNode)).rejects.toMatchObject({ code: "upstream-unavailable" });
      await expect(beam.identity(absentNode)).rejects.toMatchObject({ code: "refused" });
    });
  });

  describe("what is asked for", () => {
    it("is bounded: no page and no look over more than so many, and no partition that is none", async () => {
      const { beam, node, seed } = await open();
      await seed.startOne(cityKey("c"));
      const query = { partition: 0, type: null, prefix: "" };
      for (const limit of [0, -1, 1.5, BEAM_INSTANCES_MAX + 1]) {
        await expect(beam.instances(node, { ...query, limit })).rejects.toMatchObject({ code: "invalid-input" });
      }
      for (const partition of [-1, 0.5, 1_000_000]) {
        const asked = beam.instances(node, { ...query, partition, limit: 1 });
        await expect(asked).rejects.toMatchObject({ code: "not-found" });
      }
    });
  });

  describe("an end", () => {
    it("can be told twice", async () => {
      const { beam, node } = await open();
      await beam.identity(node);
      await beam.close();
      await beam.close();
    });
  });
}
