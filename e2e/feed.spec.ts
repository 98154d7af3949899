/** The live feed of a real browser: one for all tabs, and without a gap across a kill of the console. */
import { expect, test } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { createDynflowDatabase, type DynflowDatabase, failedPlan } from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { type RecordingProxy, recordFeedOf } from "#e2e/fixtures/recording-proxy.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { JournalEvent } from "#server/contract/event.ts";

const TABS = 12;
const SOURCE = "foreman";

let postgres: TestPostgres;
let database: DynflowDatabase;
let served: RunningConsole;
let proxy: RecordingProxy;

test.beforeAll(async () => {
  postgres = await startPostgres();
  database = await createDynflowDatabase(postgres, "feed");
  const access = withoutPassword(database.url, "FEED_PASSWORD");
  served = await startConsole({
    environment: access.environment,
    configuration: `
regions: [ { id: eu, title: Europe } ]
dynflow:
  - { id: ${SOURCE}, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: FEED_PASSWORD }
`,
  });
  proxy = await recordFeedOf(served.url);
  await until("the source is up and known", async () => {
    const { sources } = await connectApi(served.url).dynflow.sources.list.query();
    return sources.every((source) => source.health === "up" && source.lapMs !== null);
  });
});

test.afterAll(async () => {
  await proxy?.close();
  await served?.close();
  await database?.close();
  await postgres?.remove();
});

const eventsOf = (feeds: ReturnType<RecordingProxy["feeds"]>): readonly JournalEvent[] =>
  feeds.flatMap((feed) => feed.messages.flatMap((message) => (message.type === "batch" ? message.events : [])));

test("twelve tabs hold one live stream, and each of them shows it", async ({ browser }) => {
  const before = proxy.feeds().length;
  const { context, page, end } = await visit(browser, proxy.url);
  const pages = [page];
  while (pages.length < TABS) pages.push(await context.newPage());
  await Promise.all(pages.map((each) => each.goto("/plans")));
  for (const each of pages) await shellOf(each).untilLive();
  expect(proxy.feeds().slice(before)).toHaveLength(1);
  const plan = failedPlan();
  await database.add([plan]);
  for (const each of pages) await expect(each.getByRole("link", { name: "Actions::Example::Publish" })).toBeVisible();
  expect(proxy.feeds().slice(before)).toHaveLength(1);
  // The tab that opened it goes; the others keep it.
  await page.close();
  const other = failedPlan();
  await database.add([other]);
  for (const each of pages.slice(1)) await expect(each.getByRole("button", { name: `Copy ${other.id}` })).toBeVisible();
  expect(proxy.feeds().slice(before)).toHaveLength(1);
  await end();
  await until("the stream is let go", () => proxy.feeds().every((feed) => !feed.open));
});

test("a page says that the feed is lost when the console is killed, and goes on from its cursor without a gap", async ({
  browser,
}) => {
  const [ends, waits] = [failedPlan(), failedPlan()];
  await database.add([ends, waits]);
  const before = proxy.feeds().length;
  const { page, end } = await visit(browser, proxy.url, {
    expected: /Failed to load resource|ERR_|net::|Failed to fetch/,
  });
  const shell = shellOf(page);
  await page.goto("/plans");
  await shell.untilLive();
  for (const plan of [ends, waits]) await expect(page.getByRole("button", { name: `Copy ${plan.id}` })).toBeVisible();

  await served.kill();
  await expect(shell.feedLost).toBeVisible();
  await expect(shell.timeBar.getByText("Not live")).toBeVisible();
  // What was seen stays in view, as of then.
  await expect(page.getByRole("button", { name: `Copy ${ends.id}` })).toBeVisible();
  const born = failedPlan();
  await database.run("update dynflow_execution_plans set state = 'stopped', result = 'success' where uuid = $1", [
    ends.id,
  ]);
  await database.add([born]);

  await served.start();
  await expect(shell.feedLost).toBeHidden();
  await shell.untilLive();
  await expect(page.getByRole("button", { name: `Copy ${ends.id}` })).toBeHidden();
  await expect(page.getByRole("button", { name: `Copy ${born.id}` })).toBeVisible();
  await expect(page.getByRole("button", { name: `Copy ${waits.id}` })).toBeVisible();

  const [first, ...later] = proxy.feeds().slice(before);
  if (first === undefined) throw new Error("the page opened no feed");
  expect(first.messages[0]?.type).toBe("snapshot");
  expect(later.length).toBeGreaterThan(0);
  for (const feed of later) expect(feed.cursor).not.toBeNull();
  // The last message may have been on its way when the console died: then the page goes on from the one before.
  const reached = first.messages.findLastIndex((message) => cursorOf(message) === later[0]?.cursor);
  expect(reached).toBeGreaterThanOrEqual(first.messages.length - 2);
  expect(later.flatMap((feed) => feed.messages).map((message) => message.type)).not.toContain("snapshot");
  const events = eventsOf([{ ...first, messages: first.messages.slice(0, reached + 1) }, ...later]);
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  for (const stream of new Set(events.map((event) => event.stream))) {
    const numbers = events.filter((event) => event.stream === stream).map((event) => BigInt(event.seq));
    const start = numbers[0] ?? 0n;
    expect(numbers).toEqual(numbers.map((_, index) => start + BigInt(index)));
  }

  await shell.goTo("Overview");
  // What is below the fold is drawn when it is scrolled into view.
  await shell.main.getByRole("heading", { name: "What changed" }).scrollIntoViewIfNeeded();
  const changes = shell.main.locator("section", { hasText: "What changed" }).getByRole("row");
  await expect(changes.filter({ hasText: shortOf(born.id) })).toHaveCount(1);
  await expect(changes.filter({ hasText: shortOf(ends.id) }).filter({ hasText: "stopped" })).toHaveCount(1);
  await end();
});

type FeedMessage = ReturnType<RecordingProxy["feeds"]>[number]["messages"][number];

const cursorOf = (message: FeedMessage): string | null => (message.type === "ended" ? null : message.cursor);

const shortOf = (id: string): string => `${id.slice(0, 4)}…${id.slice(-4)}`;
