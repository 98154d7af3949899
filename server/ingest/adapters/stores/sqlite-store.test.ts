import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricStoreContract, NOON, point } from "#server/ingest/metric-store.contract.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { DAY_MS } from "./days.ts";
import { openSqliteStore } from "./sqlite-store.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "points-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (fileBytesMax: number | null = null) =>
  openSqliteStore({ file: join(directory, "points.sqlite"), ttlDays: 2, fileBytesMax, log: silentLogger });
const signal = new AbortController().signal;
const all = { agentId: "a", type: "system_metrics", kind: null, from: epochMs(0), to: epochMs(NOON + DAY_MS) };

describe("the table of points in SQLite", () => {
  metricStoreContract(() => open());

  it("drops what is older than it is to keep", async () => {
    const store = await open();
    await store.write([point(1), point(2, { receivedAt: epochMs(NOON - 3 * DAY_MS) })], signal);
    expect(await store.expire(NOON)).toBe(false);
    expect((await store.read({ ...all, limit: 10 })).map(({ seq }) => seq)).toEqual([1]);
    await store.close();
  });

  it("keeps what an agent without a clock has just sent, and drops in time what one sent from the year 9999", async () => {
    const store = await open();
    const longAgo = epochMs(NOON - 3 * DAY_MS);
    const end = epochMs(253_402_300_799_000);
    await store.write([point(1, { at: epochMs(60_000) }), point(2, { at: end, receivedAt: longAgo })], signal);
    await store.expire(NOON);
    expect((await store.read({ ...all, to: end, limit: 10 })).map(({ seq }) => seq)).toEqual([1]);
    await store.close();
  });

  it("says that it is in use when another has the file, and can be opened when that one is gone", async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("in use") });
    await store.close();
    await (await open()).close();
  });

  it("rejects what does not fit on a full disk, whole, and goes on with what does", async () => {
    const store = await open(64 * 1024);
    const large = Array.from({ length: 20 }, (_, n) => point(n + 10, { body: { text: "x".repeat(8_000) } }));
    await expect(store.write(large, signal)).rejects.toMatchObject({ code: "upstream-unavailable" });
    await store.write([point(1)], signal);
    expect((await store.read({ ...all, limit: 100 })).map(({ seq }) => seq)).toEqual([1]);
    await store.close();
  });
});
