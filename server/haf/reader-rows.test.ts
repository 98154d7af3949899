import { beforeEach, expect, it } from "vitest";
import { EMPTY_HAF, type HafFold, hafLogKey } from "#server/contract/fold/haf.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { LATE_FOR_MS } from "./late-rows.ts";
import type { HafLogRow, HafStore } from "./ports.ts";
import { createHafRows } from "./reader-rows.ts";

const NOW = epochMs(1_795_000_000_000);
const row = (id: number, of: Partial<HafLogRow> = {}): HafLogRow => ({
  ...{ id: String(id), app: "app1", stage: null, event: "STATE_CHANGED", at: NOW, block: id },
  ...{ forkId: "1", headBlock: id, ...of },
});

let log: readonly HafLogRow[] = [];
let asked: string[][] = [];
beforeEach(() => {
  log = [];
  asked = [];
});

const store: Pick<HafStore, "appLog" | "appLogOf" | "forks" | "hivedConnections"> = {
  async appLog(after) {
    const behind = log.filter(({ id }) => BigInt(id) > BigInt(after));
    return { kind: "read", value: behind.toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id))).slice(0, 1_000) };
  },
  async appLogOf(ids) {
    asked.push([...ids]);
    return { kind: "read", value: log.filter(({ id }) => ids.includes(id)) };
  },
  forks: async () => ({ kind: "read", value: [] }),
  hivedConnections: async () => ({ kind: "read", value: [] }),
};

/** A reader, and the fold that is told what it finds. */
function reading(before: HafFold = EMPTY_HAF) {
  const clock = createManualClock();
  const reads = {
    async read<T>(
      _kind: string,
      call: (signal: AbortSignal) => Promise<{ kind: "read"; value: T } | { kind: "busy" }>,
    ) {
      const answer = await call(new AbortController().signal);
      return answer.kind === "busy" ? null : answer.value;
    },
  };
  const rows = createHafRows(store, reads, clock, silentLogger);
  let fold = before;
  return {
    clock,
    fold: () => fold,
    /** Numbers that are told by one look. */
    async look() {
      const { log: found } = await rows.read(fold, NOW, true);
      const keys = found.map((one) => hafLogKey({ ...one, logId: one.id }));
      fold = { ...fold, logTail: [...fold.logTail, ...keys].slice(-100) };
      rows.told();
      return found.map(({ id }) => Number(id));
    },
  };
}

it("tells a row once that was committed after later ones, and a number that nobody took is not waited for for ever", async () => {
  const { look, clock } = reading();
  log = [row(1), row(2)];
  expect(await look()).toEqual([1, 2]);
  log = [...log, row(5), row(7)];
  expect(await look()).toEqual([5, 7]);
  log = [...log, row(4), row(8)];
  expect(await look()).toEqual([4, 8]);
  log = [...log, row(6)];
  expect(await look()).toEqual([6]);
  expect(await look()).toEqual([]);
  expect(asked.at(-1)).toEqual(["3"]);
  await clock.advance(LATE_FOR_MS + 1);
  const before = asked.length;
  expect(await look()).toEqual([]);
  expect(asked).toHaveLength(before);
});

it("tells a late row after a restart too, nothing twice, and goes on behind the highest", async () => {
  const first = reading();
  log = [row(1), row(3), row(6)];
  await first.look();
  log = [...log, row(5)];
  expect(await first.look()).toEqual([5]);
  const again = reading(first.fold());
  log = [...log, row(2), row(7)];
  expect(await again.look()).toEqual([7]);
  expect(await again.look()).toEqual([2]);
  expect(await again.look()).toEqual([]);
});

it("after a rewind by hundreds of rows tells every row that was not told, whatever its time, and none again", async () => {
  const { look } = reading();
  log = Array.from({ length: 500 }, (_, n) => row(n + 1, { at: epochMs(NOW - 1_000_000 + n * 1_000) }));
  expect(await look()).toHaveLength(500);
  const left = log.slice(0, 200);
  // As written by the machine that takes over: before what we had told last.
  log = [...left, ...[201, 202, 204].map((id) => row(id, { app: "other", at: epochMs(NOW - 700_000) }))];
  expect(await look()).toEqual([201, 202, 204]);
  expect(await look()).toEqual([]);
  log = [...log, row(203, { app: "other" }), row(205, { app: "other" })];
  expect(await look()).toEqual(expect.arrayContaining([205]));
});

it("waits for no more numbers than a read may ask for", async () => {
  const { look } = reading();
  log = [row(1), row(100_000)];
  await look();
  await look();
  expect(asked.at(-1)?.length).toBeLessThanOrEqual(500);
  expect(asked.at(-1)).toContain("99999");
});
