import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type ActorKey, type ActorType, type Incarnation, toIncarnationId } from "./domain/identity.ts";
import { type ClusterSightings, emptyCluster, observeRead } from "./domain/liveness.ts";
import { type ActorRow, type DnaStore, isMalformed, type NodeRow, RELEASE_BATCH_KEYS_MAX } from "./ports.ts";

/** A row of `nodes` as a test writes it: a cell that is `null` stays empty. */
export interface SeedNode {
  readonly cluster: string;
  readonly incarnation: Incarnation;
  readonly node: string | null;
  readonly heartbeat: bigint | null;
  readonly load: number | null;
  readonly draining: boolean | null;
  /**
   * How long ago, by the database's own clock, the row was written; below 0: by a coordinator whose clock is ahead.
   * Every later write of the same row must be younger.
   */
  readonly writtenAgoMs: number;
}

/** A row of `actors` as a test writes it: a cell that is `null` stays empty. */
export interface SeedActor extends ActorKey {
  readonly nodeCreated: number | null;
  readonly nodeId: bigint | null;
  readonly claimedAt: number | null;
}

/**
 * What DNA does to its tables, for tests. Each call has taken effect, for every later read of the store, when it
 * resolves. Writing a row that is there replaces all its cells; deleting one that is not there does nothing.
 */
export interface DnaSeeding {
  writeNode(row: SeedNode): Promise<void>;
  deleteNode(cluster: string, incarnation: Incarnation): Promise<void>;
  writeActor(row: SeedActor): Promise<void>;
  deleteActor(key: ActorKey): Promise<void>;
}

/** A clock that moves only when told to (`createManualClock` of `#server/runtime/clock.ts` is one). */
export interface SteppedClock extends Clock {
  advance(ms: number): Promise<void>;
}

