/**
 * Names from upstream that want to be code, links, diagrams or pages, in every field of real rows: nothing runs,
 * nothing is fetched, nothing breaks, and what they say can be read.
 */
import { expect, type Page, test } from "@playwright/test";
import { type Visit, visit } from "#e2e/fixtures/browsing.ts";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { createDynflowDatabase, type DynflowDatabase } from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { openHerd } from "#e2e/fixtures/herd.test-kit.ts";
import {
  addHostileDynflow,
  brief,
  HOSTILE,
  type HostileDynflow,
  hostile,
  huge,
} from "#e2e/fixtures/hostile.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { planOf } from "#e2e/pages/plan.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { type CassandraCluster, startCassandra } from "#scripts/cassandra/cluster.ts";
import type { DnaHerd } from "#scripts/dna/herd.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";

const CLUSTER = hostile("cluster");
const NODE = hostile("node");
const NAMESPACE = hostile("namespace");
/** As the configuration takes it: 80 characters, in quotes. */
const title = (field: string): string => JSON.stringify(brief(field).slice(0, 80));
/** Addresses of the same kind that are visited at most: rows differ in what they say, not in how it is drawn. */
const PER_KIND = 3;
/** Pages of one test, so that it is done within a minute; the next one goes on where it ended. */
const PAGES_A_WALK = 15;
const WALKS = 4;

let postgres: TestPostgres;
let cassandra: CassandraCluster;
let database: DynflowDatabase;
let herd: DnaHerd;
let served: RunningConsole;
let rows: HostileDynflow;
let visitor: Visit;

test.describe.configure({ mode: "serial" });

test.beforeAll(async ({ browser }) => {
  test.setTimeout(420_000);
  [postgres, cassandra] = await Promise.all([startPostgres(), startCassandra()]);
  database = await createDynflowDatabase(postgres, "hostile");
  rows = await addHostileDynflow(database);
  herd = await openHerd(cassandra, { keyspace: "hostile", cluster: CLUSTER });
  const node = await herd.start(NODE);
  const doomed = await herd.start(huge("dead-node"));
  for (const [index, text] of HOSTILE.entries()) {
    const owner = index % 2 === 0 ? node : doomed;
    await owner.request({ namespace: NAMESPACE, moduleId: index % 2, name: `actor ${text}` });
  }
  await node.request({ namespace: NAMESPACE, moduleId: 0, name: huge("actor") });
  await node.request({ namespace: "__proto__", moduleId: -1, name: "constructor" });
  const access = withoutPassword(database.url, "HOSTILE_PASSWORD");
  served = await startConsole({
    environment: access.environment,
    configuration: `
regions: [ { id: eu, title: ${title("region")} } ]
dna:
  - { id: eu-1, region: eu, title: ${title("source")}, modules: { 0: ${title("module")} }, act: true,
      scylla: { contactPoints: ${JSON.stringify(cassandra.contactPoints)}, localDataCenter: ${cassandra.localDataCenter}, keyspace: hostile } }
dynflow:
  - { id: foreman, region: eu, title: ${title("dynflow")}, url: ${JSON.stringify(access.url)}, passwordEnv: HOSTILE_PASSWORD, act: true }
`,
  });
  const api = connectApi(served.url);
  await until("the rows are read", async () => {
    const { nodes } = await api.dna.nodes.list.query({ source: "eu-1" });
    const { sources } = await api.dynflow.sources.list.query();
    return nodes.length === 2 && sources.every((source) => source.lapMs !== null);
  });
  await api.dna.census.start.mutate({ source: "eu-1", incarnation: null });
  await doomed.kill();
  // A world whose id no envelope can carry is refused, after the request was journalled.
  visitor = await visit(browser, served.url, { expected: /^answer 400: .*worlds\.ping$|status of 400/ });
});

test.afterAll(async () => {
  await visitor?.context.close();
  await served?.close();
  await herd?.close();
  await database?.close();
  await postgres?.remove();
  await cassandra?.stop();
});

