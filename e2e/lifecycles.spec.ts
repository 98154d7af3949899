/** Life cycles and the console's own parts: drawn, counted, searched, reached by keys, without barriers. */
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const test = servedBy({ configuration: "demo: { speed: 5 }" });

const statesOf = (page: Page, name: string) => page.getByRole("list", { name: `States of ${name}` });

test("each state of a life cycle shows how many are in it, and leads to the list of them", async ({
  browser,
  served,
}) => {
  const api = connectApi(served.url);
  await until("the worlds are read", async () =>
    (await api.dynflow.worlds.list.query({})).worlds.length > 0 ? true : null,
  );
  const { page, end } = await visit(browser, served.url);
  await page.goto("/lifecycles?kind=world");
  await shellOf(page).untilLive();
  await expect(page.getByRole("heading", { name: "Life of a world" })).toBeVisible();
  const states = statesOf(page, "world");
  await expect(states.getByRole("listitem")).toHaveCount(7);
  await expect(states.getByRole("listitem").filter({ hasText: /^gone/ })).toContainText("not counted");
  const active = states.getByRole("listitem").filter({ hasText: /^active/ });
  await expect(active).toContainText(/[1-9]/);
  // On a busy machine the first picture may take too long, and its table stands for it: then it is asked for again.
  await expect(async () => {
    const picture = page.locator(".diagram iframe").contentFrame();
    const node = picture.locator("g.node").filter({ hasText: /active: \d/ });
    if (await page.getByText("The picture took too long.").isVisible()) await page.reload();
    await expect(node).toHaveClass(/t-good/, { timeout: 12_000 });
  }).toPass({ timeout: 120_000 });
  await active.getByRole("link").click();
  await expect(page).toHaveURL(/\/worlds\?state=active/);
  await expect(page.getByText("Only", { exact: false }).getByText("active")).toBeVisible();
  await page.getByRole("link", { name: /^Show all/ }).click();
  await expect(page).toHaveURL(/\/worlds$/);
  await end();
});

test("arrow keys go from one life cycle to the next, and the glossary finds a state by what it says", async ({
  browser,
  served,
}) => {
  const { page, end } = await visit(browser, served.url);
  await page.goto("/");
  await shellOf(page).untilLive();
  await expect(async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    const heading = page.getByRole("heading", { name: "Life of a plan", exact: true });
    await expect(heading).toBeVisible({ timeout: 15_000 });
  }).toPass({ timeout: 90_000 });
  await page.keyboard.press("ArrowRight");
  // The address may be there before its page is: a key goes on from what is shown.
  const shown = (name: string) => expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
  await shown("Life of a plan step");
  await expect(page).toHaveURL(/kind=step-plan/);
  await page.keyboard.press("ArrowLeft");
  await shown("Life of a plan");
  await expect(page).toHaveURL(/kind=plan$/);
  await page.keyboard.press("ArrowLeft");
  await expect(page).toHaveURL(/kind=reader/);
  await expect(page.getByRole("heading", { name: "Life of a part of the console" })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("nobody will take it");
  const glossary = page.getByRole("table", { name: "Glossary of states" });
  await expect(glossary.getByRole("row")).toHaveCount(2);
  await expect(glossary.getByRole("row").nth(1)).toContainText("stuck");
  await expect(page).toHaveURL(/q=nobody/);
  await glossary.getByRole("link", { name: "envelope" }).press("Enter");
  await expect(page.getByRole("heading", { name: "Life of an envelope" })).toBeVisible();
  await end();
});

test("the table says the same as the picture, and the text can be taken along", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto("/lifecycles?kind=lock");
  await shellOf(page).untilLive();
  await page.getByRole("button", { name: "Table" }).press("Enter");
  const table = page.getByRole("table", { name: "Life of a lock" });
  await expect(table.getByRole("row")).toHaveCount(7);
  await expect(table.getByRole("row").filter({ hasText: "orphaned" }).last()).toContainText("released");
  await page.getByRole("button", { name: "Copy as mermaid" }).click();
  await expect(page.getByText("copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^stateDiagram-v2\n[\s\S]*orphaned/);
  await end();
});

test("the console's own parts are drawn with their figures, and each is told of by its supervisor", async ({
  browser,
  served,
}) => {
  const { page, end } = await visit(browser, served.url);
  await page.goto("/architecture");
  await shellOf(page).untilLive();
  const parts = page.getByRole("table", { name: "Parts that act on their own" });
  await expect(parts.getByRole("row").filter({ hasText: "dna:eu-1/nodes" })).toContainText("running");
  await expect(parts.getByRole("row").filter({ hasText: "console/retention" })).toContainText("running");
  await expect(parts.getByRole("button", { name: /^Restart/ })).toHaveCount(0);
  const picture = page.locator(".diagram iframe").contentFrame();
  await expect(picture.locator("g.node").filter({ hasText: "journal" })).toHaveClass(/t-good/);
  await expect(page.getByText(/of the last 100/)).toBeVisible();
  const past = new Date(Date.now() - 1_000).toISOString();
  await page.goto(`/architecture?at=${encodeURIComponent(past)}`);
  await expect(page.getByText("No part had failed by then.")).toBeVisible();
  await end();
});

for (const width of [1_440, 360]) {
  test(`the life cycle of a HAF app has no barrier, in light and dark, at ${width} px`, async ({ browser, served }) => {
    const { page, end } = await visit(browser, served.url, { viewport: { width, height: 900 } });
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto("/lifecycles?kind=haf-app");
    await shellOf(page).untilLive();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    expect(await barriers(page)).toEqual([]);
    expect(await sidewaysOverflow(page)).toBeLessThanOrEqual(0);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await barriers(page, ["color-contrast"])).toEqual([]);
    await end();
  });
}
