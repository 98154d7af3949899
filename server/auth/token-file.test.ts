import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { hashToken, type TokenRecord } from "./token.ts";
import { openTokenRegister, openTokenStore, TOKEN_FILE } from "./token-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "worldline-tokens-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const record = (name: string, over: Partial<TokenRecord> = {}): TokenRecord => ({
  id: `id-${name}`,
  name,
  role: "operator",
  sources: ["eu-1", "foreman"],
  createdAt: epochMs(1_000),
  expiresAt: epochMs(9_000),
  revokedAt: null,
  hash: hashToken(name),
  ...over,
});

describe("tokens at rest", () => {
  it("come back as they were written, through another handle", () => {
    const register = openTokenRegister(folder);
    register.add(record("ann"));
    register.add(record("bob", { sources: null, expiresAt: null, role: "admin" }));
    const store = openTokenStore(folder);
    expect(store.readAll()).toEqual([record("ann"), record("bob", { sources: null, expiresAt: null, role: "admin" })]);
    expect(register.revoke("id-ann", epochMs(2_000))).toBe(true);
    expect(register.revoke("id-ann", epochMs(3_000))).toBe(false);
    expect(store.readAll()[0]?.revokedAt).toBe(2_000);
    register.close();
  });

  it("are for their owner alone, and are no text of a token", async () => {
    const register = openTokenRegister(folder);
    register.add(record("ann"));
    register.close();
    expect((await stat(path.join(folder, TOKEN_FILE))).mode & 0o777).toBe(0o600);
  });

  it("tell each change by their version, also two within one tick of the file system's clock", async () => {
    const register = openTokenRegister(folder);
    const store = openTokenStore(folder);
    const versions: string[] = [await store.version()];
    for (const name of ["a", "b", "c", "d"]) {
      register.add(record(name));
      versions.push(await store.version());
    }
    expect(new Set(versions).size).toBe(versions.length);
    expect(await store.version()).toBe(versions.at(-1));
    register.close();
  });

  it("are none where there is no file, and none again once it is removed", async () => {
    const store = openTokenStore(folder);
    expect(store.readAll()).toEqual([]);
    expect(await store.version()).toBe("none");
    const register = openTokenRegister(folder);
    register.add(record("ann"));
    register.close();
    await rm(path.join(folder, TOKEN_FILE));
    expect(await store.version()).toBe("none");
    expect(store.readAll()).toEqual([]);
  });

  it("have one name each while in force", () => {
    const register = openTokenRegister(folder);
    register.add(record("ann"));
    expect(() => register.add(record("ann", { id: "2", hash: hashToken("2") }))).toThrow("revoke it first");
    register.revoke("id-ann", epochMs(1_500));
    register.add(record("ann", { id: "3", hash: hashToken("3") }));
    expect(register.readAll()).toHaveLength(2);
    register.close();
  });

  it("can be written by two command lines, one after the other, while a reader looks", () => {
    const first = openTokenRegister(folder);
    const second = openTokenRegister(folder);
    const store = openTokenStore(folder);
    for (let index = 0; index < 20; index += 1) {
      (index % 2 === 0 ? first : second).add(record(`t${index}`));
      expect(store.readAll()).toHaveLength(index + 1);
    }
    first.close();
    second.close();
  });

  it("say so when they cannot be read, rather than being none", async () => {
    const register = openTokenRegister(folder);
    register.add(record("ann"));
    register.close();
    const file = path.join(folder, TOKEN_FILE);
    const { writeFile } = await import("node:fs/promises");
    await writeFile(file, "this is no database, and long enough to be looked at as one".repeat(20));
    await chmod(file, 0o600);
    expect(() => openTokenStore(folder).readAll()).toThrow();
  });
});
