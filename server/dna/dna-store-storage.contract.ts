import { describe, expect, it } from "vitest";
import { A, actor, CITY, type Subject } from "./dna-store.harness.ts";
import { isMalformed } from "./ports.ts";

const KEY = { ...CITY, name: "oslo" };
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
/** In the order of their bytes. */
const KEYS = [
  bytes(0),
  bytes(0, 0),
  bytes(0, 1),
  text("a"),
  text("a b"),
  text("aa"),
  text("Ä"),
  bytes(0xff),
  bytes(0xff, 0),
];

async function keysOf(subject: Subject, after: Uint8Array | null, limit: number) {
  const page = await subject.store.storageRows(KEY, after, limit);
  return {
    keys: page.rows.map((row) => (isMalformed(row) ? `! ${row.key}` : hex(row.key))),
    next: page.nextAfter,
  };
}

/** Part of the suite in `dna-store.contract.ts`: what actors have stored, and when they were claimed. */
export function describeStorage(subject: Subject): void {
  const seed = (key: Uint8Array, value: Uint8Array | null, size: number | null = value?.length ?? null) =>
    subject.seed.writeStorage(KEY, { key, value, size });

  describe("storage", () => {
    it("answers an empty page for a key that has stored nothing, and no value", async () => {
      expect(await subject.store.storageRows(KEY, null, 10)).toEqual({ rows: [], nextAfter: null });
      expect(await subject.store.storageValue(KEY, text("a"), 100)).toBeNull();
    });

    it("orders keys by their bytes, and pages through them without gap or repetition", async () => {
      for (const key of KEYS.toReversed()) await seed(key, text("v"));
      for (const limit of [1, 2, KEYS.length - 1, KEYS.length, 1_000]) {
        const seen: string[] = [];
        let after: Uint8Array | null = null;
        do {
          const page: { readonly keys: readonly string[]; readonly next: Uint8Array | null } = await keysOf(
            subject,
            after,
            limit,
          );
          expect(page.keys.length).toBeLessThanOrEqual(limit);
          seen.push(...page.keys);
          after = page.next;
        } while (after !== null);
        expect(seen).toEqual(KEYS.map(hex));
      }
    });

    it("tells size and write time, and never a value", async () => {
      const before = Date.now();
      await seed(text("state"), text("canary-of-storage"));
      await seed(text("wrong size"), text("four"), 7);
      await seed(text("without"), null);
      const { rows } = await subject.store.storageRows(KEY, null, 10);
      expect(rows).toEqual([
        { key: text("state"), size: 17, writtenAt: expect.any(Number) },
        { key: text("without"), size: null, writtenAt: null },
        { key: text("wrong size"), size: 7, writtenAt: expect.any(Number) },
      ]);
      const [state] = rows;
      const writtenAt = state === undefined || isMalformed(state) ? null : state.writtenAt;
      expect(Math.abs((writtenAt ?? 0) - before)).toBeLessThan(10 * 365 * 86_400_000);
      expect(Buffer.from(JSON.stringify(rows)).includes("canary")).toBe(false);
    });

    it("gives a value back byte by byte, empty ones too", async () => {
      const value = Uint8Array.from({ length: 256 }, (_each, index) => index);
      await seed(bytes(7), value);
      await seed(bytes(8), bytes());
      await seed(bytes(9), null);
      expect(await subject.store.storageValue(KEY, bytes(7), 256)).toMatchObject({ kind: "value", bytes: value });
      expect(await subject.store.storageValue(KEY, bytes(8), 256)).toMatchObject({ kind: "value", bytes: bytes() });
      expect(await subject.store.storageValue(KEY, bytes(9), 256)).toEqual({ kind: "empty" });
      expect(await subject.store.storageValue(KEY, bytes(7, 7), 256)).toBeNull();
    });

    it("keeps back a value that is larger than asked for, or says that it is", async () => {
      await seed(text("large"), new Uint8Array(101));
      await seed(text("says large"), text("x"), 5_000);
      await seed(text("says small"), new Uint8Array(101), 1);
      const read = (key: string) => subject.store.storageValue(KEY, text(key), 100);
      expect(await read("large")).toEqual({ kind: "too-large", size: 101 });
      expect(await read("says large")).toEqual({ kind: "too-large", size: 5_000 });
      expect(await read("says small")).toEqual({ kind: "too-large", size: 101 });
    });

    it("keeps actors apart", async () => {
      await subject.seed.writeStorage({ ...KEY, name: "oslo2" }, { key: text("a"), value: text("v"), size: 1 });
      await subject.seed.writeStorage({ ...KEY, moduleId: 5 }, { key: text("b"), value: text("v"), size: 1 });
      expect(await keysOf(subject, null, 10)).toEqual({ keys: [], next: null });
    });

    it.each([0, -1, 1.5, 1_001])("refuses a page of %d rows", async (limit) => {
      await expect(subject.store.storageRows(KEY, null, limit)).rejects.toMatchObject({ code: "invalid-input" });
    });

    it("refuses a name that no key can have", async () => {
      const broken = { ...KEY, name: "half \ud800" };
      await expect(subject.store.storageRows(broken, null, 1)).rejects.toMatchObject({ code: "invalid-input" });
      await expect(subject.store.storageValue(broken, text("a"), 1)).rejects.toMatchObject({ code: "invalid-input" });
    });
  });

  describe("when a key was claimed, by the database", () => {
    it("is known of a key with an owner, and of no other", async () => {
      await subject.seed.writeActor(actor("owned", A));
      await subject.seed.writeActor(actor("half", null));
      expect(await subject.store.ownerWrittenAt({ ...CITY, name: "owned" })).toEqual(expect.any(Number));
      expect(await subject.store.ownerWrittenAt({ ...CITY, name: "half" })).toBeNull();
      expect(await subject.store.ownerWrittenAt({ ...CITY, name: "nobody" })).toBeNull();
    });
  });
}
