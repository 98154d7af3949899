import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { can, type Permission, type Principal, ROLES, type Role } from "#server/auth/permissions.ts";
import {
  createFakeApp,
  createFakeServices,
  logIn,
  openTestConsole,
  type TestConsole,
} from "#server/http/console.test-kit.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { Context } from "./init.ts";
import { appRouter } from "./root.ts";

const PLAN = "0f6e9d0e-6c0a-4a5e-9d55-2b1c3d4e5f60";
const INSTANT = "2026-11-22T06:52:14.204Z";
const ACT = { reason: "because of the test", requestId: "01JD00000000000000000000AB" };
const SOURCE = { source: "eu-1" };
const PLAN_INPUT = { ...SOURCE, planId: PLAN };
const NODE_INPUT = { ...SOURCE, incarnation: "1:2" };
const ACTOR_INPUT = { ...SOURCE, namespace: "n", moduleId: 0, name: "a" };
const JOB_CONTROL = { jobId: "j", expectedState: "running", ...ACT };

/**
 * For each procedure the least role, written here once more by hand, and an input that it accepts. A procedure that
 * is not listed fails the test: whoever adds one says here who may call it.
 */
const PROCEDURES: Readonly<Record<string, { readonly least: Role | "anyone"; readonly input?: unknown }>> = {
  "session.get": { least: "anyone" },
  "session.login": { least: "anyone", input: { token: "wl_wrong" } },
  "session.logout": { least: "anyone" },
  "overview.get": { least: "viewer" },
  "topology.get": { least: "viewer" },
  "dynflow.attention.list": { least: "viewer", input: {} },
  "attention.acknowledge": {
    least: "operator",
    input: { finding: "paused_plans|dynflow:a x", expectedSeverity: "failed", expectedCount: 2, minutes: 60, ...ACT },
  },
  "attention.release": {
    least: "operator",
    input: { finding: "paused_plans|dynflow:a x", expectedBy: "mira", ...ACT },
  },
  "alerts.list": { least: "viewer" },
  "alerts.silence": { least: "operator", input: { kind: null, stream: null, finding: null, minutes: 60, ...ACT } },
  "alerts.unsilence": {
    least: "operator",
    input: { silenceId: "a", expectedUntil: "2026-11-22T00:00:00.000Z", ...ACT },
  },
  "alerts.test": { least: "operator", input: { sink: "pager", ...ACT } },
  "agents.list": { least: "viewer", input: {} },
  "agents.get": { least: "viewer", input: { source: "agents", agentId: "a" } },
  "agents.pipeline": { least: "viewer", input: { source: "agents" } },
  "agents.deadLetters": { least: "viewer", input: { source: "agents" } },
  "agents.last": { least: "viewer", input: { source: "agents", agentId: "a" } },
  "agents.tail": { least: "viewer", input: { source: "agents", agentId: "a" } },
  "agents.points": { least: "viewer", input: { source: "agents", agentId: "a" } },
  "agents.reload": { least: "admin", input: { source: "agents", ...ACT } },
  "haf.stacks.list": { least: "viewer" },
  "haf.stacks.get": { least: "viewer", input: { source: "hive" } },
  "safety.get": { least: "viewer" },
  "safety.readOnly.set": { least: "operator", input: ACT },
  "safety.readOnly.lift": { least: "admin", input: ACT },
  "safety.approvals.ask": {
    least: "admin",
    input: {
      ...{ action: "dynflow.worlds.invalidate", stream: "dynflow:foreman", target: "w" },
      terms: { expectedPlans: 0 },
      ...ACT,
    },
  },
  "safety.approvals.decide": { least: "admin", input: { approvalId: "a", granted: true, ...ACT } },
  "dna.clusters.list": { least: "viewer", input: {} },
  "dna.nodes.list": { least: "viewer", input: {} },
  "dna.nodes.get": { least: "viewer", input: NODE_INPUT },
  "dna.nodes.beats": { least: "viewer", input: NODE_INPUT },
  "dna.nodes.glance": { least: "viewer", input: { ...SOURCE, incarnations: ["1:2"] } },
  "dna.nodes.health": { least: "viewer", input: SOURCE },
  "dna.nodes.deleteRowPreview": { least: "viewer", input: NODE_INPUT },
  "dna.nodes.deleteRow": {
    least: "admin",
    input: { ...NODE_INPUT, expectedState: "silent", expectedNode: "n@h", ...ACT },
  },
  "dna.drain.get": { least: "viewer", input: NODE_INPUT },
  "dna.drain.advance": {
    least: "admin",
    input: { ...NODE_INPUT, step: "balancer", how: "do", expectedNode: "n@h", expectedRunning: null, ...ACT },
  },
  "dna.drain.abandon": { least: "admin", input: { ...NODE_INPUT, ...ACT } },
  "dna.types.list": { least: "viewer", input: SOURCE },
  "dna.actors.page": { least: "viewer", input: { ...SOURCE, namespace: "n", moduleId: 0 } },
  "dna.actors.get": { least: "viewer", input: ACTOR_INPUT },
  "dna.actors.explain": { least: "viewer", input: ACTOR_INPUT },
  "dna.actors.live": { least: "viewer", input: ACTOR_INPUT },
  "dna.actors.onNodes": { least: "viewer", input: ACTOR_INPUT },
  "dna.actors.storage": { least: "viewer", input: ACTOR_INPUT },
  "dna.actors.storageValue": { least: "operator", input: { ...ACTOR_INPUT, key: "YQ==" } },
  "dna.actors.stopPreview": { least: "viewer", input: ACTOR_INPUT },
  "dna.actors.stop": {
    least: "operator",
    input: { ...ACTOR_INPUT, expectedOwner: "1:2", expectedRef: "<0.1.0>", force: false, ...ACT },
  },
  "dna.actors.stopManyPreview": { least: "admin", input: NODE_INPUT },
  "dna.actors.stopMany": { least: "admin", input: { ...SOURCE, token: "t", expectedTotal: 1, force: false, ...ACT } },
  "dna.beam.node": { least: "viewer", input: NODE_INPUT },
  "dna.beam.partition": { least: "viewer", input: { ...NODE_INPUT, partition: 0 } },
  "dna.beam.top": { least: "viewer", input: NODE_INPUT },
  "dna.beam.peers": { least: "viewer", input: NODE_INPUT },
  "dna.beam.cachedOwner": { least: "viewer", input: { ...NODE_INPUT, ...ACTOR_INPUT } },
  "dna.beam.doubles": { least: "viewer", input: SOURCE },
  "dna.census.estimate": { least: "viewer", input: SOURCE },
  "dna.census.list": { least: "viewer", input: SOURCE },
  "dna.census.start": { least: "operator", input: SOURCE },
  "dna.census.get": { least: "viewer", input: { ...SOURCE, censusId: "c" } },
  "dna.census.pause": { least: "operator", input: { ...SOURCE, censusId: "c" } },
  "dna.census.resume": { least: "operator", input: { ...SOURCE, censusId: "c" } },
  "dna.census.cancel": { least: "operator", input: { ...SOURCE, censusId: "c" } },
  "dna.failover.preview": { least: "viewer", input: NODE_INPUT },
  "dna.failover.start": {
    least: "admin",
    input: { ...NODE_INPUT, expectedState: "gone", expectedNode: "n@h", expectedKeys: 1, ...ACT },
  },
  "dna.failover.previewKey": { least: "viewer", input: ACTOR_INPUT },
  "dna.failover.startKey": { least: "admin", input: { ...ACTOR_INPUT, expectedOwner: "1:2", ...ACT } },
  "dna.failover.job": { least: "viewer", input: { ...SOURCE, jobId: "j" } },
  "dynflow.sources.list": { least: "viewer" },
  "dynflow.plans.list": { least: "viewer", input: SOURCE },
  "dynflow.plans.counts": { least: "viewer", input: SOURCE },
  "dynflow.plans.search": { least: "viewer", input: SOURCE },
  "dynflow.plans.searchText": { least: "operator", input: SOURCE },
  "dynflow.plans.get": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.steps": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.action": { least: "viewer", input: { ...PLAN_INPUT, stepId: 1 } },
  "dynflow.plans.flows": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.stepsCompact": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.runs": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.compare": { least: "viewer", input: { ...PLAN_INPUT, otherId: PLAN } },
  "dynflow.plans.chunks": { least: "viewer", input: { ...PLAN_INPUT, stepId: 1 } },
  "dynflow.plans.raw": { least: "viewer", input: { ...PLAN_INPUT, row: "plan" } },
  "dynflow.plans.rawBytes": { least: "viewer", input: { ...PLAN_INPUT, row: "step", id: 1, column: "error" } },
  "dynflow.plans.reveal": {
    least: "operator",
    input: { ...PLAN_INPUT, part: { kind: "input", stepId: 1, place: [0] }, ...ACT },
  },
  "dynflow.plans.history": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.resume": {
    least: "operator",
    input: { ...PLAN_INPUT, expectedState: "paused", expectedFailedStepId: 3, ...ACT },
  },
  "dynflow.plans.skipPreview": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.skip": {
    least: "operator",
    input: { ...PLAN_INPUT, expectedState: "paused", stepIds: [3], expectedStepIds: [3], ...ACT },
  },
  "dynflow.plans.cancelPreview": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.cancel": {
    least: "operator",
    input: { ...PLAN_INPUT, expectedState: "running", expectedStepIds: [3], ...ACT },
  },
  "dynflow.plans.skipStep": {
    least: "operator",
    input: { ...PLAN_INPUT, expectedState: "paused", stepId: 3, expectedStepIds: [3], ...ACT },
  },
  "dynflow.plans.eventPreview": { least: "viewer", input: { ...PLAN_INPUT, event: "abort", stepId: 3 } },
  "dynflow.plans.cancelStep": {
    least: "operator",
    input: { ...PLAN_INPUT, expectedState: "running", stepId: 3, expectedStepState: "suspended", ...ACT },
  },
  "dynflow.plans.abort": {
    least: "operator",
    input: { ...PLAN_INPUT, expectedState: "running", expectedStepIds: [3], ...ACT },
  },
  "dynflow.plans.haltPreview": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.halt": {
    least: "operator",
    input: { ...PLAN_INPUT, expectedState: "running", expectedExecutorId: null, ...ACT },
  },
  "dynflow.plans.startNowPreview": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.startNow": { least: "operator", input: { ...PLAN_INPUT, expectedState: "scheduled", ...ACT } },
  "dynflow.plans.subPlans": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.subPlanWalk": { least: "viewer", input: { ...PLAN_INPUT, until: "failure" } },
  "dynflow.plans.callers": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.dependencies": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.delayed": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.planPhase": { least: "viewer", input: PLAN_INPUT },
  "dynflow.plans.bulkPreview": {
    least: "operator",
    input: { ...SOURCE, verb: "resume", target: { ids: [PLAN] } },
  },
  "dynflow.plans.bulkStart": {
    least: "operator",
    input: { ...SOURCE, verb: "resume", token: "t", expectedTotal: 1, ...ACT },
  },
  "dynflow.worlds.list": { least: "viewer", input: {} },
  "dynflow.worlds.ping": { least: "operator", input: { ...SOURCE, worldId: "w", ...ACT } },
  "dynflow.worlds.status": { least: "operator", input: { ...SOURCE, worldId: "w", ...ACT } },
  "dynflow.worlds.probe": { least: "admin", input: { ...SOURCE, worldId: "w", ...ACT } },
  "dynflow.worlds.invalidatePreview": { least: "viewer", input: { ...SOURCE, worldId: "w" } },
  "dynflow.worlds.invalidate": { least: "admin", input: { ...SOURCE, worldId: "w", expectedPlans: 1, ...ACT } },
  "dynflow.envelopes.list": { least: "viewer", input: SOURCE },
  "dynflow.locks.orphans": { least: "viewer", input: SOURCE },
  "dynflow.locks.list": { least: "viewer", input: {} },
  "journal.range": { least: "viewer", input: {} },
  "journal.stateAt": { least: "viewer", input: { at: INSTANT } },
  "journal.events": { least: "viewer", input: { after: {}, to: INSTANT } },
  "journal.marks": { least: "viewer", input: { from: INSTANT, to: INSTANT } },
  "journal.step": { least: "viewer", input: { at: INSTANT, direction: "next" } },
  "journal.history": { least: "viewer", input: { thing: { type: "plan", source: "foreman", id: PLAN } } },
  "journal.around": { least: "viewer", input: { id: "e" } },
  "jobs.list": { least: "viewer" },
  "jobs.get": { least: "viewer", input: { jobId: "j" } },
  "jobs.ofTarget": { least: "viewer", input: { stream: "dna:eu-1", target: "0/n|a" } },
  // Those of a failover take an admin: the service asks for the permission of the kind.
  "jobs.pause": { least: "operator", input: JOB_CONTROL },
  "jobs.resume": { least: "operator", input: JOB_CONTROL },
  "jobs.cancel": { least: "operator", input: JOB_CONTROL },
  "jobs.retry": { least: "operator", input: JOB_CONTROL },
  "demo.scenario": { least: "operator", input: { scenario: "killNode", ...NODE_INPUT } },
  "settings.get": { least: "viewer" },
  "admin.configuration": { least: "admin" },
  "admin.architecture": { least: "viewer" },
  "admin.readers.list": { least: "viewer" },
  "admin.readers.restart": { least: "admin", input: { name: "dna:eu-1/nodes", expectedState: "parked", ...ACT } },
};

