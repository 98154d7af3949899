import { expect, it } from "vitest";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { createFoldCache } from "./fold-cache.ts";

const row = { cluster: "c", reason: "r" };
const large = (records: number) => ({
  ...EMPTY_DNA,
  unreadable: Object.fromEntries(Array.from({ length: records }, (_, n) => [`${n}`, row])),
});

it("finds the newest state that is not beyond a number, of that stream and epoch only", () => {
  const cache = createFoldCache();
  for (const seq of [5n, 9n]) cache.put("dna:a", "e1", { seq, fold: EMPTY_DNA });
  const found = (seq: bigint, stream = "dna:a", epoch = "e1") => cache.nearest(stream, epoch, seq)?.seq ?? null;
  expect([found(4n), found(5n), found(8n), found(9n), found(99n)]).toEqual([null, 5n, 5n, 9n, 9n]);
  expect([found(9n, "dna:b"), found(9n, "dna:a", "e2")]).toEqual([null, null]);
});

it("keeps few states, those used last, and fewer of large ones, but always the last", () => {
  const cache = createFoldCache();
  for (let seq = 1n; seq <= 100n; seq += 1n) {
    cache.put("dna:a", "e", { seq, fold: EMPTY_DNA });
    cache.nearest("dna:a", "e", 1n);
  }
  expect(cache.nearest("dna:a", "e", 1n)?.seq).toBe(1n);
  expect(cache.nearest("dna:a", "e", 30n)?.seq).toBe(1n);
  expect(cache.nearest("dna:a", "e", 100n)?.seq).toBe(100n);
  cache.put("dna:a", "e", { seq: 200n, fold: large(200_000) });
  expect(cache.nearest("dna:a", "e", 199n)).toBeNull();
  expect(cache.nearest("dna:a", "e", 200n)?.seq).toBe(200n);
});
