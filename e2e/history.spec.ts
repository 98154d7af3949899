/** The history of one thing: an actor whose node dies and is failed over, a plan that somebody resumes. */
import { expect } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type ConsoleApi, connectApi, newRequestId } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { historyOf } from "#e2e/pages/history.ts";
import { planOf } from "#e2e/pages/plan.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { actorSubject } from "#server/contract/actor-key.ts";

/** Of a plan that goes on for seconds once it is resumed. */
const STEPS_TO_COME = 3;
const FAILED_WITHIN_MS = 90_000;
const FAILING = 20;

const SPEED = 5;
const ROUNDS_PER_SECOND = 10;
/** Some of these are taken over by other nodes before the failover comes to them, as with real ones. */
const WATCHED = 15;
const WATCHED_MAX = 45;
const RELEASED_WITHIN_MS = 180_000;
const REASON = "Its rack has no power";

const test = servedBy({
  configuration: `demo: { speed: ${SPEED} }\nlimits: { failover: { roundsPerSecond: ${ROUNDS_PER_SECOND} } }`,
});

interface Key {
  readonly source: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
}

/** Keys of one living node, looked at so that they are watched. */
async function watchKeysOfOneNode(api: ConsoleApi): Promise<{ incarnation: string; node: string; keys: Key[] }> {
  const { nodes } = await api.dna.nodes.list.query({});
  for (const { source, incarnation, node, state } of nodes) {
    if (state !== "alive") continue;
    const { types } = await api.dna.types.list.query({ source });
    const owned: Key[] = [];
    for (const { namespace, moduleId } of types) {
      const { rows } = await api.dna.actors.page.query({ source, namespace, moduleId, limit: 200 });
      for (const row of rows)
        if (!("unreadable" in row) && row.owner?.incarnation === incarnation)
          owned.push({ source, namespace, moduleId, name: row.name });
    }
    if (owned.length < WATCHED) continue;
    const keys = owned.slice(0, WATCHED_MAX);
    for (const key of keys) await api.dna.actors.get.query(key);
    return { incarnation, node, keys };
  }
  throw new Error(`no living node owns ${WATCHED} keys among the first of each type`);
}

const placeOf = ({ source, namespace, moduleId, name }: Key): string =>
  `/actors?${new URLSearchParams({ source, ns: namespace, module: String(moduleId), name })}`;

/** Keys that were claimed since an instant, all by one living node, looked at so that they are watched. */
async function claimedSince(
  api: ConsoleApi,
  source: string,
  since: string | null,
): Promise<{ incarnation: string; keys: readonly Key[] }> {
  const byOwner = new Map<string, Key[]>();
  const { types } = await api.dna.types.list.query({ source });
  for (const { namespace, moduleId } of types) {
    let after: string | null = null;
    do {
      const page = await api.dna.actors.page.query({ source, namespace, moduleId, after, limit: 200 });
      for (const row of page.rows) {
        if ("unreadable" in row || row.owner?.state !== "alive" || (row.claimedAt ?? "") < (since ?? "")) continue;
        const key = { source, namespace, moduleId, name: row.name };
        byOwner.set(row.owner.incarnation, [...(byOwner.get(row.owner.incarnation) ?? []), key]);
      }
      after = page.nextAfter;
    } while (after !== null && [...byOwner.values()].every((keys) => keys.length < 5));
  }
  const [most] = [...byOwner].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined) throw new Error("no key was claimed since");
  const [incarnation, keys] = most;
  for (const key of keys.slice(0, WATCHED)) await api.dna.actors.get.query(key);
  return { incarnation, keys: keys.slice(0, WATCHED) };
}

/** Counts its keys and releases them as soon as nothing speaks against it; answers the job. */
async function failOver(api: ConsoleApi, source: string, incarnation: string): Promise<string> {
  await until(
    "nothing but its count speaks against a failover",
    async () => {
      const { refusals } = await api.dna.failover.preview.query({ source, incarnation });
      return refusals.every((refusal) => refusal.includes("count"));
    },
    { withinMs: 60_000 },
  );
  await api.dna.census.start.mutate({ source, incarnation });
  const seen = await until(
    "its keys are counted",
    async () => {
      const preview = await api.dna.failover.preview.query({ source, incarnation });
      return preview.refusals.length === 0 && preview.keys !== null ? preview : null;
    },
    { withinMs: 60_000 },
  );
  const { state, node } = seen.node;
  if (state !== "silent" && state !== "gone") throw new Error(`a node that is ${state} cannot be failed over`);
  const { jobId } = await api.dna.failover.start.mutate({
    source,
    incarnation,
    expectedState: state,
    expectedNode: node,
    expectedKeys: seen.keys ?? 0,
    reason: REASON,
    requestId: newRequestId(),
  });
  return jobId;
}