/** What is in a page, its frames included, that no page of ours holds. */
async function intruders(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const frame of page.frames()) {
    const inFrame = await frame.evaluate(() => {
      const events = [...document.querySelectorAll("*")].flatMap((element) =>
        [...element.attributes].filter(({ name }) => name.startsWith("on")).map(({ name }) => name),
      );
      const strange = [
        ...document.querySelectorAll('img, object, embed, base, a[href^="javascript" i], iframe'),
      ].filter(
        (element) => !(element instanceof HTMLIFrameElement && element.src.startsWith(`${location.origin}/diagram`)),
      );
      const scripts = [...document.scripts].filter(
        ({ src, text }) => src === "" && /alert\(/.test(text) && !/self\.__next/.test(text),
      );
      return [
        ...events,
        ...strange.map((element) => element.outerHTML.slice(0, 200)),
        ...scripts.map(({ text }) => text.slice(0, 80)),
      ];
    });
    found.push(...inFrame.map((what) => `${frame.url()}: ${what}`));
  }
  return found;
}

/** The kind of an address: its path without ids, and the names of what is asked. */
function kindOf(address: URL): string {
  const path = address.pathname.replaceAll(/[0-9a-f-]{36}|01[0-9A-Z]{24}/g, "…");
  const tab = address.searchParams.get("tab") ?? "";
  return `${path}?${[...address.searchParams.keys()].sort().join("&")} ${tab}`;
}

