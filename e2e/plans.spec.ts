/** The list of plans as somebody uses it who looks for one of them: search, pages, columns, views, files. */
import { readFile } from "node:fs/promises";
import { expect, type Page } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type ConsoleApi, connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SOURCE = "foreman";
const PAGE_ROWS = 100;

const test = servedBy({ configuration: "demo: { speed: 1 }" });

const rows = (page: Page) => page.getByRole("table", { name: "Plans" }).locator("tbody tr[data-row]");
const box = (page: Page) => page.getByRole("searchbox");
const totalOf = async (api: ConsoleApi) => (await api.dynflow.plans.counts.query({ source: SOURCE })).total;

/** A plan that failed, with the message of its error as the database has it. */
async function untilFailed(api: ConsoleApi) {
  await api.demo.scenario.mutate({ scenario: "failNextPlans", source: SOURCE, count: 1 });
  let found: { readonly id: string; readonly message: string } | null = null;
  await until("a plan has failed", async () => {
    const filter = { states: ["paused"], results: ["error"] };
    const { rows: failed } = await api.dynflow.plans.list.query({ source: SOURCE, filter, with: ["failure"] });
    const [first] = failed.filter(({ failure }) => typeof failure?.message === "string");
    if (first?.failure === undefined || first.failure === null || typeof first.failure.message !== "string")
      return false;
    found = { id: first.id, message: first.failure.message };
    return true;
  });
  if (found === null) throw new Error("no plan has failed");
  return found as { readonly id: string; readonly message: string };
}

test("a plan is found by a part of its id, and by the text of its error", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const failed = await untilFailed(api);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/plans");
  await shellOf(page).untilLive();

  await page.keyboard.press("/");
  await expect(box(page)).toBeFocused();
  await box(page).fill(failed.id.slice(9, 30));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/plans/${SOURCE}/${failed.id}`));

  await page.goto("/plans");
  await page.getByRole("button", { name: "Filters" }).click();
  const part = failed.message.split("\n", 1)[0]?.slice(0, 24).trim() ?? "";
  await page.getByLabel("Text in errors").fill(part.toUpperCase());
  await page.getByLabel("Text in errors").press("Enter");
  const search = page.getByRole("region", { name: "Search" });
  await expect(search).toContainText("that is all");
  await expect(rows(page).and(page.locator(`[data-row="${SOURCE} ${failed.id}"]`))).toBeVisible();
  await expect(page).toHaveURL(/error=/);

  // What is looked for can be dropped where it stands.
  await page.getByRole("button", { name: /^Drop error/ }).click();
  await expect(search).toBeHidden();
  await end();
});

test("any page is reached, the last and back, and the place stands in the address", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const total = await totalOf(api);
  expect(total).toBeGreaterThan(2 * PAGE_ROWS);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/plans?state=all&sort=id");
  const pager = page.getByRole("navigation", { name: "Pages" });
  await expect(rows(page)).toHaveCount(PAGE_ROWS);
  const first = await rows(page).first().getAttribute("data-row");

  await pager.getByRole("button", { name: "Last" }).click();
  await expect(page).toHaveURL(/page=last/);
  await expect(pager.getByRole("button", { name: "Next" })).toHaveAttribute("aria-disabled", "true");
  await pager.getByRole("button", { name: "Previous" }).click();
  await expect(page).toHaveURL(/page=previous/);
  await pager.getByLabel("page").fill("2");
  await pager.getByLabel("page").press("Enter");
  await expect(page).toHaveURL(/page=after\.100/);
  await expect(page.locator(".page-foot")).toContainText("plans 101 to 200");
  const second = await rows(page).first().getAttribute("data-row");
  await page.reload();
  await expect(rows(page).first()).toHaveAttribute("data-row", second ?? "");
  await pager.getByRole("button", { name: "First" }).click();
  await expect(rows(page).first()).toHaveAttribute("data-row", first ?? "");
  await end();
});

test("columns are chosen, a view is saved and opened by its link", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url);
  await page.goto("/plans?state=stopped&label=Actions%3A%3A*");
  await expect(rows(page).first()).toBeVisible();
  const heads = page.getByRole("table", { name: "Plans" }).getByRole("columnheader");
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "execution" }).check();
  await page.getByRole("checkbox", { name: "done" }).uncheck();
  await page.getByRole("button", { name: "Into the link" }).click();
  await page.keyboard.press("Escape");
  await expect(heads.filter({ hasText: "execution" })).toBeVisible();
  await expect(heads.filter({ hasText: "done" })).toHaveCount(0);
  await expect(page).toHaveURL(/cols=/);

  await page.getByRole("button", { name: "Save this view…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Stopped actions");
  await page.getByRole("dialog").getByRole("button", { name: "Save view" }).click();
  const view = page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Stopped actions" });
  await expect(view).toHaveAttribute("aria-current", "page");
  const link = await view.getAttribute("href");
  await page.goto("/plans");
  await view.click();
  await expect(heads.filter({ hasText: "execution" })).toBeVisible();
  await end();

  // Somebody else, with nothing kept in the browser, sees the same by the link.
  const other = await visit(browser, served.url);
  await other.page.goto(link ?? "");
  await expect(other.page.getByRole("columnheader", { name: "execution" })).toBeVisible();
  await expect(box(other.page)).toHaveValue("Actions::*");
  await other.end();
});

test("the list is taken away as a file with every plan of the filter", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const filter = { states: ["stopped"], startedTo: "2020-01-01T00:00:00.000Z" };
  expect((await api.dynflow.plans.counts.query({ source: SOURCE, filter })).total).toBe(0);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/plans?state=stopped&sort=id&source=foreman");
  await expect(rows(page).first()).toBeVisible();
  await page.getByRole("button", { name: "Export" }).click();
  const taken = page.waitForEvent("download");
  await page.getByRole("link", { name: "JSON" }).click();
  const download = await taken;
  expect(download.suggestedFilename()).toBe("worldline-plans.json");
  const file = JSON.parse(await readFile((await download.path()) ?? "", "utf8"));
  const stopped = (await api.dynflow.plans.counts.query({ source: SOURCE, filter: { states: ["stopped"] } })).total;
  expect(file.plans.length).toBeGreaterThan(PAGE_ROWS);
  expect(file.plans.length).toBeLessThanOrEqual(stopped);
  expect(new Set(file.plans.map((plan: { state: string }) => plan.state))).toEqual(new Set(["stopped"]));
  await end();
});

test("rows keep their places under the pointer until they are brought up to date", async ({ browser, served }) => {
  const api = connectApi(served.url);
  await untilFailed(api);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/plans?source=foreman");
  await shellOf(page).untilLive();
  await rows(page).first().hover();
  const places = async () => rows(page).evaluateAll((all) => all.map((row) => row.getAttribute("data-row")));
  const before = await places();
  await api.demo.scenario.mutate({ scenario: "failNextPlans", source: SOURCE, count: 2 });
  const say = page.getByRole("button", { name: /bring up to date/ });
  await expect(say).toBeVisible({ timeout: 90_000 });
  expect(await places()).toEqual(before);
  await page.keyboard.press("u");
  await expect(say).toBeHidden();
  expect(await places()).not.toEqual(before);
  await end();
});
