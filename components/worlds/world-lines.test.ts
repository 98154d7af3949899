import { describe, expect, it } from "vitest";
import { EMPTY_DYNFLOW, type LockFold, type WorldFold } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { lockLines, queueText, worldLines } from "./world-lines.ts";

const world = (over: Partial<WorldFold> = {}): WorldFold => ({
  class: "Dynflow::Coordinator::ExecutorWorld",
  executor: true,
  active: true,
  hostname: "foreman-01",
  pid: 1,
  queues: { default: 5 },
  lastSeenText: null,
  unreadable: null,
  seenSince: epochMs(0),
  ping: null,
  ...over,
});
const lock = (over: Partial<LockFold> = {}): LockFold => ({
  class: "Dynflow::Coordinator::ExecutionLock",
  id: "execution-plan:p",
  ownerId: null,
  planId: "p",
  worldId: "a",
  clientWorldId: null,
  requestId: null,
  unreadable: null,
  seenSince: epochMs(0),
  ...over,
});

describe("the lists", () => {
  const fold = {
    ...EMPTY_DYNFLOW,
    worlds: {
      a: world(),
      b: world({ hostname: "foreman-02", ping: { at: epochMs(1), roundTripMs: null } }),
      c: world({ executor: false, active: null }),
    },
    locks: {
      "1": lock({ seenSince: epochMs(5) }),
      "2": lock({ id: "x", worldId: "gone", seenSince: epochMs(9) }),
      "3": lock({ class: "Dynflow::Coordinator::SingletonActionLock", id: "y", seenSince: epochMs(1) }),
    },
  };
  const sources = [{ id: "foreman", fold }];

  it("put executors before clients and the worst first, and know our own", () => {
    const lines = worldLines(sources, new Map([["foreman", "c"]]));
    expect(lines.map(({ id, word, ours }) => [id, word, ours])).toEqual([
      ["b", "not answering", false],
      ["a", "active", false],
      ["c", "client", true],
    ]);
    expect(lines[1]).toMatchObject({ locks: 2, plans: 1 });
  });

  it("put locks of a world that is gone first, then the oldest", () => {
    expect(lockLines(sources).map(({ lock: { id }, word }) => [id, word])).toEqual([
      ["x", "orphaned"],
      ["y", "singleton"],
      ["execution-plan:p", "held"],
    ]);
  });

  it("say queues with their sizes", () => {
    expect(queueText({ default: 5, hosts: 2 })).toBe("default 5, hosts 2");
  });
});