type Outcome = "came through" | "log in first" | "forbidden";
type Visitor = Role | "nobody";
const VISITORS: readonly Visitor[] = ["nobody", ...ROLES];

interface ProcedureFacts {
  readonly type: "query" | "mutation";
  readonly permission: Permission;
}
const procedures = Object.entries(appRouter._def.procedures as Readonly<Record<string, unknown>>).map(
  ([path, procedure]): readonly [string, ProcedureFacts] => {
    const { _def } = procedure as { _def: { type: "query" | "mutation"; meta: { permission: Permission } } };
    return [path, { type: _def.type, permission: _def.meta.permission }];
  },
);

const principalOf = (visitor: Visitor): Principal | null =>
  visitor === "nobody" ? null : { id: visitor, role: visitor, kind: "token", sources: null, tokenId: `id-${visitor}` };

function expected(path: string, visitor: Visitor): Outcome {
  const least = PROCEDURES[path]?.least ?? "admin";
  if (least === "anyone") return "came through";
  if (visitor === "nobody") return "log in first";
  return ROLES.indexOf(visitor) >= ROLES.indexOf(least) ? "came through" : "forbidden";
}

const outcomeOf = (code: string | undefined): Outcome =>
  code === "UNAUTHORIZED" ? "log in first" : code === "FORBIDDEN" ? "forbidden" : "came through";

