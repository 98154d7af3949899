import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { A, actor, CITY, INT64_MAX, INT64_MIN, type Subject, T0 } from "./dna-store.harness.ts";
import type { Incarnation } from "./domain/identity.ts";
import type { ActorRow } from "./ports.ts";

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

/** Part of the suite in `dna-store.contract.ts`: reading the table `actors`. */
export function describeActors(subject: Subject): void {
  describe("actors", () => {
    it("lists each type once, sorted by namespace and then by number, for as long as it has a row", async () => {
      const types = [
        { namespace: "eu", moduleId: -1 },
        { namespace: "eu", moduleId: 2 },
        { namespace: "eu", moduleId: 10 },
        { namespace: "us", moduleId: 0 },
      ];
      for (const type of types.toReversed()) await subject.seed.writeActor(actor("x", A, type));
      await subject.seed.writeActor(actor("y", A, { namespace: "eu", moduleId: 10 }));
      expect(await subject.store.actorTypes()).toEqual(types);
      await subject.seed.deleteActor({ namespace: "us", moduleId: 0, name: "x" });
      expect(await subject.store.actorTypes()).toEqual(types.slice(0, 3));
    });

    it("orders names by their UTF-8 bytes, and pages through them without gap or repetition", async () => {
      await subject.seedNames(NAMES_IN_UTF8_ORDER.toReversed());
      for (const limit of [1, 2, 20, 21, 22, 5_000]) {
        const seen: string[] = [];
        let after: string | null = null;
        do {
          const page: { readonly names: readonly string[]; readonly next: string | null } = await subject.namesOf(
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
        await subject.seedNames(NAMES_IN_UTF8_ORDER);
        const expected = NAMES_IN_UTF8_ORDER.filter((each) => each.startsWith(prefix));
        expect(await subject.namesOf(prefix, null, 100)).toEqual({ names: expected, next: null });
      },
    );

    it("goes on within a prefix, and never starts before it nor ends behind it", async () => {
      await subject.seedNames(["a", "b", "b1", "b2", "b3", "c"]);
      expect(await subject.namesOf("b", null, 2)).toEqual({ names: ["b", "b1"], next: "b1" });
      expect(await subject.namesOf("b", "b1", 2)).toEqual({ names: ["b2", "b3"], next: null });
      expect(await subject.namesOf("b", "a", 2)).toEqual({ names: ["b", "b1"], next: "b1" });
      expect(await subject.namesOf("b", "b2 is gone", 2)).toEqual({ names: ["b3"], next: null });
      expect(await subject.namesOf("b", "c", 2)).toEqual({ names: [], next: null });
    });

    it("keeps types apart", async () => {
      await subject.seed.writeActor(actor("x", A));
      await subject.seed.writeActor(actor("y", A, { moduleId: 1 }));
      await subject.seed.writeActor(actor("z", A, { namespace: "EU" }));
      expect(await subject.namesOf("", null, 10)).toEqual({ names: ["x"], next: null });
    });

    it.each([0, -1, 1.5, 5_001])("refuses a page of %d rows", async (limit) => {
      const page = subject.store.actorPage({ type: CITY, prefix: "", after: null, limit });
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
        await subject.seed.writeActor(actor(`k${index}`, owner, { claimedAt: T0 + index }));
      }
      expect((await subject.store.actorPage({ type: CITY, prefix: "", after: null, limit: 9 })).rows).toEqual(expected);
      for (const [index, row] of expected.entries()) {
        expect(await subject.store.actor({ ...CITY, name: `k${index}` }, "quorum")).toEqual(row);
        expect(await subject.store.actor({ ...CITY, name: `k${index}` }, "serial")).toEqual(row);
      }
    });

    it("shows a half-written row as one without owner, and marks one that has half an owner", async () => {
      await subject.seed.writeActor(actor("1 empty", null, { claimedAt: null }));
      await subject.seed.writeActor(actor("2 no id", A, { nodeId: null }));
      await subject.seed.writeActor(actor("3 no instant", A, { nodeCreated: null }));
      await subject.seed.writeActor(actor("4 whole", A));
      const rows = [
        { name: "1 empty", owner: null, claimedAt: null },
        { malformed: true, key: "2 no id", reason: expect.any(String) },
        { malformed: true, key: "3 no instant", reason: expect.any(String) },
        { name: "4 whole", owner: A, claimedAt: T0 + 5 },
      ];
      expect((await subject.store.actorPage({ type: CITY, prefix: "", after: null, limit: 9 })).rows).toEqual(rows);
      expect(await subject.store.actor({ ...CITY, name: "2 no id" }, "quorum")).toEqual(rows[1]);
      const secondPage = await subject.store.actorPage({ type: CITY, prefix: "", after: "2 no id", limit: 1 });
      expect(secondPage).toEqual({ rows: [rows[2]], nextAfter: "3 no instant" });
    });

    it("takes every name as it is: it is read back, found by itself as a prefix, and released", async () => {
      await subject.seedNames(HOSTILE_NAMES);
      expect((await subject.namesOf("", null, 100)).names.toSorted()).toEqual(HOSTILE_NAMES.toSorted());
      for (const each of HOSTILE_NAMES) {
        expect(await subject.store.actor({ ...CITY, name: each }, "quorum")).toMatchObject({ name: each, owner: A });
        expect((await subject.namesOf(each, null, 100)).names).toEqual([each]);
      }
      expect(await subject.store.releaseBatch(CITY, HOSTILE_NAMES, A)).toEqual({ kind: "applied" });
      expect((await subject.namesOf("", null, 100)).names).toEqual([]);
    });
  });
}