export interface DnaStoreHarness {
  /** Over tables that are empty. */
  readonly store: DnaStore;
  readonly seed: DnaSeeding;
  /** The clock the store was given: a simulator lives by it, a real database has its own. */
  readonly clock: SteppedClock;
  /** Closes the store and whatever was opened for it. */
  close(): Promise<void>;
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const T0 = 1_795_300_000_123;
const A: Incarnation = { createdAt: epochMs(T0), id: 7n };
const B: Incarnation = { createdAt: epochMs(T0 + 1), id: -7n };
const CITY: ActorType = { namespace: "eu", moduleId: 0 };

/** In the order of their UTF-8 bytes, which JavaScript's own order of strings is not: U+FF5E comes before U+1F600. */
const NAMES_IN_UTF8_ORDER = [
  "",
  "\u0000",
  " ",
  "A",
  "a",
  "a b",
  "aa",
  "ab",
  "b",
  "zz",
  "z\u{10ffff}",
  "z\u{10ffff}\u{10ffff}",
  "ä",
  "\ud7ff",
  "\ue000",
  "～",
  "\uffff",
  "😀",
  "😀a",
  "\u{10ffff}",
  "\u{10ffff}x",
] as const;

const HOSTILE_NAMES = [
  `'; DROP TABLE actors; --`,
  `"quoted" and 'quoted'`,
  "<img src=x onerror=alert(1)>",
  "javascript:alert(1)",
  'n0["x"] --> n1; click n0 href "javascript:alert(1)"',
  "\u202etxt.exe",
  "line\nbreak\ttab\u0000nul",
  "%_*?[]{}$(reboot)`id`",
  "x".repeat(10_000),
  "e\u0301 is not \u00e9",
  "👩‍🚀🇪🇺",
];

const node = (incarnation: Incarnation, rest: Partial<SeedNode> = {}): SeedNode => ({
  cluster: "prod",
  incarnation,
  node: "dna@10.0.0.1",
  heartbeat: -576_460_752_000n,
  load: 0.5,
  draining: false,
  writtenAgoMs: 0,
  ...rest,
});

const actor = (name: string, owner: Incarnation | null, rest: Partial<SeedActor> = {}): SeedActor => ({
  ...CITY,
  name,
  nodeCreated: owner?.createdAt ?? null,
  nodeId: owner?.id ?? null,
  claimedAt: T0 + 5,
  ...rest,
});

/**
 * What every `DnaStore` promises, run against each adapter.
 *
 * @param open gives a store over empty tables, and the means to fill them; called before each test
 */
export function describeDnaStore(name: string, open: () => Promise<DnaStoreHarness>): void {
  describe(`DnaStore: ${name}`, () => {
    let harness: DnaStoreHarness;
    let store: DnaStore;
    let seed: DnaSeeding;

    beforeEach(async () => {
      harness = await open();
      ({ store, seed } = harness);
    });
    afterEach(() => harness.close());

    const namesOf = async (prefix: string, after: string | null, limit: number) => {
      const page = await store.actorPage({ type: CITY, prefix, after, limit });
      return { names: page.rows.map((row) => (isMalformed(row) ? `! ${row.key}` : row.name)), next: page.nextAfter };
    };
    const seedNames = async (names: readonly string[]) => {
      for (const each of names) await seed.writeActor(actor(each, A));
    };
    const nodesOf = async (cluster: string): Promise<readonly NodeRow[]> =>
      (await store.nodes(cluster)).filter((row): row is NodeRow => !isMalformed(row));
    const ownerOf = async (each: string) => {
      const row = await store.actor({ ...CITY, name: each }, "serial");
      return row === null || isMalformed(row) ? row : row.owner;
    };

    describe("empty tables", () => {
      it("answers nothing, not an error", async () => {
        expect(await store.clusters()).toEqual([]);
        expect(await store.nodes("prod")).toEqual([]);
        expect(await store.actorTypes()).toEqual([]);
        expect(await store.actorPage({ type: CITY, prefix: "", after: null, limit: 10 })).toEqual({
          rows: [],
          nextAfter: null,
        });
        expect(await store.actor({ ...CITY, name: "x" }, "quorum")).toBeNull();
        expect(await store.actor({ ...CITY, name: "x" }, "serial")).toBeNull();
      });

      it("refuses to release what is not there, and does not create it by that", async () => {
        expect(await store.release({ ...CITY, name: "x" }, A)).toMatchObject({ kind: "rejected" });
        expect(await store.releaseBatch(CITY, ["x", "y"], A)).toMatchObject({ kind: "rejected" });
        expect(await store.actorTypes()).toEqual([]);
      });
    });

    describe("clusters and nodes", () => {
      it("lists each cluster once, sorted, for as long as it has a row", async () => {
        await seed.writeNode(node(A, { cluster: "prod" }));
        await seed.writeNode(node(B, { cluster: "prod" }));
        await seed.writeNode(node(A, { cluster: "Staging 'x'" }));
        expect(await store.clusters()).toEqual(["Staging 'x'", "prod"]);
        await seed.deleteNode("Staging 'x'", A);
        expect(await store.clusters()).toEqual(["prod"]);
      });

      it("keeps clusters apart", async () => {
        await seed.writeNode(node(A, { cluster: "one" }));
        await seed.writeNode(node(B, { cluster: "two" }));
        expect((await nodesOf("one")).map((row) => row.incarnation)).toEqual([A]);
        expect(await store.nodes("One")).toEqual([]);
      });

      it("orders rows by created_at, then id, both as signed numbers", async () => {
        const at = (createdAt: number, id: bigint): Incarnation => ({ createdAt: epochMs(createdAt), id });
        const ordered = [
          at(-1, 5n),
          at(0, INT64_MIN),
          at(0, -1n),
          at(0, 0n),
          at(0, INT64_MAX),
          at(T0, 1n),
          at(T0, 10n),
        ];
        for (const each of [3, 0, 6, 1, 5, 2, 4]) {
          const incarnation = ordered[each];
          if (incarnation !== undefined) await seed.writeNode(node(incarnation));
        }
        expect((await nodesOf("prod")).map((row) => row.incarnation)).toEqual(ordered);
      });

      it("gives every cell back as it was written, 64-bit numbers and milliseconds to the last digit", async () => {
        const extremes = [INT64_MIN, -9_007_199_254_740_993n, -1n, 0n, 9_007_199_254_740_993n, INT64_MAX];
        for (const [index, value] of extremes.entries()) {
          const incarnation = { createdAt: epochMs(T0 + index), id: value };
          await seed.writeNode(node(incarnation, { heartbeat: value, load: 1.25, draining: true, node: `n${index}` }));
        }
        expect(await store.nodes("prod")).toEqual(
          extremes.map((value, index) => ({
            incarnation: { createdAt: T0 + index, id: value },
            node: `n${index}`,
            heartbeat: value,
            load: 1.25,
            draining: true,
            writeAgeMs: expect.any(Number),
          })),
        );
      });

      it("replaces a row that is written again, and forgets one that is deleted", async () => {
        await seed.writeNode(node(A, { heartbeat: 1n, writtenAgoMs: 5_000 }));
        await seed.writeNode(node(A, { heartbeat: 2n }));
        expect((await nodesOf("prod")).map((row) => row.heartbeat)).toEqual([2n]);
        await seed.deleteNode("prod", A);
        expect(await store.nodes("prod")).toEqual([]);
      });

      it("tells the age of the heartbeat by the database's clock, never below 0", async () => {
        await seed.writeNode(node(A, { writtenAgoMs: 12_000 }));
        await seed.writeNode(node(B, { writtenAgoMs: -30_000 }));
        const [old, ahead] = await nodesOf("prod");
        expect(old?.writeAgeMs).toBeGreaterThanOrEqual(11_900);
        expect(old?.writeAgeMs).toBeLessThan(20_000);
        expect(ahead?.writeAgeMs).toBe(0);
      });

      it("takes an empty load for no load and an empty draining for not draining", async () => {
        await seed.writeNode(node(A, { load: null, draining: null }));
        expect(await nodesOf("prod")).toMatchObject([{ load: null, draining: false }]);
      });

      it("marks a row without its heartbeat or its node, with the reason, and only that row", async () => {
        await seed.writeNode(node(A, { heartbeat: null }));
        await seed.writeNode(node(B, { node: null }));
        const C = { createdAt: epochMs(T0 + 2), id: 1n };
        await seed.writeNode(node(C));
        const rows = await store.nodes("prod");
        expect(rows).toEqual([
          { malformed: true, key: toIncarnationId(A), reason: expect.stringContaining("heartbeat") },
          { malformed: true, key: toIncarnationId(B), reason: expect.stringContaining("node") },
          expect.objectContaining({ incarnation: C }),
        ]);
      });
    });

    describe("actors", () => {
      it("lists each type once, sorted by namespace and then by number, for as long as it has a row", async () => {
        const types = [
          { namespace: "eu", moduleId: -1 },
          { namespace: "eu", moduleId: 2 },
          { namespace: "eu", moduleId: 10 },
          { namespace: "us", moduleId: 0 },
        ];
        for (const type of types.toReversed()) await seed.writeActor(actor("x", A, type));
        await seed.writeActor(actor("y", A, { namespace: "eu", moduleId: 10 }));
        expect(await store.actorTypes()).toEqual(types);
        await seed.deleteActor({ namespace: "us", moduleId: 0, name: "x" });
        expect(await store.actorTypes()).toEqual(types.slice(0, 3));
      });

      it("orders names by their UTF-8 bytes, and pages through them without gap or repetition", async () => {
        await seedNames(NAMES_IN_UTF8_ORDER.toReversed());
        for (const limit of [1, 2, 20, 21, 22, 5_000]) {
          const seen: string[] = [];
          let after: string | null = null;
          do {
            const page: { readonly names: readonly string[]; readonly next: string | null } = await namesOf(
              "",
              after,
              limit,
            );
            expect(page.names.length).toBeLessThanOrEqual(limit);
            seen.push(...page.names);
            expect(page.next).toBe(seen.length < NAMES_IN_UTF8_ORDER.length ? page.names.at(-1) : null);
            after = page.next;
          } while (after !== null);
          expect(seen).toEqual(NAMES_IN_UTF8_ORDER);
        }
      });

      it.each(["", "a", "z", "z\u{10ffff}", "\u{10ffff}", "\ud7ff", "\uffff", "😀", "nothing starts so"])(
        "finds exactly the names that start with %j",
        async (prefix) => {
          await seedNames(NAMES_IN_UTF8_ORDER);
          const expected = NAMES_IN_UTF8_ORDER.filter((each) => each.startsWith(prefix));
          expect(await namesOf(prefix, null, 100)).toEqual({ names: expected, next: null });
        },
      );

      it("goes on within a prefix, and never starts before it nor ends behind it", async () => {
        await seedNames(["a", "b", "b1", "b2", "b3", "c"]);
        expect(await namesOf("b", null, 2)).toEqual({ names: ["b", "b1"], next: "b1" });
        expect(await namesOf("b", "b1", 2)).toEqual({ names: ["b2", "b3"], next: null });
        expect(await namesOf("b", "a", 2)).toEqual({ names: ["b", "b1"], next: "b1" });
        expect(await namesOf("b", "b2 is gone", 2)).toEqual({ names: ["b3"], next: null });
        expect(await namesOf("b", "c", 2)).toEqual({ names: [], next: null });
      });

      it("keeps types apart", async () => {
        await seed.writeActor(actor("x", A));
        await seed.writeActor(actor("y", A, { moduleId: 1 }));
        await seed.writeActor(actor("z", A, { namespace: "EU" }));
        expect(await namesOf("", null, 10)).toEqual({ names: ["x"], next: null });
      });

      it.each([0, -1, 1.5, 5_001])("refuses a page of %d rows", async (limit) => {
        const page = store.actorPage({ type: CITY, prefix: "", after: null, limit });
        await expect(page).rejects.toMatchObject({ code: "invalid-input" });
      });

      it("gives owner and claim back to the last digit, in a page and alone, at either consistency", async () => {
        const owners: readonly Incarnation[] = [
          { createdAt: epochMs(-1), id: INT64_MIN },
          { createdAt: epochMs(0), id: 0n },
          { createdAt: epochMs(T0), id: INT64_MAX },
        ];
        const expected: ActorRow[] = owners.map((owner, index) => ({
          name: `k${index}`,
          owner,
          claimedAt: epochMs(T0 + index),
        }));
        for (const [index, owner] of owners.entries()) {
          await seed.writeActor(actor(`k${index}`, owner, { claimedAt: T0 + index }));
        }
        expect((await store.actorPage({ type: CITY, prefix: "", after: null, limit: 9 })).rows).toEqual(expected);
        for (const [index, row] of expected.entries()) {
          expect(await store.actor({ ...CITY, name: `k${index}` }, "quorum")).toEqual(row);
          expect(await store.actor({ ...CITY, name: `k${index}` }, "serial")).toEqual(row);
        }
      });

      it("shows a half-written row as one without owner, and marks one that has half an owner", async () => {
        await seed.writeActor(actor("1 empty", null, { claimedAt: null }));
        await seed.writeActor(actor("2 no id", A, { nodeId: null }));
        await seed.writeActor(actor("3 no instant", A, { nodeCreated: null }));
        await seed.writeActor(actor("4 whole", A));
        const rows = [
          { name: "1 empty", owner: null, claimedAt: null },
          { malformed: true, key: "2 no id", reason: expect.any(String) },
          { malformed: true, key: "3 no instant", reason: expect.any(String) },
          { name: "4 whole", owner: A, claimedAt: T0 + 5 },
        ];
        expect((await store.actorPage({ type: CITY, prefix: "", after: null, limit: 9 })).rows).toEqual(rows);
        expect(await store.actor({ ...CITY, name: "2 no id" }, "quorum")).toEqual(rows[1]);
        const secondPage = await store.actorPage({ type: CITY, prefix: "", after: "2 no id", limit: 1 });
        expect(secondPage).toEqual({ rows: [rows[2]], nextAfter: "3 no instant" });
      });

      it("takes every name as it is: it is read back, found by itself as a prefix, and released", async () => {
        await seedNames(HOSTILE_NAMES);
        expect((await namesOf("", null, 100)).names.toSorted()).toEqual(HOSTILE_NAMES.toSorted());
        for (const each of HOSTILE_NAMES) {
          expect(await store.actor({ ...CITY, name: each }, "quorum")).toMatchObject({ name: each, owner: A });
          expect((await namesOf(each, null, 100)).names).toEqual([each]);
        }
        expect(await store.releaseBatch(CITY, HOSTILE_NAMES, A)).toEqual({ kind: "applied" });
        expect((await namesOf("", null, 100)).names).toEqual([]);
      });
    });

    describe("conditional release", () => {
      it("deletes the row when the owner is still the one, and only that row", async () => {
        await seedNames(["x", "y"]);
        expect(await store.release({ ...CITY, name: "x" }, A)).toEqual({ kind: "applied" });
        expect((await namesOf("", null, 10)).names).toEqual(["y"]);
        expect(await store.actor({ ...CITY, name: "x" }, "serial")).toBeNull();
      });

      it.each([
        ["another node", B],
        ["the same id, created a millisecond later", { createdAt: epochMs(A.createdAt + 1), id: A.id }],
        ["the same instant, another id", { createdAt: A.createdAt, id: A.id + 1n }],
      ])("leaves a row of somebody else alone and tells its owner: %s", async (_case, owner) => {
        await seed.writeActor(actor("x", owner));
        expect(await store.release({ ...CITY, name: "x" }, A)).toEqual({ kind: "rejected", owner });
        expect(await ownerOf("x")).toEqual(owner);
      });

      it("leaves a row without owner alone", async () => {
        await seed.writeActor(actor("x", null));
        expect(await store.release({ ...CITY, name: "x" }, A)).toEqual({ kind: "rejected", owner: null });
        expect(await store.actor({ ...CITY, name: "x" }, "serial")).toMatchObject({ name: "x", owner: null });
      });

      it("compares owners to the last digit", async () => {
        const big = { createdAt: epochMs(T0), id: INT64_MAX };
        await seed.writeActor(actor("x", big));
        const almost = await store.release({ ...CITY, name: "x" }, { ...big, id: INT64_MAX - 1n });
        expect(almost).toEqual({ kind: "rejected", owner: big });
        expect(await store.release({ ...CITY, name: "x" }, big)).toEqual({ kind: "applied" });
      });

      it("releases a key once, however often it is asked at once", async () => {
        await seedNames(["x"]);
        const outcomes = await Promise.all([1, 2, 3].map(() => store.release({ ...CITY, name: "x" }, A)));
        expect(outcomes.filter((outcome) => outcome.kind === "applied")).toHaveLength(1);
        expect(await store.actor({ ...CITY, name: "x" }, "serial")).toBeNull();
      });

      it(`releases ${RELEASE_BATCH_KEYS_MAX} keys in one round, and no others`, async () => {
        const names = Array.from({ length: RELEASE_BATCH_KEYS_MAX }, (_, index) => `k${index}`);
        await seedNames([...names, "other"]);
        expect(await store.releaseBatch(CITY, names, A)).toEqual({ kind: "applied" });
        expect((await namesOf("", null, 100)).names).toEqual(["other"]);
      });

      it("takes a batch of one key as well", async () => {
        await seedNames(["x"]);
        expect(await store.releaseBatch(CITY, ["x"], A)).toEqual({ kind: "applied" });
        expect(await store.releaseBatch(CITY, ["x"], A)).toMatchObject({ kind: "rejected" });
      });

      it.each([
        ["has another owner by now", () => seed.writeActor(actor("b", B))],
        ["is gone by now", () => seed.deleteActor({ ...CITY, name: "b" })],
      ])("releases nothing of a batch in which one key %s", async (_case, change) => {
        await seedNames(["a", "b", "c"]);
        await change();
        expect(await store.releaseBatch(CITY, ["a", "b", "c"], A)).toMatchObject({ kind: "rejected" });
        expect(await ownerOf("a")).toEqual(A);
        expect(await ownerOf("c")).toEqual(A);
      });

      it.each([0, RELEASE_BATCH_KEYS_MAX + 1])("refuses a batch of %d keys before anything is sent", async (count) => {
        await seedNames(["k0"]);
        const names = Array.from({ length: count }, (_, index) => `k${index}`);
        await expect(store.releaseBatch(CITY, names, A)).rejects.toBeInstanceOf(OpsError);
        expect(await ownerOf("k0")).toEqual(A);
      });
    });

    describe("the database behind it", () => {
      it("names itself and its hosts", async () => {
        const { name: clusterName, hosts } = await store.databaseCluster();
        expect(clusterName).not.toBe("");
        expect(hosts.length).toBeGreaterThan(0);
        for (const host of hosts) expect(Object.values(host)).not.toContain("");
      });

      it("can be closed twice", async () => {
        await store.close();
        await store.close();
      });
    });

    describe("read every 2 s of the stepped clock", () => {
      /** One read, judged; the states of A and B. */
      async function look(before: ClusterSightings) {
        const startedAt = harness.clock.monotonic();
        const rows = (await nodesOf("prod")).map((row) => ({ id: toIncarnationId(row.incarnation), ...row }));
        const after = observeRead(before, { startedAt, rows, unreadIds: [], nameless: 0, loopLateMs: 0 });
        const stateOf = (each: Incarnation): LifecycleState | "-" =>
          after.sightings.get(toIncarnationId(each))?.state ?? "-";
        return { after, states: `${stateOf(A)} ${stateOf(B)}` };
      }

      it("shows one that beats as alive, and one that stopped as late, silent, gone, returned", async () => {
        let cluster = emptyCluster("prod");
        const seen = new Map<number, string>();
        for (let second = 0; second <= 34; second += 2) {
          if (second % 4 === 0) await seed.writeNode(node(A, { heartbeat: BigInt(second) }));
          if (second === 2) await seed.writeNode(node(B, { heartbeat: 5n }));
          if (second === 4) await seed.writeNode(node(B, { heartbeat: 6n }));
          if (second === 28) await seed.deleteNode("prod", B);
          if (second === 32) await seed.writeNode(node(B, { heartbeat: 7n }));
          const { after, states } = await look(cluster);
          cluster = after;
          seen.set(second, states);
          await harness.clock.advance(2_000);
        }
        expect(Object.fromEntries(seen)).toMatchObject({
          0: "alive -",
          2: "alive alive",
          4: "alive alive",
          12: "alive alive",
          14: "alive late",
          22: "alive late",
          24: "alive silent",
          26: "alive silent",
          28: "alive gone",
          30: "alive gone",
          32: "alive returned",
          34: "alive returned",
        });
      });
    });
  });
}
