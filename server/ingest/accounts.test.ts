import { describe, expect, it } from "vitest";
import { createMemoryNotes } from "#server/journal/adapters/memory/shared-notes.ts";
import type { SharedNotes } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createAccounts } from "./accounts.ts";
import type { AccountRecords, PasswordHasher } from "./ports.ts";

const clock = createSystemClock();
const hasher: PasswordHasher = {
  hash: async (text) => `h:${text}`,
  matches: async (text, hash) => hash === `h:${text}`,
};

function memoryRecords(): AccountRecords & { fail(cause: Error | null): void } {
  const spaces = new Map<string, Map<string, string>>();
  let changes = 0;
  let failure: Error | null = null;
  const spaceOf = (name: string) => {
    const found = spaces.get(name) ?? new Map<string, string>();
    spaces.set(name, found);
    return found;
  };
  return {
    version: async () => String(changes),
    list: async (name) => [...spaceOf(name)].map(([key, value]) => ({ key, value })),
    async putAll(name, entries) {
      if (failure !== null) throw failure;
      changes += 1;
      for (const { key, value } of entries) {
        if (value === null) spaceOf(name).delete(key);
        else spaceOf(name).set(key, value);
      }
    },
    close: async () => undefined,
    fail(cause) {
      failure = cause;
    },
  };
}

async function open(records: AccountRecords, notes: SharedNotes | null, owner = "a") {
  const shared = notes === null ? null : { notes, space: "ended", owner };
  const accounts = createAccounts({ records, shared, hasher, clock, log: silentLogger });
  const abort = new AbortController();
  await accounts.start(abort.signal);
  return { accounts, stop: () => abort.abort() };
}

const inAnHour = () => epochMs(clock.now() + 3_600_000);

describe("ended tokens", () => {
  it("end on every gateway of a journal, each with records of its own, and on one that starts later", async () => {
    const notes = createMemoryNotes();
    const one = await open(memoryRecords(), notes, "one");
    const other = await open(memoryRecords(), notes, "other");
    one.accounts.endToken("t1", inAnHour());
    expect(one.accounts.isEnded("t1")).toBe(true);
    await expect.poll(() => other.accounts.isEnded("t1"), { timeout: 5_000 }).toBe(true);
    const later = await open(memoryRecords(), notes, "later");
    expect(later.accounts.isEnded("t1")).toBe(true);
    for (const { stop } of [one, other, later]) stop();
  });

  it("are told to whoever has connections open", async () => {
    const notes = createMemoryNotes();
    const [one, other] = [await open(memoryRecords(), notes, "one"), await open(memoryRecords(), notes, "other")];
    const told = new Promise<void>((resolve) => other.accounts.onChange(resolve));
    one.accounts.endToken("t1", inAnHour());
    await told;
    for (const { stop } of [one, other]) stop();
  });

  it("stay ended here while they cannot be written, and are written when that is possible again", async () => {
    const records = memoryRecords();
    const { accounts, stop } = await open(records, null);
    records.fail(new Error("the disk is full"));
    accounts.endToken("t1", inAnHour());
    await expect(accounts.settled()).rejects.toThrow("the disk is full");
    expect(accounts.isEnded("t1")).toBe(true);
    records.fail(null);
    await accounts.settled();
    expect(await records.list("ended-tokens")).toEqual([{ key: "t1", value: expect.any(String) }]);
    stop();
  });

  it("are forgotten once they would have expired, and only those", async () => {
    const records = memoryRecords();
    const { accounts, stop } = await open(records, null);
    for (const id of ["t1", "t2", "t3"]) accounts.endToken(id, epochMs(clock.now() - 1));
    accounts.endToken("t4", inAnHour());
    await accounts.settled();
    expect(await accounts.purge()).toBe(3);
    expect(["t1", "t4"].map((id) => accounts.isEnded(id))).toEqual([false, true]);
    expect((await records.list("ended-tokens")).map(({ key }) => key)).toEqual(["t4"]);
    stop();
  });
});

it("two of one name are refused, and so are short passwords and odd names", async () => {
  const { accounts, stop } = await open(memoryRecords(), null);
  const add = (name: string, password = "long enough") =>
    accounts.add({ name, password, scope: { agents: ["*"], types: [] } });
  await add("ann");
  await expect(add("ann")).rejects.toMatchObject({ code: "conflict" });
  await expect(add("bob", "short")).rejects.toMatchObject({ code: "invalid-input" });
  await expect(add("bootstrap:x")).rejects.toMatchObject({ code: "invalid-input" });
  expect(JSON.stringify(accounts.users())).not.toContain('"long enough"');
  stop();
});
