import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTokenRegister } from "#server/auth/token-file.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { startLoopTime } from "#server/kernel/own-time.test-kit.ts";
import { createFakeApp, logIn, openTestConsole, REACHED, type TestConsole } from "./console.test-kit.ts";
import { MAX_BATCH, MAX_BODY_BYTES } from "./rpc.ts";

const JSON_TYPE = { "content-type": "application/json" };

/** Sends bytes as they are and answers everything that came back until the server closed. */
function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.once("close", () => resolve(text));
    socket.once("error", reject);
    socket.setTimeout(5_000, () => reject(new Error(`the socket was left open after: ${text.slice(0, 200)}`)));
  });
}

describe("with tokens", () => {
  let server: TestConsole;
  const originOf = () => `http://127.0.0.1:${server.port}`;
  const bearer = () => ({ authorization: `Bearer ${server.tokens.admin}` });
  const post = (path: string, body: unknown, headers = {}) =>
    server.ask({ path, method: "POST", headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });
  beforeAll(async () => {
    server = await openTestConsole({ auth: "tokens" });
  });
  afterAll(() => server.stop());

  describe("requests that no browser of ours sends", () => {
    it.each([
      ["absolute form", "GET http://169.254.169.254/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400],
      ["two slashes", "GET //evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400],
      ["a climb", "GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400],
      ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
      ["an old version without Host", "GET / HTTP/1.0\r\n\r\n", 400],
      ["two Hosts", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", 400],
      ["another Host", "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421],
      ["TRACE", "TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405],
      ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400],
      ["CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 405],
      ["DELETE", "DELETE /api/trpc/session.get HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405],
      ["a made-up method", "BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400],
      [
        "an upgrade",
        "GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
        400,
      ],
      [
        "an upgrade elsewhere",
        "GET http://169.254.169.254/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        400,
      ],
      ["a large header", `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, 431],
      ["a large target", `GET /${"y".repeat(20_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, 431],
      [
        "two lengths",
        "POST /api/trpc/session.get HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
      ],
      ["no HTTP", "\u0016\u0003\u0001\u0002\u0000\r\n\r\n", 400],
    ])("%s is refused and the connection closed", async (_what, bytes, status) => {
      const answer = await sendRaw(server.port, bytes);
      expect(answer.split("\r\n", 1)[0]).toContain(String(status));
    });
  });

  describe("every answer", () => {
    it.each([
      "/",
      "/healthz",
      "/readyz",
      "/api/trpc/session.get",
      "/api/live",
      "/api/unknown",
      "/_next/static/x.js",
      "/diagram",
    ])("of %s carries its policy, a request id and no hint of what serves it", async (path) => {
      const { headers } = await server.ask({ path });
      expect(headers["content-security-policy"]).toContain("default-src");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["x-request-id"]).toMatch(/^[\w-]{12}$/);
      expect(headers["x-powered-by"]).toBeUndefined();
      expect(headers.server).toBeUndefined();
    });

    it("has a nonce of its own, which the pages are told on the request", async () => {
      const nonces = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const { headers } = await server.ask({ path: "/" });
          return /'nonce-([^']+)'/.exec(String(headers["content-security-policy"]))?.[1];
        }),
      );
      expect(new Set(nonces).size).toBe(20);
    });

    it("of a built file may be used by the sandboxed frame; no other by any other site", async () => {
      const file = await server.ask({
        path: "/_next/static/x.js",
        headers: { origin: "null", "sec-fetch-site": "cross-site" },
      });
      expect(file.status).toBe(200);
      expect(file.headers["access-control-allow-origin"]).toBe("*");
      for (const path of ["/", "/api/trpc/session.get", "/api/live", "/healthz", "/diagram"]) {
        const { headers } = await server.ask({ path });
        expect(headers["access-control-allow-origin"]).toBeUndefined();
      }
    });
  });

  describe("a cookie", () => {
    it("changes nothing without our Origin, from whichever door the request comes", async () => {
      const cookie = await logIn(server, "admin");
      const call = (headers: Record<string, string>) =>
        post(
          "/api/trpc/jobs.cancel",
          { jobId: "j", expectedState: "running", reason: "test", requestId: "01JD00000000000000000000AB" },
          { cookie, ...headers },
        );
      for (const headers of [
        {},
        { origin: "null" },
        { origin: "http://evil.example" },
        { origin: `http://localhost:${server.port}` },
        { origin: `https://127.0.0.1:${server.port}` },
        { "sec-fetch-site": "same-origin" },
        { referer: originOf() },
        { authorization: `Bearer ${server.tokens.admin}` },
      ]) {
        const answer = await call(headers);
        expect([JSON.stringify(headers), answer.status]).toEqual([JSON.stringify(headers), 403]);
        expect(answer.text).not.toContain(REACHED);
      }
      expect((await call({ origin: originOf() })).text).toContain(REACHED);
    });

    it("reads with Sec-Fetch-Site, as the shared worker's stream does", async () => {
      const cookie = await logIn(server, "viewer");
      const read = (headers: Record<string, string>) =>
        server.ask({ path: "/api/trpc/overview.get", headers: { cookie, ...headers } });
      expect((await read({ "sec-fetch-site": "same-origin" })).text).toContain(REACHED);
      expect((await read({ "sec-fetch-site": "cross-site" })).status).toBe(403);
      expect((await read({ "sec-fetch-site": "same-site" })).status).toBe(403);
      expect((await read({})).status).toBe(403);
    });

    it("is http-only, strict, and names no token", async () => {
      const answer = await post("/api/trpc/session.login", { token: server.tokens.viewer }, { origin: originOf() });
      const [cookie = ""] = answer.headers["set-cookie"] ?? [];
      expect(cookie).toMatch(/^worldline=.+; Path=\/; HttpOnly; SameSite=Strict$/);
      expect(answer.text + cookie).not.toContain(server.tokens.viewer);
    });

    it("is no way in for a page of another site that logs its victim in", async () => {
      const answer = await post(
        "/api/trpc/session.login",
        { token: server.tokens.viewer },
        { origin: "http://evil.example" },
      );
      expect(answer.status).toBe(403);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    });
  });

  describe("a body", () => {
    it("is at most 1 MB, told by its length or counted as it comes", async () => {
      const large = JSON.stringify({ token: "x".repeat(MAX_BODY_BYTES) });
      const told = await server
        .ask({
          path: "/api/trpc/session.login",
          method: "POST",
          headers: { ...JSON_TYPE, "content-length": String(large.length) },
          body: "",
        })
        .catch((error: Error) => error.message);
      expect(typeof told === "string" ? 413 : told.status).toBe(413);
      const counted = await sendRaw(
        server.port,
        `POST /api/trpc/session.login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
      );
      expect(counted.split("\r\n", 1)[0]).toContain("413");
    });

    it.each([
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/octet-stream",
      "",
    ])("of type %j is refused: only JSON, which no form can send", async (type) => {
      const answer = await server.ask({
        path: "/api/trpc/session.login",
        method: "POST",
        headers: { ...bearer(), ...(type === "" ? {} : { "content-type": type }) },
        body: JSON.stringify({ token: server.tokens.admin }),
      });
      expect(answer.status).toBe(415);
    });

    it("pollutes nothing, whatever keys are in it, and is not echoed with a stack", async () => {
      const bodies = [
        '{"token":"x","__proto__":{"polluted":1}}',
        '{"__proto__":{"token":"x","polluted":1}}',
        '{"constructor":{"prototype":{"polluted":1}},"token":"x"}',
        '{"0":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}',
        "[".repeat(50_000),
        '{"token":',
        "null",
        '"\\ud800"',
      ];
      for (const body of bodies) {
        for (const query of ["", "?batch=1"]) {
          const answer = await server.ask({
            path: `/api/trpc/session.login${query}`,
            method: "POST",
            headers: JSON_TYPE,
            body,
          });
          expect(answer.status).toBeGreaterThanOrEqual(400);
          expect(answer.text).not.toMatch(/node_modules|at Object\.|\.ts:/);
        }
      }
      for (const input of ['{"__proto__":{"polluted":1}}', '{"0":{"__proto__":{"polluted":1}}}', "%00", "{"]) {
        await server.ask({ path: `/api/trpc/dna.nodes.list?input=${encodeURIComponent(input)}`, headers: bearer() });
      }
      for (const path of ["__proto__", "constructor.name", "session.__proto__", "_def", "session.get.constructor"]) {
        expect((await server.ask({ path: `/api/trpc/${path}`, headers: bearer() })).status).toBe(404);
      }
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect((await server.ask({ path: "/healthz" })).status).toBe(200);
    });

    it.each(["/api/trpc/session.get", "/api/trpc/session.get,session.get?batch=1&input=%7B%7D", "/api/trpc/no.such"])(
      "is answered in one piece, with its length: %s",
      async (path) => {
        const { headers, text } = await server.ask({ path });
        expect(Number(headers["content-length"])).toBe(Buffer.byteLength(text));
        expect(headers["transfer-encoding"]).toBeUndefined();
        expect(headers["content-type"]).toBe("application/json");
      },
    );

    it("asks for at most so many things at once", async () => {
      const batch = (count: number) =>
        server.ask({
          path: `/api/trpc/${Array.from({ length: count }, () => "session.get").join(",")}?batch=1&input=%7B%7D`,
        });
      expect((await batch(MAX_BATCH)).status).toBe(200);
      expect((await batch(MAX_BATCH + 1)).status).toBe(400);
    });
  });

  describe("probes", () => {
    it("say that the process answers, that it is ready, and which sources do not", async () => {
      expect((await server.ask({ path: "/healthz" })).text).toBe("ok\n");
      const ready = await server.ask({ path: "/readyz" });
      expect(JSON.parse(ready.text)).toEqual({ ready: true, checks: [{ name: "journal", ready: true, note: null }] });
      const pong = await server.ask({ path: "/ping/eu-1" });
      expect([pong.status, pong.text]).toEqual([
        200,
        expect.stringMatching(/^PONG \d{13} \d{4}-\d\d-\d\dT[\d:.]+Z\n$/),
      ]);
      const down = await server.ask({ path: "/ping/eu-2" });
      expect([down.status, down.text]).toEqual([503, expect.stringMatching(/^DOWN \d{13} /)]);
      expect((await server.ask({ path: "/ping/%3Cscript%3E" })).status).toBe(404);
    });

    it("tell figures, of requests and of sources, with no label that a request could choose", async () => {
      await server.ask({ path: "/some/page/chosen-by-a-stranger" });
      const { text } = await server.ask({ path: "/metrics" });
      for (const line of [
        "worldline_journal_appends_total 7",
        "worldline_journal_writer 1",
        'worldline_source_up{source="eu-1"} 1',
        'worldline_source_up{source="eu-2"} 0',
        "worldline_live_clients",
        "worldline_loop_delay_seconds 0.06",
        'worldline_http_request_seconds_count{surface="page",status="2xx"}',
      ]) {
        expect(text).toContain(line);
      }
      expect(text).not.toContain("stranger");
    });

    it("other than health are for those who are logged in, once a proxy has handed the request on", async () => {
      for (const path of ["/readyz", "/metrics", "/ping/eu-1"]) {
        for (const forwarded of [{ "x-forwarded-for": "203.0.113.9" }, { forwarded: "for=203.0.113.9" }]) {
          expect((await server.ask({ path, headers: { ...forwarded } })).status).toBe(401);
          expect((await server.ask({ path, headers: { ...forwarded, ...bearer() } })).status).toBe(200);
        }
      }
      expect((await server.ask({ path: "/healthz", headers: { "x-forwarded-for": "203.0.113.9" } })).status).toBe(200);
    });
  });

  describe("the live feed", () => {
    it("is for those who are logged in", async () => {
      expect((await server.ask({ path: "/api/live" })).status).toBe(401);
      const wrong = { authorization: "Bearer wl_wrong" };
      expect((await server.ask({ path: "/api/live", headers: wrong })).status).toBe(401);
    });

    it("ends at once when its session is logged out, and stays for others", async () => {
      const [mine, other] = [await logIn(server, "viewer"), await logIn(server, "viewer")];
      const open = (cookie: string) => {
        const started = Promise.withResolvers<void>();
        const headers = { cookie, "sec-fetch-site": "same-origin" };
        const done = server.ask({ path: "/api/live", headers, onData: () => started.resolve() });
        return { started: started.promise, done };
      };
      const streams = [open(mine), open(other)];
      await Promise.all(streams.map((stream) => stream.started));
      await post("/api/trpc/session.logout", null, { cookie: mine, origin: originOf() });
      expect((await streams[0]?.done)?.text).toContain('"type":"ended"');
      expect(server.app.streams.size).toBe(1);
      const again = await server.ask({ path: "/api/live", headers: { cookie: mine, "sec-fetch-site": "same-origin" } });
      expect(again.status).toBe(401);
      await post("/api/trpc/session.logout", null, { cookie: other, origin: originOf() });
      await streams[1]?.done;
    });
  });
});

describe("a revoked token", () => {
  it("ends its streams and its calls within 1 s, by bearer and by cookie, and nobody else's", async () => {
    const server = await openTestConsole({ auth: "tokens" });
    try {
      const cookie = await logIn(server, "operator");
      const doors = [
        { authorization: `Bearer ${server.tokens.operator}` },
        { cookie, "sec-fetch-site": "same-origin" },
        { authorization: `Bearer ${server.tokens.viewer}` },
      ];
      const streams = doors.map((headers) => {
        const started = Promise.withResolvers<void>();
        return { done: server.ask({ path: "/api/live", headers, onData: () => started.resolve() }), started };
      });
      await Promise.all(streams.map(({ started }) => started.promise));
      const register = openTokenRegister(server.folder);
      const time = startLoopTime();
      register.revoke("id-operator", epochMs(1));
      register.close();
      const [first, second] = await Promise.all([streams[0]?.done, streams[1]?.done]);
      time.stop();
      expect(time.elapsedMs()).toBeLessThan(1_000);
      expect(first?.text).toContain('"type":"ended"');
      expect(second?.text).toContain('"type":"ended"');
      expect(server.app.streams.size).toBe(1);
      for (const headers of doors.slice(0, 2)) {
        expect((await server.ask({ path: "/api/trpc/overview.get", headers })).status).toBe(401);
      }
    } finally {
      await server.stop();
    }
  });
});

describe("guessing", () => {
  it("is answered with 429 after ten failures a minute, also in batches; others log in all the same", async () => {
    const server = await openTestConsole({ auth: "tokens", listen: ", trustedProxies: [127.0.0.1]" });
    try {
      const attempt = (token: string, from: string, count = 1) =>
        server.ask({
          path: `/api/trpc/${Array.from({ length: count }, () => "session.login").join(",")}?batch=1`,
          method: "POST",
          headers: { ...JSON_TYPE, "x-forwarded-for": from },
          body: JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [index, { token }]))),
        });
      const statuses = (await attempt("wl_no", "203.0.113.1", 20)).text.match(/"httpStatus":\d+/g) ?? [];
      expect(statuses.filter((one) => one.endsWith("401"))).toHaveLength(10);
      expect(statuses.filter((one) => one.endsWith("429"))).toHaveLength(10);
      expect((await attempt(server.tokens.viewer, "203.0.113.1")).status).toBe(429);
      expect((await attempt(server.tokens.viewer, "203.0.113.2")).status).toBe(200);
    } finally {
      await server.stop();
    }
  });
});

describe("without auth", () => {
  it("the loopback console is the administrator's, and still no other site's", async () => {
    const server = await openTestConsole({ auth: "none" });
    try {
      const read = (headers: Record<string, string>) => server.ask({ path: "/api/trpc/overview.get", headers });
      expect((await read({})).text).toContain(REACHED);
      expect((await read({ origin: "http://evil.example" })).status).toBe(403);
      expect((await read({ host: "evil.example" })).status).toBe(421);
      expect((await read({ "sec-fetch-site": "cross-site" })).status).toBe(403);
      const act = (headers: Record<string, string>) =>
        server.ask({
          path: "/api/trpc/session.logout",
          method: "POST",
          headers: { ...JSON_TYPE, ...headers },
          body: "null",
        });
      expect((await act({ origin: "null" })).status).toBe(403);
      expect((await act({ "sec-fetch-site": "cross-site" })).status).toBe(403);
      const login = await server.ask({
        path: "/api/trpc/session.login",
        method: "POST",
        headers: JSON_TYPE,
        body: '{"token":"x"}',
      });
      expect(login.text).toContain("auth.mode is none");
    } finally {
      await server.stop();
    }
  });
});

describe("starting", () => {
  it("answers probes before the pages are there, and keeps who asks for a page waiting for them", async () => {
    const built = Promise.withResolvers<void>();
    const listening = Promise.withResolvers<number>();
    const opening = openTestConsole({
      auth: "none",
      async beforePages(port) {
        listening.resolve(port);
        await built.promise;
      },
    });
    const base = `http://127.0.0.1:${await listening.promise}`;
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    const page = fetch(`${base}/plans`);
    built.resolve();
    expect(await (await page).text()).toBe("page /plans");
    await (await opening).stop();
  });
});

describe("stopping", () => {
  it("with streams open ends them and everything else well within 3 s", async () => {
    const server = await openTestConsole({ auth: "none" });
    const started = Promise.withResolvers<void>();
    const stream = server.ask({ path: "/api/live", onData: () => started.resolve() });
    await started.promise;
    const time = startLoopTime();
    expect(await server.stop()).toBe(true);
    time.stop();
    expect(time.elapsedMs()).toBeLessThan(1_500);
    expect((await stream).text).toContain("stopping");
    expect(server.app.stopped()).toBe(true);
  });

  it("does not wait for a part that hangs, and says which", async () => {
    const events: string[] = [];
    const log: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (event, fields) => void events.push(`${event} ${String(fields?.part)}`),
      child: () => log,
    };
    const app = createFakeApp(undefined, () => new Promise(() => undefined));
    const server = await openTestConsole({ auth: "none", app, log });
    const time = startLoopTime();
    expect(await server.stop()).toBe(false);
    time.stop();
    expect(time.elapsedMs()).toBeLessThan(3_000);
    expect(events).toEqual(["console.stop_late app"]);
  });

  it("lets an answer that is under way be finished", async () => {
    const app = createFakeApp();
    const slow = Promise.withResolvers<void>();
    const services = {
      ...app.services,
      session: {
        describe: async (principal: Parameters<typeof app.services.session.describe>[0]) => {
          slow.resolve();
          await new Promise((resolve) => setTimeout(resolve, 200));
          return app.services.session.describe(principal);
        },
      },
    };
    const server = await openTestConsole({ auth: "none", app: { ...app, services } });
    const answer = server.ask({ path: "/api/trpc/session.get" });
    await slow.promise;
    const stopped = server.stop();
    expect((await answer).status).toBe(200);
    expect(await stopped).toBe(true);
  });

  it("is what happens to a start that finds its port taken, said in plain words", async () => {
    const first = await openTestConsole({ auth: "none" });
    const app = createFakeApp();
    await expect(openTestConsole({ auth: "none", app, port: first.port })).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${first.port}: another program listens there`,
    );
    expect(app.stopped()).toBe(true);
    await first.stop();
  });
});