const reached: string[] = [];
const app = createFakeApp(createFakeServices((method) => reached.push(method)));
let server: TestConsole;
const cookies = new Map<Role, string>();
beforeAll(async () => {
  server = await openTestConsole({ auth: "tokens", app });
  for (const role of ROLES) cookies.set(role, await logIn(server, role));
});
afterAll(() => server.stop());

/** The ways in: each carries the same call, and must come to the same answer. */
type Call = (path: string, type: "query" | "mutation", visitor: Visitor, input: unknown) => Promise<string | undefined>;

const overHttp =
  (headersOf: (visitor: Role) => Record<string, string>): Call =>
  async (path, type, visitor, input) => {
    const who = visitor === "nobody" ? {} : headersOf(visitor);
    const query = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    const answer = await server.ask({
      path: `/api/trpc/${path}${type === "query" ? query : ""}`,
      method: type === "query" ? "GET" : "POST",
      headers: { ...who, ...(type === "query" ? {} : { "content-type": "application/json" }) },
      ...(type === "query" ? {} : { body: JSON.stringify(input ?? null) }),
    });
    return codeOf(answer.text);
  };

const codeOf = (text: string) => (JSON.parse(text) as { error?: { data: { code: string } } }).error?.data.code;

const DOORS: Readonly<Record<string, Call>> = {
  "bearer token": overHttp((role) => ({ authorization: `Bearer ${server.tokens[role]}` })),
  cookie: overHttp((role) => ({
    cookie: cookies.get(role) ?? "",
    origin: `http://127.0.0.1:${server.port}`,
    "sec-fetch-site": "same-origin",
  })),
  "batch with a bearer token": async (path, type, visitor, input) => {
    const who = visitor === "nobody" ? {} : { authorization: `Bearer ${server.tokens[visitor]}` };
    const batch = JSON.stringify({ 0: input ?? null, 1: null });
    const other = type === "query" ? "session.get" : "session.logout";
    const answer = await server.ask({
      path: `/api/trpc/${path},${other}?batch=1${type === "query" ? `&input=${encodeURIComponent(batch)}` : ""}`,
      method: type === "query" ? "GET" : "POST",
      headers: { ...who, ...(type === "query" ? {} : { "content-type": "application/json" }) },
      ...(type === "query" ? {} : { body: batch }),
    });
    const [first] = JSON.parse(answer.text) as readonly unknown[];
    return codeOf(JSON.stringify(first));
  },
  "direct caller": async (path, _type, visitor, input) => {
    const context: Context = {
      principal: principalOf(visitor),
      address: "direct",
      services: app.services,
      log: silentLogger,
      denied: async () => undefined,
      cookie: { login: () => Promise.reject(new Error("no cookie here")), logout: async () => undefined },
    };
    const caller = appRouter.createCaller(context);
    const call = path.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], caller);
    try {
      await (call as (value: unknown) => Promise<unknown>)(input);
      return undefined;
    } catch (error) {
      return (error as { code?: string }).code;
    }
  },
};

