/**
 * The 25 cases of POA netstats (`poa-netstats-warehouse@1c7f79d7 test/`, `poa-netstats-agent@e405b862 test/`), as far as
 * they are about a server:
 *
 * - 1 to 7 and 18 to 22: here, each in JSON and in MessagePack.
 * - 8 (monitors), 9 (lists and singles reach a receiver), 10 (subscriptions from the configuration), 12 (a late viewer gets
 *   the last values), 15 to 17 (rows of statistics and blocks): what the doors owe them is here (every ping is a sign of
 *   life, every message goes in with its type and kind); the rest is shown where agents are judged, routes made, the live
 *   view kept and tables written (`agent-monitor.test.ts`, `pipeline` and `adapters/stores` tests).
 * - 11, 13, 14 (the dashboard's own WebSocket server) do not apply: browsers get live data from the console's feed, whose
 *   login and masks have their own tests.
 * - 23 to 25 are about agents: `server/agent/*.test.ts` for the agent of this project; that an answer of 401, 415 or a
 *   refused connection is what an older agent expects is shown here.
 */
import { encode } from "@msgpack/msgpack";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTokenMint } from "#server/ingest/adapters/accounts/jwt.ts";
import { basic, KEY, openTestGate, type Reply, type TestGate } from "./gate.test-kit.ts";

const ADMIN = basic("root", "admin password");
const USER_PASSWORD = "user password";
let gate: TestGate;

const openOlder = (): Promise<TestGate> => {
  let made = 0;
  return openTestGate({
    poa: ({ accounts, desk, clock }) => ({
      desk: desk("poa", 3_600_000),
      mint: createTokenMint(KEY, clock),
      accounts,
      admins: [{ name: "root", secret: { reveal: () => "admin password" } }],
      same: (one, other) => one === other,
      newName: () => `made-${made++}`,
      newPassword: () => "fifteen letters",
    }),
  });
};

beforeAll(async () => {
  gate = await openOlder();
  await gate.accounts.add({ name: "node", password: USER_PASSWORD, scope: { agents: ["*"], types: [] } });
});
afterAll(async () => {
  await gate.close();
});
beforeEach(() => {
  gate.pipe.batches.length = 0;
  gate.life.signs.length = 0;
  gate.life.byes.length = 0;
  gate.pipe.answerWith(({ items }) => {
    const known = items.filter(({ type }) => KNOWN.includes(type));
    const rejected = items.filter(({ type }) => !KNOWN.includes(type));
    return {
      kind: "taken",
      ...{ accepted: known.length, duplicates: 0, credit: 9 },
      rejected: rejected.map(({ seq }) => ({ seq, code: "unknown-type" as const, path: "type" })),
    };
  });
});

const KNOWN = ["ethereum_metrics", "networking_metrics", "system_metrics"];
/** Frames as the agent of 2018 makes them. */
const PING = { id: "agentID" };
const LATENCY = { id: "agentID", type: "networking_metrics", data: { type: "latency", body: { latency: 17 } } };
const BLOCK = {
  id: "agentID",
  type: "ethereum_metrics",
  data: { type: "block", body: { number: 4_511_000, hash: "0xab", gasUsed: 21_000, transactions: [], uncles: [] } },
};
const STATISTICS = {
  id: "agentID",
  type: "ethereum_metrics",
  data: {
    type: "statistics",
    body: {
      ...{ active: true, mining: false, hashrate: 0, peers: 3, gasPrice: 0, uptime: 100 },
      syncing: { currentBlock: "0x44ee0", highestBlock: "0x44ee2", startingBlock: "0x40ad3" },
    },
  },
};