test("an actor's page tells its owner before, the job that released it, what was not known, and who has it now", async ({
  browser,
  served,
}) => {
  test.setTimeout(RELEASED_WITHIN_MS + 240_000);
  const api = connectApi(served.url);
  await until("the demo's nodes are alive", async () => {
    const { clusters } = await api.dna.clusters.list.query({});
    return clusters.length === 3 && clusters.every((cluster) => cluster.byState.alive === cluster.nodes);
  });
  const { incarnation, keys } = await watchKeysOfOneNode(api);
  const [first] = keys;
  if (first === undefined) throw new Error("no key is watched");
  const { source } = first;
  const killedAt = (await api.dna.actors.get.query(first)).asOf;
  await api.demo.scenario.mutate({ scenario: "killNode", source, incarnation });
  const jobId = await failOver(api, source, incarnation);
  await until("the job is done", async () => (await api.jobs.get.query({ jobId })).facts.state === "done", {
    withinMs: RELEASED_WITHIN_MS,
  });
  const kindsOf = async (key: Key) => {
    // Somebody looks at it still.
    await api.dna.actors.get.query(key);
    const thing = { type: "actor" as const, source, id: actorSubject(key) };
    const { events } = await api.journal.history.query({ thing });
    return events.map(({ kind }) => kind);
  };
  const released = await until(
    "a key that was watched until the job released it",
    async () => {
      for (const key of keys) if ((await kindsOf(key)).includes("dna.actor.released")) return key;
      return null;
    },
    { withinMs: 60_000, everyMs: 1_000 },
  );
  const { page, end } = await visit(browser, served.url);
  await page.goto(placeOf(released));
  await shellOf(page).untilLive();
  const history = historyOf(page);
  await expect(history.rows("dna.actor.seen").first()).toContainText(incarnation.slice(0, 6));
  await expect(history.rows("not-known").last()).toContainText("before");
  const row = history.rows("dna.actor.released").first();
  await expect(row).toContainText("released from");

  const more = await history.unfold(row);
  const cause = more.getByRole("link", { name: /dna\.failover\.start requested/ });
  await expect(cause).toBeVisible();
  const then = await more.getByRole("link", { name: "Show as of here" }).getAttribute("href");
  // By key: the diagram above it may still grow.
  await cause.press("Enter");
  await page.waitForURL(/\/journal/);
  await expect(page.getByRole("complementary")).toContainText(REASON);
  await expect(page.getByRole("complementary")).toContainText("What came of it");

  // A key that nobody watched: its job knows.
  const other = await until("a released key that nobody looked at", async () => {
    const { targets } = await api.jobs.get.query({ jobId, outcome: "applied", limit: 500 });
    const watched = new Set(keys.map(({ name }) => name));
    return targets.map(({ key }) => /^(-?\d+)\/([^|]*)\|(.*)$/s.exec(key)).find((key) => !watched.has(key?.[3] ?? ""));
  });
  const [, moduleId, namespace = "", name = ""] = other;
  await page.goto(placeOf({ source, namespace, moduleId: Number(moduleId), name }));
  await expect(history.rows("job").first()).toContainText("applied");
  await expect(history.rows("job").first().getByRole("link").first()).toHaveAttribute("href", `/jobs/${jobId}`);

  // The same page as of the release: nobody owned it, and nothing of now is told.
  await page.goto(then ?? "");
  await expect(page.getByRole("heading", { name: "Who owned it" })).toBeVisible();
  await expect(page.getByRole("main")).toContainText("nobody");

  // Keys that are asked for often: the owner of most of those claimed since dies, and others take them over.
  const often = await claimedSince(api, source, killedAt);
  await api.demo.scenario.mutate({ scenario: "killNode", source, incarnation: often.incarnation });
  const claimed = await until(
    "a key that another node has taken over",
    async () => {
      for (const key of often.keys) if ((await kindsOf(key)).includes("dna.actor.owner_changed")) return key;
      return null;
    },
    { withinMs: 90_000, everyMs: 1_000 },
  );
  await page.goto(placeOf(claimed));
  await expect(history.rows("dna.actor.owner_changed").first()).toContainText("owned by");
  await expect(history.rows("not-known").first()).toContainText("not between");
  await end();
});

test("from the history of a plan to the operator's action and back", async ({ browser, served }) => {
  const api = connectApi(served.url);
  test.setTimeout(300_000);
  await api.demo.scenario.mutate({ scenario: "failNextPlans", source: "foreman", count: FAILING });
  // What is seen before there is evidence of the request has no cause: a plan of one step may be over by then.
  const waiting = async () => {
    const { rows } = await api.dynflow.plans.list.query({
      source: "foreman",
      filter: { states: ["paused"] },
      limit: 50,
    });
    for (const row of rows) {
      if (row.failure === null || row.failure.exceptionClass === "Foreman::Exception") continue;
      const { steps } = await api.dynflow.plans.steps.query({ source: "foreman", planId: row.id });
      if (steps.filter(({ state }) => state === "pending").length >= STEPS_TO_COME) return row;
    }
    return null;
  };
  const plan = await until("a plan that waits for a person, with steps to come", waiting, {
    withinMs: FAILED_WITHIN_MS,
    everyMs: 1_000,
  });
  const { page, end } = await visit(browser, served.url);
  const [planPage, history] = [planOf(page), historyOf(page)];
  await page.goto(`/plans/foreman/${plan.id}`);
  await shellOf(page).untilLive();
  await planPage.resume("pulp-api answers again");
  await expect(planPage.outcome).toContainText("verified");
  await planPage.openTab("Seen");
  const requested = history.rows("op.requested").first();
  await expect(requested).toContainText("pulp-api answers again");
  const more = await history.unfold(requested);
  await expect(more.getByRole("link", { name: /dynflow\.plans\.resume verified/ })).toBeVisible();
  await expect(more.getByRole("link", { name: /→ (running|success|stopped)/ }).first()).toBeVisible();
  await more.getByRole("link", { name: "In the journal" }).click();
  const drawer = page.getByRole("complementary");
  await expect(drawer).toContainText("op.requested");
  await drawer.getByRole("link", { name: "Open what it is about" }).click();
  await expect(page).toHaveURL(new RegExp(`/plans/foreman/${plan.id}`));

  await page.goto("/journal?view=actions");
  const row = page
    .getByRole("row")
    .filter({ hasText: `${plan.id.slice(0, 4)}…${plan.id.slice(-4)}` })
    .first();
  for (const text of ["requested", "verified", "pulp-api answers again", "saw state paused"])
    await expect(row).toContainText(text);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "JSON lines" }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/jsonl$/);
  await end();
});
