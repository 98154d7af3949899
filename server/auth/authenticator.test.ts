import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { StateStore } from "#server/journal/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import {
  type Authenticator,
  createLocalAuthenticator,
  createTokenAuthenticator,
  type StreamOwner,
} from "./authenticator.ts";
import { createEndedSessions } from "./ended-sessions.ts";
import { createLoginLimit, FAILURES_PER_ADDRESS, limitKey } from "./login-limit.ts";
import type { Principal } from "./permissions.ts";
import { createSessionCookies, SESSION_LIFETIME_MS } from "./session-cookie.ts";
import { formatToken } from "./token.ts";

const TOKEN = formatToken(new Uint8Array(32).fill(9));
const ANN: Principal = { id: "ann", role: "operator", kind: "token", sources: null, tokenId: "t1" };

function memoryState(): Pick<StateStore, "list" | "putAll"> & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    list: async (namespace) =>
      [...kept]
        .filter(([key]) => key.startsWith(`${namespace}/`))
        .map(([key, value]) => ({ key: key.slice(namespace.length + 1), value })),
    async putAll(namespace, entries) {
      for (const { key, value } of entries) {
        if (value === null) kept.delete(`${namespace}/${key}`);
        else kept.set(`${namespace}/${key}`, value);
      }
    },
  };
}

let clock: ManualClock;
let state: ReturnType<typeof memoryState>;
let inForce = true;
let expiresAt: EpochMs | null = null;
let journalled: string[] = [];
let journalBroken = false;
let endedStreams: ((owner: StreamOwner) => boolean)[] = [];
const password = randomBytes(32).toString("base64url");

async function open(): Promise<Authenticator> {
  let ids = 0;
  return createTokenAuthenticator({
    book: {
      byToken: (token) => (inForce && token === TOKEN ? { principal: ANN, expiresAt } : null),
      byId: (id) => (inForce && id === "t1" ? { principal: ANN, expiresAt } : null),
      start: () => Promise.resolve(),
    },
    cookies: createSessionCookies({ password, secure: true, clock }),
    ended: await createEndedSessions({ state, clock }),
    limit: createLoginLimit(),
    operations: {
      request: async ({ facts }) => {
        if (journalBroken) throw new OpsError("journal-unavailable", "disk full");
        journalled.push(`requested ${facts.action}`);
      },
      settle: async ({ facts }, phase) => {
        journalled.push(`${phase} ${facts.action}`);
      },
    },
    endStreams: (match) => endedStreams.push(match),
    clock,
    log: silentLogger,
    createId: () => {
      ids += 1;
      return `s${ids}`;
    },
  });
}

const cookieOf = (setCookie: string) => setCookie.split(";")[0] ?? "";
const byCookie = (cookie: string) => ({ authorization: undefined, cookie });
const byBearer = (token: string, cookie?: string) => ({ authorization: `Bearer ${token}`, cookie });

beforeEach(() => {
  clock = createManualClock();
  state = memoryState();
  inForce = true;
  expiresAt = null;
  journalled = [];
  journalBroken = false;
  endedStreams = [];
});