describe.each(["json", "msgpack"] as const)("the protocol of 2018, in %s", (format) => {
  const type = `application/${format}`;
  const toBytes = (value: unknown) =>
    format === "json" ? Buffer.from(JSON.stringify(value)) : Buffer.from(encode(value));

  const post = (
    path: string,
    body: unknown,
    authorization?: string,
    more: Record<string, string> = {},
  ): Promise<Reply> =>
    gate.call({
      path,
      headers: { "content-type": type, ...(authorization === undefined ? {} : { authorization }), ...more },
      body: toBytes(body),
    });

  const bearer = async (user = "node", password = USER_PASSWORD): Promise<string> =>
    `Bearer ${(await post("/session", { "agent-id": "agentID" }, basic(user, password))).json.token}`;

  it("1: ping, data and bye with a valid token are 200 success", async () => {
    const token = await bearer();
    for (const [path, body] of [
      ["/poa/ping", PING],
      ["/poa/data", LATENCY],
      ["/poa/data", BLOCK],
      ["/poa/data", STATISTICS],
      ["/poa/bye", PING],
    ] as const) {
      const reply = await post(path, body, token);
      expect([path, reply.status, reply.json]).toEqual([path, 200, { result: "success" }]);
      expect(reply.headers["content-type"]).toContain("application/json");
    }
  });

  it("2: any of them without content type, with another one, or with a charset is 415", async () => {
    const token = await bearer();
    for (const path of ["/poa/ping", "/poa/data", "/poa/bye", "/session"]) {
      const none = await gate.call({ path, headers: { authorization: token }, body: toBytes(PING) });
      const other = await post(path, PING, token, { "content-type": "text/plain" });
      const charset = await post(path, PING, token, { "content-type": `${type}; charset=utf-8` });
      expect([none.status, other.status, charset.status]).toEqual([415, 415, 415]);
    }
  });

  it("3: without id they are 422, before anybody looks at the token", async () => {
    for (const path of ["/poa/ping", "/poa/data", "/poa/bye"]) {
      expect((await post(path, {}, await bearer())).status).toBe(422);
      expect((await post(path, {})).status).toBe(422);
    }
  });

  it("4: a wrong token and none are 401 with nothing in it", async () => {
    for (const path of ["/poa/ping", "/poa/data", "/poa/bye"]) {
      for (const authorization of ["Bearer x.y.z", undefined]) {
        const reply = await post(path, LATENCY, authorization);
        expect([reply.status, reply.text]).toEqual([401, ""]);
      }
    }
  });

  it("5: a token that has expired is 401 token_expired", async () => {
    const token = await bearer();
    gate.clock.shift(3_602_000);
    const reply = await post("/poa/ping", PING, token);
    expect([reply.status, reply.json]).toEqual([401, { error: "token_expired" }]);
  });

  it("6: data without data, with a text for it, without a type, or of a type that is not configured is 422", async () => {
    const token = await bearer();
    const { data: _, ...without } = LATENCY;
    for (const body of [
      without,
      { ...LATENCY, data: "" },
      { ...LATENCY, type: undefined },
      { ...LATENCY, type: "other" },
    ]) {
      expect((await post("/poa/data", JSON.parse(JSON.stringify(body)), token)).status).toBe(422);
    }
  });

  it("7: an unknown path with a valid token is 404, and 401 without", async () => {
    expect((await post("/poa/other", PING, await bearer())).status).toBe(404);
    expect((await post("/poa/other", PING)).status).toBe(401);
  });

  it("8 to 10, 12, 13, 15 to 17: each message goes in with its type, kind, body and number, each call is a sign of life", async () => {
    const token = await bearer();
    for (const body of [LATENCY, BLOCK, STATISTICS]) await post("/poa/data", body, token);
    expect(
      gate.pipe.batches.map(({ agentId, door, items }) => [agentId, door, ...items.map((one) => [one.type, one.kind])]),
    ).toEqual([
      ["agentID", "poa", ["networking_metrics", "latency"]],
      ["agentID", "poa", ["ethereum_metrics", "block"]],
      ["agentID", "poa", ["ethereum_metrics", "statistics"]],
    ]);
    const seqs = gate.pipe.batches.map(({ items }) => items[0]?.seq ?? 0);
    expect(seqs).toEqual([seqs[0], (seqs[0] ?? 0) + 1, (seqs[0] ?? 0) + 2]);
    expect(new Set(gate.pipe.batches.map(({ bootId }) => bootId)).size).toBe(1);
    expect(gate.pipe.batches[2]?.items[0]?.body).toEqual(STATISTICS.data.body);
    expect(gate.life.signs.map(({ agentId }) => agentId)).toEqual(["agentID", "agentID", "agentID"]);
  });

  it("18: a session is a token that is valid; a wrong password and an unknown user are 401", async () => {
    const good = await post("/session", { "agent-id": "agentID" }, basic("node", USER_PASSWORD));
    expect(good.status).toBe(200);
    expect((await post("/poa/ping", PING, `Bearer ${good.json.token}`)).status).toBe(200);
    expect((await post("/session", {}, basic("node", "wrong password"))).status).toBe(401);
    expect((await post("/session", {}, basic("nobody", USER_PASSWORD))).status).toBe(401);
  });

  it("19: users are made with nothing, a name, a name and a password; 409 for one that exists; 401 for a wrong admin", async () => {
    const nothing = await post("/user", {}, ADMIN);
    expect([nothing.status, nothing.json.password]).toEqual([200, "fifteen letters"]);
    const name = await post("/user", { "user-name": `n-${format}` }, ADMIN);
    expect([name.status, name.json["user-name"]]).toEqual([200, `n-${format}`]);
    const both = await post("/user", { "user-name": `b-${format}`, password: "long enough" }, ADMIN);
    expect([both.status, both.json]).toEqual([200, { "user-name": `b-${format}`, password: "long enough" }]);
    expect((await post("/user", { "user-name": `b-${format}` }, ADMIN)).status).toBe(409);
    expect((await post("/user", {}, basic("root", "wrong"))).status).toBe(401);
    expect((await post("/user", { password: "short" }, ADMIN)).status).toBe(422);
  });

  it("20: users are listed, deleted, put to rest and woken; 404 for unknown ones, 422 for what is no flag", async () => {
    const user = `u-${format}`;
    await post("/user", { "user-name": user, password: USER_PASSWORD }, ADMIN);
    const admin = (method: string, path: string, body?: unknown) =>
      gate.call({
        ...{ method, path, headers: { authorization: ADMIN, "content-type": type } },
        ...(body === undefined ? {} : { body: toBytes(body) }),
      });
    const listed = await admin("GET", "/user");
    expect(listed.json).toContainEqual({ user, active: true, created_at: expect.any(String) });
    expect((await admin("PATCH", `/user/${user}`, { active: false })).status).toBe(204);
    expect((await post("/session", {}, basic(user, USER_PASSWORD))).status).toBe(401);
    expect((await admin("PATCH", `/user/${user}`, { active: "no" })).status).toBe(422);
    expect((await admin("PATCH", "/user/unknown", { active: true })).status).toBe(404);
    expect((await admin("DELETE", `/user/${user}`)).status).toBe(204);
    expect((await admin("DELETE", `/user/${user}`)).status).toBe(404);
    for (const [method, path] of [
      ["GET", "/user"],
      ["DELETE", "/user/node"],
    ] as const) {
      const wrong = await gate.call({ method, path, headers: { authorization: basic("root", "wrong") } });
      expect(wrong.status).toBe(401);
    }
  });

  it("21: a user who is banned has no valid token any more, and is inactive; 404 for an unknown one and for none", async () => {
    const user = `banned-${format}`;
    await post("/user", { "user-name": user, password: USER_PASSWORD }, ADMIN);
    const token = await bearer(user);
    expect((await post("/poa/ping", PING, token)).status).toBe(200);
    expect((await post("/blacklist/user", { user }, ADMIN)).status).toBe(200);
    expect((await post("/poa/ping", PING, token)).status).toBe(401);
    expect(gate.accounts.user(user)?.active).toBe(false);
    expect((await post("/blacklist/user", { user: "unknown" }, ADMIN)).status).toBe(404);
    expect((await post("/blacklist/user", {}, ADMIN)).status).toBe(404);
    expect((await post("/blacklist/user", { user }, basic("root", "wrong"))).status).toBe(401);
  });

  it("22: a token that is banned is invalid; banned again it exists already; garbage is 404; only expired bans are purged", async () => {
    const tokens = [await bearer(), await bearer(), await bearer()];
    const ban = (authorization: string) =>
      post("/blacklist/token", { token: authorization.replace("Bearer ", "") }, ADMIN);
    for (const token of tokens) expect((await ban(token)).status).toBe(200);
    expect((await post("/poa/ping", PING, tokens[0])).status).toBe(401);
    expect([(await ban(tokens[0] ?? "")).status, (await ban("garbage")).status]).toEqual([409, 404]);
    await gate.accounts.settled();
    gate.clock.shift(3_602_000);
    const fresh = await bearer();
    await ban(fresh);
    await gate.accounts.settled();
    await gate.accounts.purge();
    expect(await gate.accounts.purge()).toBe(0);
    expect((await post("/poa/ping", PING, fresh)).status).toBe(401);
    expect((await ban(fresh)).status).toBe(409);
  });

  it("flaw 1 is gone: a token is for the agent that it was asked for: 403 for another", async () => {
    const token = await bearer();
    expect((await post("/poa/data", { ...LATENCY, id: "another" }, token)).status).toBe(403);
    expect([gate.pipe.batches, gate.life.signs]).toEqual([[], []]);
  });

  it("flaw 2 is gone: a type that was never seen is 422, not a failure", async () => {
    expect((await post("/poa/data", { ...LATENCY, type: "never_seen_by_anybody" }, await bearer())).status).toBe(422);
  });

  it("flaw 5 is gone: bye is a leave, and whoever comes again begins a new boot", async () => {
    const token = await bearer();
    await post("/poa/data", LATENCY, token);
    await post("/poa/bye", PING, token);
    expect(gate.life.byes).toMatchObject([{ sign: { agentId: "agentID", door: "poa" } }]);
    await post("/poa/data", LATENCY, token);
    const [before, after] = gate.pipe.batches;
    expect(after?.bootId).not.toBe(before?.bootId);
    expect(after?.items[0]?.seq).toBe(1);
  });

  it("flaw 6 is gone: what does not fit is not answered with success, and its number is given again", async () => {
    const token = await bearer();
    await post("/poa/data", LATENCY, token);
    gate.pipe.answerWith(() => ({ kind: "full", retryAfterMs: 900 }));
    const full = await post("/poa/data", LATENCY, token);
    expect([full.status, full.headers["retry-after"]]).toEqual([429, "1"]);
    const taken = { kind: "taken", accepted: 1, duplicates: 0, rejected: [], credit: 1 } as const;
    gate.pipe.answerWith(() => taken);
    await post("/poa/data", LATENCY, token);
    gate.pipe.answerWith(() => ({ kind: "unavailable", reason: "no journal" }));
    expect((await post("/poa/data", LATENCY, token)).status).toBe(503);
    gate.pipe.answerWith(() => taken);
    await post("/poa/data", LATENCY, token);
    const [first = 0, ...others] = gate.pipe.batches.map(({ items }) => items[0]?.seq ?? 0);
    // Of what was not answered nobody knows whether it is on disk: its number is not for another one.
    expect(others).toEqual([first + 1, first + 3]);
  });

  it("flaw 8 is gone: every message has the time at which it was received", async () => {
    const before = gate.clock.now();
    await post("/poa/data", LATENCY, await bearer());
    expect(gate.pipe.batches[0]?.receivedAt).toBeGreaterThanOrEqual(before);
  });

  it("a token of these doors opens no others, and the other way round", async () => {
    const token = await bearer();
    const reply = await post("/ingest/v1/ping", { agent_id: "agentID", boot_id: "b" }, token);
    expect(reply.status).toBe(401);
    const other = await post("/ingest/v1/session", { agent_id: "agentID" }, basic("node", USER_PASSWORD));
    expect((await post("/poa/ping", PING, `Bearer ${other.json.token}`)).status).toBe(401);
  });

  it("holds little of who has no token in memory, and tells whose token has expired so, whatever it sends", async () => {
    const token = await bearer();
    const long = { ...LATENCY, data: { type: "latency", body: { latency: 1, of: "x".repeat(20_000) } } };
    expect((await post("/poa/data", long, token)).status).toBe(200);
    for (const path of ["/session", "/user", "/blacklist/token"])
      expect((await post(path, { token: "x".repeat(20_000) })).status).toBe(413);
    const stranger = await post("/poa/data", long);
    expect([stranger.status, stranger.text]).toEqual([401, ""]);
    // No end of it is waited for.
    const endless = { "content-type": type, "content-length": "65536" };
    const unread = await gate.call({ path: "/poa/data", headers: endless, body: "" });
    expect(unread.status).toBe(401);
    gate.clock.shift(3_602_000);
    const expired = await post("/poa/data", long, token);
    expect([expired.status, expired.json]).toEqual([401, { error: "token_expired" }]);
  });

  it("a body that is cut at any byte is 400, and takes nothing", async () => {
    const token = await bearer();
    const whole = toBytes(LATENCY);
    const headers = { "content-type": type, authorization: token };
    const statuses = await Promise.all(
      Array.from({ length: whole.length }, (_, length) =>
        gate.call({ path: "/poa/data", headers, body: whole.subarray(0, length) }).then(({ status }) => status),
      ),
    );
    expect([...new Set(statuses)]).toEqual([400]);
    expect(gate.pipe.batches).toEqual([]);
  });
});

it("wrong administrators of one address are 429 after a while, and so is the right one then", async () => {
  const guessed = await openOlder();
  try {
    const users = (password: string) =>
      guessed.call({ method: "GET", path: "/user", headers: { authorization: basic("root", password) } });
    expect((await users("admin password")).status).toBe(200);
    const statuses = [];
    for (let guess = 0; guess < 21; guess += 1) statuses.push((await users(`guess ${guess}`)).status);
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), 429]);
    expect((await users("admin password")).status).toBe(429);
  } finally {
    await guessed.close();
  }
});

it("the doors of 2018 are closed unless they are opened", async () => {
  const closed = await openTestGate();
  for (const path of ["/session", "/poa/ping", "/poa/data", "/user", "/blacklist/user"]) {
    expect((await closed.call({ path, headers: { "content-type": "application/json" }, body: "{}" })).status).toBe(404);
  }
  await closed.close();
});
