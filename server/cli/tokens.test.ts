import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TokenRegister } from "#server/auth/ports.ts";
import { findByToken, isTokenText } from "#server/auth/token.ts";
import { openTokenRegister } from "#server/auth/token-file.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { parseExpiry } from "./expiry.ts";
import { createTokenCommands } from "./tokens.ts";

let folder = "";
let register: TokenRegister;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "worldline-cli-"));
  register = openTokenRegister(folder);
  clock = createManualClock();
});
afterEach(() => {
  register.close();
  rmSync(folder, { recursive: true, force: true });
});

const commands = (knownSources: readonly string[] | null = ["eu-1"]) => {
  let ids = 0;
  return createTokenCommands({
    register,
    clock,
    knownSources,
    createId: () => {
      ids += 1;
      return `id${ids}`;
    },
  });
};
const ANN = { name: "ann", role: "operator", sources: null, expires: "30d" };

describe("worldline token", () => {
  it("creates a token that is kept by its hash only", () => {
    const { token, record } = commands().create({ ...ANN, sources: ["eu-1"] });
    expect(isTokenText(token)).toBe(true);
    expect(JSON.stringify(register.readAll())).not.toContain(token);
    expect(findByToken(register.readAll(), token)).toEqual(record);
    expect(record).toMatchObject({ role: "operator", sources: ["eu-1"], expiresAt: clock.now() + 30 * 86_400_000 });
  });

  it.each([
    [{ role: "root" }, "--role takes viewer, operator, admin"],
    [{ name: "a b" }, "--name takes"],
    [{ name: "" }, "--name takes"],
    [{ expires: "soon" }, "--expires takes"],
    [{ sources: ["eu-9"] }, "eu-9 is not in the configuration"],
    [{ sources: [] }, "names none"],
  ])("refuses %j", (over, message) => {
    expect(() => commands().create({ ...ANN, ...over })).toThrow(message);
    expect(register.readAll()).toEqual([]);
  });

  it("lists states without any secret, and revokes by name or id, once", async () => {
    const tool = commands(null);
    const { token, record } = tool.create(ANN);
    tool.create({ ...ANN, name: "bob", expires: "1h" });
    tool.create({ ...ANN, name: "eve", expires: "never", sources: ["any"] });
    await clock.advance(3_600_000);
    expect(tool.revoke("ann").id).toBe("id1");
    expect(() => tool.revoke("ann")).toThrow("No token in force");
    expect(() => tool.revoke("bob")).toThrow("No token in force");
    const lines = tool.list().split("\n");
    expect(lines[1]).toMatch(/^id1 +ann +operator +all .* revoked 2/);
    expect(lines[2]).toMatch(/ expired$/);
    expect(lines[3]).toMatch(/any .* never +in force$/);
    expect(tool.list()).not.toContain(record.hash);
    expect(tool.list()).not.toContain(token);
    expect(tool.revoke("id3").name).toBe("eve");
  });
});

describe("an expiry", () => {
  const now = epochMs(Date.parse("2026-11-22T12:00:00Z"));
  it.each([
    ["never", null],
    ["12h", now + 43_200_000],
    ["2w", now + 1_209_600_000],
    ["1y", now + 31_536_000_000],
    ["2026-11-22", Date.parse("2026-11-22T23:59:59.999Z")],
    ["2027-01-01T00:00Z", Date.parse("2027-01-01T00:00:00Z")],
    ["2026-11-21", undefined],
    ["0d", undefined],
    ["30", undefined],
    ["-1d", undefined],
    ["2026-13-01", undefined],
    ["tomorrow", undefined],
  ])("%s is %s", (text, expected) => {
    expect(parseExpiry(text, now)).toBe(expected);
  });
});