it("every procedure has its line in the table, and the table no other", () => {
  expect(Object.keys(PROCEDURES).sort()).toEqual(procedures.map(([path]) => path).sort());
});

it.each(procedures)("%s: its declared permission gives it to the roles of the table", (path, { permission }) => {
  for (const visitor of VISITORS) {
    expect(can(principalOf(visitor), permission)).toBe(expected(path, visitor) === "came through");
  }
});

describe.each(Object.entries(DOORS))("by %s", (_door, call) => {
  it.each(procedures.flatMap(([path, facts]) => VISITORS.map((visitor) => ({ path, visitor, ...facts }))))(
    "$path for $visitor",
    async ({ path, visitor, type }) => {
      const before = reached.length;
      const code = await call(path, type, visitor, PROCEDURES[path]?.input);
      const outcome = outcomeOf(path === "session.login" && code === "UNAUTHORIZED" ? undefined : code);
      expect(outcome).toBe(expected(path, visitor));
      // Logging out works: whoever did it needs a new cookie for the next line.
      if (path === "session.logout" && visitor !== "nobody") cookies.set(visitor, await logIn(server, visitor));
      const isSession = path.startsWith("session.");
      expect(reached.length - before).toBe(outcome === "came through" && !isSession ? 1 : 0);
    },
  );
});

describe("a refused action", () => {
  it("is journalled with who, what and what was missing; a refused question is not", async () => {
    app.denials.length = 0;
    const viewer = { authorization: `Bearer ${server.tokens.viewer}`, "content-type": "application/json" };
    await server.ask({
      path: "/api/trpc/dynflow.plans.resume",
      method: "POST",
      headers: viewer,
      body: JSON.stringify({ ...PLAN_INPUT, reason: "let me" }),
    });
    await server.ask({ path: "/api/trpc/admin.configuration", headers: viewer });
    expect(app.denials).toEqual([
      {
        action: "dynflow.plans.resume",
        stream: "dynflow:eu-1",
        target: PLAN,
        expected: null,
        found: "Needs plans:resume, which takes the role operator",
      },
    ]);
  });
});
