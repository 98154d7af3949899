/** The life of a plan, of an incarnation, and the way of a message: drawn in their frames, told in their tables. */
import { expect, type Page } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { planOf } from "#e2e/pages/plan.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { topologyOf } from "#e2e/pages/topology.ts";

const test = servedBy({ configuration: "demo: { speed: 5 }" });

/** The picture of a figure, once it is drawn, and its table. */
async function diagramOf(page: Page, title: string) {
  const figure = page.getByRole("figure", { name: title });
  const frame = figure.locator("iframe");
  await expect(frame).toHaveAttribute("sandbox", "allow-scripts");
  const drawn = frame.contentFrame();
  await expect(drawn.locator("svg g.node").first()).toBeVisible({ timeout: 30_000 });
  return { figure, drawn };
}

test("the life of a plan has its present marked, and a table that says the same", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const plan = await until("a paused plan", async () => {
    const { rows } = await api.dynflow.plans.list.query({ source: "foreman", filter: { states: ["paused"] } });
    return rows[0];
  });
  const { page, end } = await visit(browser, served.url);
  await page.goto(`/plans/foreman/${plan.id}`);
  await planOf(page).openTab("Life cycle");
  const { figure, drawn } = await diagramOf(page, "Life of a plan");
  await expect(drawn.locator("svg g.node.now")).toHaveText("paused");
  await expect(drawn.locator("svg g.node")).toContainText(["running", "stopped"]);
  await figure.getByRole("button", { name: "Table" }).click();
  const table = figure.getByRole("table", { name: "Life of a plan" });
  await expect(table).toBeVisible();
  await expect(table.getByRole("row").filter({ hasText: "now" })).toContainText("paused");
  await figure.getByRole("button", { name: "Copy as mermaid" }).click();
  await expect(figure.getByRole("status")).not.toBeEmpty();
  await end();
});

test("the life of an incarnation follows it, drawn once and marked anew", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url);
  const topology = topologyOf(page);
  await topology.open();
  await shellOf(page).untilLive();
  await page
    .getByRole("link", { name: /^dna@[\d.]+, alive/ })
    .first()
    .click();
  await topology.drawer.getByRole("button", { name: "Show the diagram" }).click();
  const { figure, drawn } = await diagramOf(page, "Life of an incarnation");
  await expect(drawn.locator("svg g.node.now")).toHaveText("alive");
  const svgId = await drawn.locator("svg").first().getAttribute("id");
  await topology.drawer.getByRole("button", { name: "Kill it" }).click();
  await expect(drawn.locator("svg g.node.now")).toHaveText(/silent|gone/, { timeout: 30_000 });
  expect(await drawn.locator("svg").first().getAttribute("id")).toBe(svgId);
  await figure.getByRole("button", { name: "Table" }).click();
  const now = figure.getByRole("table", { name: "Life of an incarnation" }).getByRole("row").filter({ hasText: "now" });
  await expect(now).toContainText(/silent|gone/);
  await end();
});

test("the way of a message to a key is marked with the branch it would take now", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url);
  await page.goto("/actors");
  await page.getByRole("main").getByRole("table").getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("/");
  const { figure, drawn } = await diagramOf(page, "The way of a request");
  await expect(drawn.locator("svg g.node.now")).toHaveCount(1);
  await expect.poll(() => drawn.locator("svg path.live").count()).toBeGreaterThan(0);
  await figure.getByRole("button", { name: "Table" }).click();
  const way = figure.getByRole("table", { name: "The way of a message now" });
  await expect.poll(() => way.getByRole("row").count()).toBeGreaterThan(1);
  await end();
});
