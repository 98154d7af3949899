import { expect, it } from "vitest";
import { judgeIndexes, ownIndexes } from "./plan-indexes.ts";

it("tells indexes beside that of the primary key, each once", () => {
  expect(ownIndexes([["uuid"], ["state", "started_at"], ["label"], ["label"]])).toEqual(["label", "state, started_at"]);
});

it("takes an index for what its first columns serve, and for nothing else", () => {
  const { there, missing } = judgeIndexes([["started_at", "uuid"], ["started_at", "state"], ["state"]]);
  expect(there.map(({ columns }) => columns)).toEqual([["started_at"]]);
  expect(missing.map(({ columns }) => columns)).toEqual([["state", "started_at"]]);
  expect(judgeIndexes([]).there).toEqual([]);
});