async function linksOf(page: Page): Promise<readonly URL[]> {
  const texts = await page
    .locator("a[href]")
    .evaluateAll((links) => links.map((link) => (link.getAttribute("href") ?? "").toString()));
  for (const text of texts) expect(text).toMatch(/^(\/(?!\/)|#)/);
  return texts.filter((text) => text.startsWith("/")).map((text) => new URL(text, served.url));
}

async function openEverything(page: Page): Promise<void> {
  for (const details of await page.locator("main details:not([open]) > summary").all()) {
    if (await details.isVisible()) await details.click();
  }
}

/** What is no page is given as a file, whatever is in it. */
async function expectDownload(page: Page, address: URL): Promise<void> {
  const response = await page.request.get(address.href);
  expect(response.status(), address.href).toBe(200);
  expect(response.headers()).toMatchObject({
    "content-disposition": expect.stringMatching(/^attachment; filename="[a-z0-9.-]+"$/i),
    "x-content-type-options": "nosniff",
  });
}

const seen = new Map<string, number>();
const visited = new Set<string>();
const queue: URL[] = [];

/** Goes on through the addresses that were found so far, and notes where they lead. */
async function walk(addresses: number): Promise<void> {
  const { page } = visitor;
  for (let gone = 0; queue.length > 0 && gone < addresses; ) {
    const address = queue.shift();
    if (address === undefined || visited.has(address.href)) continue;
    const kind = kindOf(address);
    if ((seen.get(kind) ?? 0) >= PER_KIND) continue;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    visited.add(address.href);
    gone += 1;
    if (address.pathname.startsWith("/api/")) {
      await expectDownload(page, address);
      continue;
    }
    await page.goto(address.href);
    await shellOf(page).untilLive();
    await expect(page.getByRole("main").getByRole("heading").first()).toBeVisible();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    await openEverything(page);
    expect(await intruders(page), address.href).toEqual([]);
    expect(visitor.faults(), address.href).toEqual([]);
    queue.push(...(await linksOf(page)));
  }
}

test("the main pages and every plan show them as text, and nothing else happens", async () => {
  const paths = ["/", "/topology", "/actors", "/plans", "/worlds", "/journal", "/jobs"];
  queue.push(
    ...[...paths, ...rows.all.map((plan) => `/plans/foreman/${plan.id}`)].map((to) => new URL(to, served.url)),
  );
  await walk(PAGES_A_WALK);
});

for (let part = 2; part <= WALKS; part += 1)
  test(`every page and every detail that they lead to does so too, part ${part} of ${WALKS}`, async () => {
    expect(queue.length).toBeGreaterThan(0);
    await walk(PAGES_A_WALK);
  });

test("the pages that were walked are of many kinds", () => {
  process.stdout.write(`${visited.size} addresses of ${seen.size} kinds visited\n`);
  expect(seen.size).toBeGreaterThan(20);
});

test("the failed plan says its cause whole, in the words that were stored", async () => {
  const { page } = visitor;
  const plan = planOf(page);
  await page.goto(`/plans/foreman/${rows.failed.id}`);
  await expect(plan.heading).toContainText(HOSTILE[0] ?? "");
  await expect(plan.step).toContainText(hostile("exception"));
  await expect(plan.step).toContainText(huge("message"));
  await plan.openTab("Input, output");
  await openEverything(page);
  await expect(page.getByRole("main")).toContainText("input-value");
  await expect(page.getByRole("main")).toContainText(`chunk ${HOSTILE[2]}`);
  await plan.openTab("History");
  await expect(page.getByRole("main")).toContainText(hostile("history"));
  await plan.openTab("Raw");
  await expect(page.getByRole("main")).toContainText("root-class");
  expect(visitor.faults()).toEqual([]);
});

test("nodes, actors and worlds bear their names", async () => {
  const { page } = visitor;
  await page.goto("/topology");
  await expect(page.getByRole("link", { name: NODE }).first()).toBeVisible();
  await page.getByRole("link", { name: NODE }).first().click();
  await expect(page.getByRole("complementary")).toContainText(NODE);
  await page.goto("/actors");
  await page.getByRole("combobox", { name: /^Type/ }).selectOption({ index: 1 });
  await expect(page.getByRole("link", { name: "actor " }).first()).toBeVisible();
  await page.goto("/worlds");
  await expect(page.getByRole("table", { name: "Worlds" })).toContainText("hostname");
  expect(await intruders(page)).toEqual([]);
  expect(visitor.faults()).toEqual([]);
});

test("the palette and the dialogs take them for text too", async () => {
  const { page } = visitor;
  await page.goto("/");
  await shellOf(page).untilLive();
  await page.keyboard.press("Control+K");
  await page.keyboard.type("onerror");
  await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
  expect(await intruders(page)).toEqual([]);
  await page.keyboard.press("Escape");

  await page.goto(`/plans/foreman/${rows.failed.id}`);
  await page.getByRole("button", { name: "Resume…" }).click();
  await expect(page.getByRole("dialog", { name: /^Resume/ })).toBeVisible();
  expect(await intruders(page)).toEqual([]);
  await page.keyboard.press("Escape");

  await page.goto("/worlds");
  await page.getByRole("button", { name: /^Ping.* hostname/ }).click();
  await expect(page.getByRole("dialog")).toContainText("hostname");
  expect(await intruders(page)).toEqual([]);
  await page.keyboard.press("Escape");

  await page.goto("/");
  await page.getByRole("button", { name: "Fail over…" }).first().click();
  const dialog = page.getByRole("dialog", { name: /^Fail over/ });
  await expect(dialog).toContainText("dead-node");
  await dialog.getByLabel("Reason").fill(hostile("reason"));
  expect(await intruders(page)).toEqual([]);
  await page.keyboard.press("Escape");
  expect(visitor.faults()).toEqual([]);
});

test("an operator's own words are no better: a hostile reason is journalled and shown as text", async () => {
  const { page } = visitor;
  const world = brief("world-id");
  await page.goto("/worlds");
  await page.getByRole("button", { name: /^Ping.* hostname/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(hostile("reason"));
  await dialog.getByRole("button", { name: /^Ping/ }).click();
  const api = connectApi(served.url);
  await until("the request is journalled", async () => {
    const { events } = await api.journal.range.query({ streams: ["operator"], subject: world, limit: 10 });
    return events.some((event) => event.kind === "op.requested") && events[0]?.kind === "op.failed";
  });
  await expect(dialog).toContainText("Not done");
  await page.goto("/journal?stream=operator");
  await page.getByRole("table", { name: "Journal" }).getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByRole("complementary")).toContainText(HOSTILE[0] ?? "");
  expect(await intruders(page)).toEqual([]);
  expect(visitor.faults()).toEqual([]);
});
