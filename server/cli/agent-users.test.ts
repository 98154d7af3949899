import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openAgentRegister } from "#server/compose-accounts.ts";
import { createAccounts } from "#server/ingest/accounts.ts";
import { openRecordsFile } from "#server/ingest/adapters/accounts/records-file.ts";
import { createPasswordHasher } from "#server/ingest/adapters/accounts/scrypt.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createAgentCommands } from "./agent-users.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "agent-users-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = async () => {
  const register = await openAgentRegister(folder);
  const clock = createSystemClock();
  return { register, commands: createAgentCommands({ register, clock, newPassword: () => "made for the test" }) };
};

it("users are added, listed and removed beside a running console, which sees it within a second", async () => {
  const records = openRecordsFile(folder);
  const accounts = createAccounts({
    ...{ records, shared: null, hasher: createPasswordHasher(), clock: createSystemClock(), log: silentLogger },
  });
  const abort = new AbortController();
  await accounts.start(abort.signal);
  const { register, commands } = await open();
  expect(commands.list()).toContain("There are no users");
  expect(await commands.add({ name: "fleet", agents: "host-*, web-1", types: undefined })).toBe("made for the test");
  expect(commands.list()).toMatch(/fleet {2}host-\*,web-1 {2}all .*active/);
  await expect.poll(() => accounts.user("fleet")?.scope.agents, { timeout: 5_000 }).toEqual(["host-*", "web-1"]);
  await commands.remove("fleet");
  await expect.poll(() => accounts.user("fleet"), { timeout: 5_000 }).toBe(null);
  await expect(commands.remove("fleet")).rejects.toThrow("No user of agents is called fleet");
  await register.close();
  abort.abort();
  await records.close();
});

it("a token is ended by itself or by its id", async () => {
  const { register, commands } = await open();
  const token = `x.${Buffer.from('{"jti":"01KAAAAAAAAAAAAAAAAAAAAAAA"}').toString("base64url")}.y`;
  expect(await commands.revoke(token)).toBe("01KAAAAAAAAAAAAAAAAAAAAAAA");
  expect(await commands.revoke("01KBBBBBBBBBBBBBBBBBBBBBBB")).toBe("01KBBBBBBBBBBBBBBBBBBBBBBB");
  await expect(commands.revoke("no token")).rejects.toThrow("neither a session token");
  await register.close();
  const records = openRecordsFile(folder);
  expect((await records.list("ended-tokens")).map(({ key }) => key)).toEqual([
    "01KAAAAAAAAAAAAAAAAAAAAAAA",
    "01KBBBBBBBBBBBBBBBBBBBBBBB",
  ]);
  await records.close();
});

it("what cannot be an agent or a type is refused", async () => {
  const { register, commands } = await open();
  await expect(commands.add({ name: "u", agents: "a*b", types: undefined })).rejects.toThrow("--agents: a*b");
  await expect(commands.add({ name: "u", agents: "a", types: "A B" })).rejects.toThrow("--types: A B");
  await expect(commands.add({ name: "u u", agents: "a", types: undefined })).rejects.toThrow("A name takes");
  await expect(commands.add({ name: "u", agents: " ", types: undefined })).rejects.toThrow("names none");
  await register.close();
});
