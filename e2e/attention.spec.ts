/** What needs a person on the demo: plans paused on one error are resumed together and watched; a finding is taken on. */
import { expect, type Page } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type ConsoleApi, connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { freePausedPlans } from "#e2e/fixtures/paused-plans.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { overviewOf } from "#e2e/pages/overview.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SOURCE = "foreman";
const FAIL_EVERY_MS = 2_000;
const GROUP_WITHIN_MS = 90_000;
const JOB_WITHIN_MS = 60_000;

const test = servedBy({ configuration: "demo: { speed: 1 }" });

const needsOf = async (api: ConsoleApi) => (await api.dynflow.attention.list.query({ source: SOURCE })).needs;

/**
 * Several plans that paused on the same error, whatever error the demo chose, and that no executor holds any more. No
 * more fail than that takes: of too many paused plans the demo resumes the oldest by itself.
 */
async function untilGroup(api: ConsoleApi) {
  return until(
    "plans are paused on the same error",
    async () => {
      const free = new Set(await freePausedPlans(api, SOURCE));
      const groups = (await needsOf(api)).filter((need) => need.kind === "paused_plans" && need.acknowledged === null);
      const found = groups.find(({ offer }) => {
        const planIds = offer?.planIds ?? [];
        return planIds.length >= 2 && planIds.every((id) => free.has(id));
      });
      if (found === undefined) await api.demo.scenario.mutate({ scenario: "failNextPlans", source: SOURCE, count: 1 });
      return found;
    },
    { withinMs: GROUP_WITHIN_MS, everyMs: FAIL_EVERY_MS },
  );
}

/** The row of a finding; its count may have grown since it was asked for. */
const rowOf = (page: Page, { title }: { readonly title: string }) =>
  overviewOf(page).need(title.replaceAll("\u00a0", " ").replace(/^\d+ plans /, ""));

test("plans paused on the same error are resumed all at once, and watched until they are done", async ({
  browser,
  served,
}) => {
  test.setTimeout(GROUP_WITHIN_MS + JOB_WITHIN_MS + 120_000);
  const api = connectApi(served.url);
  const group = await untilGroup(api);
  const { page, end } = await visit(browser, served.url);
  await overviewOf(page).open();
  await shellOf(page).untilLive();
  await rowOf(page, group).getByRole("button", { name: "Resume all…" }).click();
  const dialog = page.getByRole("dialog", { name: "Resume plans" });
  await expect(dialog.getByRole("table", { name: "Plans by label and state" })).toBeVisible();
  await dialog.getByLabel("Reason").fill("The cause is mended");
  await dialog.getByRole("button", { name: /^Resume \d+ plans?/ }).click();
  await expect(page).toHaveURL(/\/jobs\//);
  await expect(page.locator(".st", { hasText: /^done$/ }).first()).toBeVisible({ timeout: JOB_WITHIN_MS });
  const outcomes = page.getByRole("table", { name: "Outcomes by plan" });
  expect(await outcomes.getByRole("row").count()).toBeGreaterThanOrEqual(3);
  const { jobs } = await api.jobs.list.query();
  const counts = jobs[0]?.facts.counts;
  expect(counts?.unknown).toBe(0);
  expect(counts?.applied).toBeGreaterThanOrEqual(1);
  await overviewOf(page).open();
  await until("none of them is told any more as one that nobody has resumed", async () => {
    const { rows } = await api.dynflow.plans.list.query({
      source: SOURCE,
      filter: { ids: group.offer?.planIds ?? [] },
    });
    return rows.every(({ state, startedAt }) => state !== "planned" && startedAt !== null);
  });
  await end();
});

test("a finding is taken on with a name and a reason, stays silent for it, and is let go", async ({
  browser,
  served,
}) => {
  test.setTimeout(GROUP_WITHIN_MS + 120_000);
  const api = connectApi(served.url);
  const group = await untilGroup(api);
  const { page, end } = await visit(browser, served.url);
  await overviewOf(page).open();
  await shellOf(page).untilLive();
  await rowOf(page, group).getByRole("button", { name: "I have it…" }).click();
  const take = page.getByRole("dialog", { name: "I have it" });
  await take.getByLabel("For how long").selectOption({ label: "30 minutes" });
  await take.getByLabel("Reason").fill("Looking at the disk");
  await take.getByRole("button", { name: "Take it on for 30 minutes" }).click();
  await expect(take).toBeHidden();
  const held = page
    .getByRole("list", { name: "Taken on" })
    .getByRole("listitem")
    .filter({ hasText: "Looking at the disk" });
  await expect(held).toContainText("has it until");

  // Everybody else sees it, too, and the journal knows who and why.
  await page.reload();
  await shellOf(page).untilLive();
  await expect(held).toContainText("Looking at the disk");
  const known = (await needsOf(api)).find(({ id }) => id === group.id);
  expect(known?.acknowledged?.reason).toBe("Looking at the disk");

  await held.getByRole("button", { name: "Let go…" }).click();
  const release = page.getByRole("dialog", { name: "Let it go" });
  await release.getByLabel("Reason").fill("Somebody else takes over");
  await release.getByRole("button", { name: "Let it go" }).click();
  await expect(release).toBeHidden();
  await expect(held).toBeHidden();
  await expect(rowOf(page, group)).toBeVisible();
  await end();
});
