/** The keys of a cluster are counted by hand: its cost, its walk, what it found; and how healthy the cluster is. */
import { expect } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SOURCE = "eu-2";
/** Slow, so that it can be held on its way. */
const ROWS_PER_SECOND = 3_000;
const SPEED = 5;

const test = servedBy({
  configuration: `demo: { speed: ${SPEED} }\nlimits: { census: { rowsPerSecond: ${ROWS_PER_SECOND} } }`,
});

test("a count tells its cost before it begins, can be held and goes on, and its result has an age", async ({
  browser,
  served,
}) => {
  const api = connectApi(served.url);
  const { page, end } = await visit(browser, served.url);
  await until("the demo is read", async () => (await api.dna.types.list.query({ source: SOURCE })).types.length > 0);
  await page.goto(`/census?source=${SOURCE}`);
  await shellOf(page).untilLive();
  const main = page.getByRole("main");
  await expect(main).toContainText("The keys were never counted.");
  await expect(main).toContainText(/about 120.000 rows/);
  await expect(main).toContainText(/at 3.000 rows\/s at most/);

  await main.getByRole("button", { name: "Count all keys" }).click();
  await expect(main.getByRole("img", { name: "% of the expected rows counted" })).toBeVisible();
  await main.getByRole("button", { name: "Pause counting" }).click();
  await expect(main.getByText("paused", { exact: true })).toBeVisible();
  const { walks } = await api.dna.census.list.query({ source: SOURCE });
  const [walk] = walks;
  expect(walk).toMatchObject({ state: "paused", incarnation: null });
  await main.getByRole("button", { name: "Go on counting" }).click();

  await expect(main.getByRole("table", { name: "Live nodes" })).toBeVisible({ timeout: 120_000 });
  await expect(main).toContainText(/counted \d+\s(s|min) ago/);
  await expect(main.getByRole("table", { name: "Live nodes" }).getByRole("row")).toHaveCount(13);
  await expect(main.getByRole("table", { name: "Orphans" })).toContainText("never seen");
  await expect(main.getByRole("table", { name: "Censuses so far" })).toContainText("everybody's");
  const done = await api.dna.census.get.query({ source: SOURCE, censusId: walk?.censusId ?? "" });
  expect(done).toMatchObject({ state: "done", rows: done.keys });
  await end();
});

test("every check of a cluster is told, and opens to why it matters and what to do", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const { page, end } = await visit(browser, served.url);
  await until("the cluster is judged", async () => {
    const { checks } = await api.dna.nodes.health.query({ source: SOURCE });
    return checks.every(({ since }) => since !== null);
  });
  await page.goto(`/health?source=${SOURCE}&check=one-cluster`);
  await shellOf(page).untilLive();
  const checks = page.getByRole("list", { name: `Checks of ${SOURCE}` });
  await expect(checks.locator("details")).toHaveCount(12);
  const named = checks.locator('[data-check="one-cluster"]');
  await expect(named).toContainText("Only prod beats in it.");
  await expect(named.getByText("What to do:")).toBeVisible();
  const other = checks.locator('[data-check="wide-partition"]');
  await expect(other.getByText("What to do:")).toBeHidden();
  await other.locator("summary").focus();
  await page.keyboard.press("Enter");
  await expect(other.getByText("What to do:")).toBeVisible();
  await end();
});
