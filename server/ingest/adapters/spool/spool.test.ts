import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { point } from "#server/ingest/metric-store.contract.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { openSpool } from "./spool.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spool-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (maxBytes = 1_000_000) =>
  openSpool({ file: join(directory, "spool.sqlite"), maxBytes, log: silentLogger });
const seen = (bootId = "b1", agentId = "a") => ({ agentId, bootId, window: `[1,[]] ${bootId}` });
const now = epochMs(1_000);

describe("the spool", () => {
  it("keeps dead letters within their bound, however large they are, the newest longest", async () => {
    const options = { file: join(directory, "spool.sqlite"), maxBytes: 1_000_000, log: silentLogger };
    const spool = await openSpool({ ...options, lettersCharsMax: 10_000 });
    const large = (seq: number) => point(seq, { body: { text: "x".repeat(3_000) } });
    await spool.bury("x", "no", now, [large(1), large(2)]);
    for (let seq = 3; seq <= 9; seq += 1) await spool.bury("x", "no", now, [large(seq)]);
    const numbers = (letters: Awaited<ReturnType<typeof spool.letters>>) => letters.map(({ envelope }) => envelope.seq);
    expect(numbers(await spool.letters({ receiver: null, before: null, limit: 100 }))).toEqual([9, 8, 7]);
    await spool.close();
    const again = await openSpool({ ...options, lettersCharsMax: 10_000 });
    await again.bury("x", "no", now, [large(10)]);
    expect(numbers(await again.letters({ receiver: null, before: null, limit: 100 }))).toEqual([10, 9, 8]);
    await again.close();
  });

  it("gives each receiver its own queue, in order, until it is settled, and knows it after a restart", async () => {
    const spool = await open();
    await spool.append([{ receivers: ["x", "y"], items: [point(1), point(2)] }], seen(), now);
    await spool.append([{ receivers: ["x"], items: [point(3)] }], seen(), epochMs(2_000));
    const [first] = await spool.next("x", 0, 1);
    expect(first?.items).toEqual([point(1), point(2)]);
    await spool.settle("x", first?.id ?? 0);
    expect(spool.backlog("x")).toEqual({ receiver: "x", items: 1, oldestAt: 2_000 });
    await spool.close();

    const again = await open();
    expect(again.backlogs().toSorted((a, b) => (a.receiver < b.receiver ? -1 : 1))).toEqual([
      { receiver: "x", items: 1, oldestAt: 2_000 },
      { receiver: "y", items: 2, oldestAt: 1_000 },
    ]);
    expect((await again.next("x", 0, 100)).flatMap(({ items }) => items)).toEqual([point(3)]);
    expect(await again.seen()).toEqual([seen()]);
    await again.close();
  });

  it("takes many at once in few commits, each answered for itself", async () => {
    const spool = await open();
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => spool.append([{ receivers: ["x"], items: [point(n)] }], seen(), now)),
    );
    expect(spool.backlog("x").items).toBe(500);
    await spool.close();
  });

  it("refuses what goes beyond its bound whole, and takes one that is larger than it when it is empty", async () => {
    const spool = await open(2_000);
    const large = (seq: number) => [{ receivers: ["x"], items: [point(seq, { body: { text: "x".repeat(3_000) } })] }];
    await spool.append(large(1), seen(), now);
    await expect(spool.append(large(2), seen("b2"), now)).rejects.toMatchObject({ code: "limit-exceeded" });
    expect(await spool.seen()).toEqual([seen()]);
    expect(spool.backlog("x").items).toBe(1);
    await spool.close();
  });

  it("remembers the last boots of an agent, and none of one that is forgotten", async () => {
    const spool = await open();
    for (let n = 1; n <= 6; n += 1) await spool.append([], seen(`b${n}`), epochMs(n));
    await spool.append([], seen("b1", "other"), now);
    expect((await spool.seen()).map(({ bootId }) => bootId)).toEqual(["b3", "b4", "b5", "b6", "b1"]);
    await spool.forget("a");
    expect(await spool.seen()).toEqual([seen("b1", "other")]);
    await spool.close();
  });

  it("keeps dead letters by receiver, newest first, page by page", async () => {
    const spool = await open();
    await spool.bury("x", "no", now, [point(1), point(2)]);
    await spool.bury("y", "never", now, [point(3)]);
    const page = await spool.letters({ receiver: null, before: null, limit: 2 });
    expect(page.map(({ receiver, envelope }) => [receiver, envelope.seq])).toEqual([
      ["y", 3],
      ["x", 2],
    ]);
    const rest = await spool.letters({ receiver: "x", before: page[1]?.id ?? null, limit: 2 });
    expect(rest).toMatchObject([{ receiver: "x", reason: "no", at: now, envelope: point(1) }]);
    await spool.close();
  });

  it("says of a damaged file that it is, and which", async () => {
    const file = join(directory, "spool.sqlite");
    writeFileSync(file, "this is no database, and it is long enough to be told from an empty file".repeat(20));
    await expect(open()).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining(`${file} is damaged`),
    });
  });

  it("reads no more ahead than a few megabytes, and at least one list", async () => {
    const spool = await open(100_000_000);
    const text = "x".repeat(3_000_000);
    for (let seq = 1; seq <= 4; seq += 1) {
      await spool.append([{ receivers: ["x"], items: [point(seq, { body: { text } })] }], seen(), now);
    }
    const read = await spool.next("x", 0, 500);
    expect(read.flatMap(({ items }) => items.map(({ seq }) => seq))).toEqual([1, 2]);
    await spool.close();
  });

  it("belongs to one process at a time", async () => {
    const spool = await open();
    await expect(open()).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("in use") });
    await spool.close();
  });
});