describe("a token exchanged for a cookie", () => {
  it("lets its holder in by the cookie, which no script, no other site and no plain http can carry", async () => {
    const auth = await open();
    const { setCookie } = await auth.login(TOKEN, "10.0.0.1");
    expect(setCookie).toMatch(/^__Host-worldline=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
    expect(setCookie).not.toContain(TOKEN);
    const visitor = await auth.visitorOf(byCookie(cookieOf(setCookie)));
    expect(visitor).toMatchObject({ principal: ANN, door: "cookie" });
    expect(journalled).toEqual(["requested session.login", "executed session.login"]);
  });

  it("survives a restart of the console", async () => {
    const { setCookie } = await (await open()).login(TOKEN, "a");
    expect((await (await open()).visitorOf(byCookie(cookieOf(setCookie)))).principal).toEqual(ANN);
  });

  it("ends with the cookie or with the token, whichever is first: streams end then too", async () => {
    const auth = await open();
    const { setCookie } = await auth.login(TOKEN, "a");
    const endOf = async () => (await auth.visitorOf(byCookie(cookieOf(setCookie)))).expiresAt;
    expect(await endOf()).toBe(clock.now() + SESSION_LIFETIME_MS);
    expiresAt = epochMs(clock.now() + 60_000);
    expect(await endOf()).toBe(expiresAt);
  });

  it("is worth nothing once the token is revoked", async () => {
    const auth = await open();
    const { setCookie } = await auth.login(TOKEN, "a");
    inForce = false;
    expect((await auth.visitorOf(byCookie(cookieOf(setCookie)))).principal).toBeNull();
  });

  it("is worth nothing after logout, also as a copy and after a restart; its streams end", async () => {
    const auth = await open();
    const { setCookie } = await auth.login(TOKEN, "a");
    const cookie = cookieOf(setCookie);
    const visitor = await auth.visitorOf(byCookie(cookie));
    const cleared = await auth.logout(visitor, "a");
    expect(cleared.setCookie).toContain("Max-Age=0");
    expect((await auth.visitorOf(byCookie(cookie))).principal).toBeNull();
    expect((await (await open()).visitorOf(byCookie(cookie))).principal).toBeNull();
    const [match] = endedStreams;
    expect(match?.({ tokenId: "t1", sessionId: visitor.sessionId })).toBe(true);
    expect(match?.({ tokenId: "t1", sessionId: "another" })).toBe(false);
  });

  it("ends by itself after its lifetime, and a logged-out session is then forgotten", async () => {
    const auth = await open();
    const { setCookie } = await auth.login(TOKEN, "a");
    await auth.logout(await auth.visitorOf(byCookie(cookieOf(setCookie))), "a");
    const other = await auth.login(TOKEN, "a");
    await clock.advance(SESSION_LIFETIME_MS - 1);
    expect((await auth.visitorOf(byCookie(cookieOf(other.setCookie)))).principal).toEqual(ANN);
    await clock.advance(1);
    expect((await auth.visitorOf(byCookie(cookieOf(other.setCookie)))).principal).toBeNull();
    const third = await auth.login(TOKEN, "a");
    await auth.logout(await auth.visitorOf(byCookie(cookieOf(third.setCookie))), "a");
    expect(state.kept.size).toBe(1);
  });

  it("does not open for a cookie that was changed, sealed with another key, cut, doubled or made up", async () => {
    const auth = await open();
    const { setCookie } = await auth.login(TOKEN, "a");
    const cookie = cookieOf(setCookie);
    const foreign = createSessionCookies({ password: randomBytes(32).toString("base64url"), secure: true, clock });
    const forged = await foreign.seal({ id: "s1", tokenId: "t1", issuedAt: clock.now() });
    const future = createSessionCookies({ password, secure: true, clock });
    const early = await future.seal({ id: "s9", tokenId: "t1", issuedAt: epochMs(clock.now() + 60_000) });
    for (const text of [
      `${cookie.slice(0, -3)}AAA`,
      cookieOf(forged),
      cookieOf(early),
      cookie.slice(0, 60),
      `${cookie}; ${cookie}`,
      "__Host-worldline=",
      `__Host-worldline=${"x".repeat(100_000)}`,
      "__Host-worldline=__proto__",
      "",
    ]) {
      expect((await auth.visitorOf(byCookie(text))).principal).toBeNull();
    }
  });

  it("is possible while the journal cannot be written: that is when people have to look", async () => {
    journalBroken = true;
    const { principal } = await (await open()).login(TOKEN, "a");
    expect(principal).toEqual(ANN);
    expect(journalled).toEqual([]);
  });
});

describe("a bearer token", () => {
  it("lets its holder in with each request", async () => {
    const auth = await open();
    expect(await auth.visitorOf(byBearer(TOKEN))).toEqual({
      principal: ANN,
      door: "bearer",
      sessionId: null,
      expiresAt: null,
    });
  });

  it("that is bad is not mended by a good cookie beside it", async () => {
    const auth = await open();
    const { setCookie } = await auth.login(TOKEN, "a");
    const other = formatToken(new Uint8Array(32));
    expect((await auth.visitorOf(byBearer(other, cookieOf(setCookie)))).principal).toBeNull();
    const basic = { authorization: `Basic ${TOKEN}`, cookie: cookieOf(setCookie) };
    expect((await auth.visitorOf(basic)).principal).toBeNull();
  });
});

describe("failed logins", () => {
  it("are limited for each address, without hindering another, and good ones do not count", async () => {
    const auth = await open();
    const fail = (address: string) => auth.login("wl_wrong", address).catch((error: OpsError) => error.code);
    for (let index = 0; index < FAILURES_PER_ADDRESS + 5; index += 1) await auth.login(TOKEN, "10.0.0.1");
    for (let index = 0; index < FAILURES_PER_ADDRESS; index += 1) {
      expect(await fail("10.0.0.1")).toBe("not-authenticated");
    }
    expect(await fail("10.0.0.1")).toBe("limit-exceeded");
    await expect(auth.login(TOKEN, "10.0.0.1")).rejects.toMatchObject({ code: "limit-exceeded" });
    expect((await auth.login(TOKEN, "10.0.0.2")).principal).toEqual(ANN);
  });

  it("are limited when sent all at once too", async () => {
    const auth = await open();
    const codes = await Promise.all(
      Array.from({ length: 40 }, () => auth.login("wl_wrong", "10.0.0.9").catch((error: OpsError) => error.code)),
    );
    expect(codes.filter((code) => code === "not-authenticated")).toHaveLength(FAILURES_PER_ADDRESS);
  });

  it.each([
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["10.0.0.1", "10.0.0.1"],
    ["unknown", "unknown"],
  ])("of %s count for %s", (address, key) => {
    expect(limitKey(address)).toBe(key);
  });
});

describe("without auth", () => {
  it("everyone on the loopback interface is the administrator, and there is nothing to log in to", async () => {
    const auth = createLocalAuthenticator();
    const visitor = await auth.visitorOf({ authorization: undefined, cookie: undefined });
    expect(visitor).toMatchObject({ door: "local", principal: { role: "admin", kind: "local" } });
    await expect(auth.login(TOKEN, "127.0.0.1")).rejects.toMatchObject({ code: "refused" });
  });
});
