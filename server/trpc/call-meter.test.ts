import { describe, expect, it } from "vitest";
import { createFakeApp, createFakeServices, openTestConsole } from "#server/http/console.test-kit.ts";
import { monotonicMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createCallMeter, DURATIONS_KEPT } from "./call-meter.ts";
import type { Context } from "./init.ts";
import { appRouter } from "./root.ts";

function steppedMeter() {
  let at = 0;
  const meter = createCallMeter({ monotonic: () => monotonicMs(at) });
  const took = (kind: "query" | "mutation", ms: number, ok = true) => {
    const end = meter.begin(kind);
    at += ms;
    end(ok);
  };
  return { meter, took };
}

describe("the meter of calls", () => {
  it("knows no duration before the first answer, also while one is awaited", () => {
    const { meter } = steppedMeter();
    meter.begin("query");
    expect(meter.figures().query).toEqual({ calls: 0, errors: 0, p95Ms: null });
  });

  it("counts queries and mutations each for themselves, and which ended in an error", () => {
    const { meter, took } = steppedMeter();
    for (let ms = 1; ms <= 100; ms += 1) took("query", ms, ms > 3);
    took("mutation", 700);
    expect(meter.figures()).toEqual({
      query: { calls: 100, errors: 3, p95Ms: 95 },
      mutation: { calls: 1, errors: 0, p95Ms: 700 },
    });
  });

  it("tells the percentile of the latest calls alone, and so keeps no more of them", () => {
    const { meter, took } = steppedMeter();
    for (let call = 0; call < DURATIONS_KEPT; call += 1) took("query", 5_000);
    for (let call = 0; call < DURATIONS_KEPT; call += 1) took("query", 2);
    expect(meter.figures().query).toEqual({ calls: 2 * DURATIONS_KEPT, errors: 0, p95Ms: 2 });
  });

  it("measures calls that overlap each from its own beginning", () => {
    let at = 0;
    const meter = createCallMeter({ monotonic: () => monotonicMs(at) });
    const first = meter.begin("query");
    at = 10;
    const second = meter.begin("query");
    at = 15;
    second(true);
    at = 40;
    first(true);
    expect(meter.figures().query.p95Ms).toBe(40);
  });
});

describe("procedures", () => {
  const contextWith = (principal: Context["principal"]) => {
    const { meter } = steppedMeter();
    const context: Context = {
      ...{ principal, address: "direct", services: createFakeServices(), log: silentLogger, calls: meter },
      denied: async () => undefined,
      cookie: { login: () => Promise.reject(new Error("no cookie here")), logout: async () => undefined },
    };
    return { caller: appRouter.createCaller(context), meter };
  };
  const ADMIN = { id: "ann", role: "admin", kind: "token", sources: null, tokenId: "t" } as const;

  it("are counted by kind, answered or not", async () => {
    const { caller, meter } = contextWith(ADMIN);
    await caller.session.get();
    await expect(caller.overview.get()).rejects.toThrow();
    await caller.session.logout();
    expect(meter.figures()).toMatchObject({ query: { calls: 2, errors: 1 }, mutation: { calls: 1, errors: 0 } });
  });

  it("are counted when they are refused before their service is reached", async () => {
    const { caller, meter } = contextWith(null);
    await expect(caller.overview.get()).rejects.toThrow("Log in first");
    expect(meter.figures().query).toMatchObject({ calls: 1, errors: 1 });
  });
});

it("calls that come by HTTP are counted", async () => {
  const calls = createCallMeter(createSystemClock());
  const server = await openTestConsole({ auth: "none", app: { ...createFakeApp(createFakeServices()), calls } });
  await server.ask({ path: "/api/trpc/session.get" });
  await server.ask({ path: "/api/trpc/overview.get" });
  await server.stop();
  expect(calls.figures().query).toMatchObject({ calls: 2, errors: 1 });
});
