/** What a plan hangs on: the failing leaf under a thousand sub-plans, dependencies, delays, how it was planned. */
import { expect, test } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { createSubPlanDatabase, type SubPlanDatabase } from "#e2e/fixtures/sub-plan-tree.test-kit.ts";
import { planOf } from "#e2e/pages/plan.ts";

let database: SubPlanDatabase;
let served: RunningConsole;

test.beforeAll(async () => {
  database = await createSubPlanDatabase(Date.now());
  served = await startConsole({
    configuration: `dynflow: [ { id: lab, title: Lab, url: "sqlite://${database.path}" } ]`,
  });
});
test.afterAll(async () => {
  await served.close();
  database.remove();
});

const planAddress = (planId: string, tab = ""): string => `${served.url}/plans/lab/${planId}${tab}`;

test("the failing leaf under 1,000 sub-plans is found in three actions", async ({ page }) => {
  await page.goto(planAddress(database.root));
  const plan = planOf(page);
  await expect(plan.heading).toContainText("UpdateAll");

  await plan.openTab("Sub-plans");
  await page.getByRole("button", { name: "Go to the first failure" }).click();
  const found = page.getByRole("region", { name: "The first failure" });
  await expect(found).toContainText(database.error);
  await expect(found).toContainText("Lab::DiskFull");
  const way = found.getByRole("list", { name: "The way to it" }).getByRole("listitem");
  await expect(way).toHaveCount(3);
  await page.getByRole("link", { name: "Open the plan that failed" }).click();

  await expect(page).toHaveURL(new RegExp(`${database.leaf}\\?step=`));
  await expect(plan.step).toContainText(database.error);
});

test("the leaf leads back up through its callers", async ({ page }) => {
  await page.goto(planAddress(database.leaf));
  const crumbs = page.getByRole("navigation", { name: "Breadcrumbs" });
  await expect(crumbs).toContainText("UpdateAll");
  await crumbs.getByRole("link", { name: "UpdateAll" }).click();
  await expect(planOf(page).heading).toContainText("UpdateAll");
});

test("sub-plans unfold by level, of a thousand only a window is drawn, and keys walk them", async ({ page }) => {
  await page.goto(planAddress(database.root, "?tab=sub-plans"));
  const tree = page.getByRole("treegrid", { name: "Sub-plans" });
  // The first page, the row that leads to the next, and the head.
  await expect(tree).toHaveAttribute("aria-rowcount", "502");
  await expect(page.getByRole("list", { name: "By state and result" })).toContainText(/1\s000/);
  expect(await tree.getByRole("row").count()).toBeLessThan(100);
  await tree.focus();
  await page.keyboard.press("End");
  await expect(tree.locator("tr.sel")).toBeVisible();
  await expect(tree).toHaveAttribute("aria-rowcount", "1001");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await expect(planOf(page).heading).toContainText("Host::Update");
});

test("only failing ones are shown when asked, and everything below is counted", async ({ page }) => {
  await page.goto(planAddress(database.root, "?tab=sub-plans"));
  const tree = page.getByRole("treegrid", { name: "Sub-plans" });
  await expect(tree).toHaveAttribute("aria-rowcount", "502");
  await page.getByLabel("failing only").check();
  await expect(tree).toContainText("None of them fails.");
  await page.getByRole("button", { name: "Count everything below" }).click();
  await expect(page.getByRole("region", { name: "Below this plan" })).toContainText(
    /walked 1\s002\splans on 2\slevels/,
  );
  await expect(page.getByRole("list", { name: "Everything below by state and result" })).toContainText("failing 1");
});

test("a plan is found by its name or id, however deep it stands", async ({ page }) => {
  await page.goto(planAddress(database.root, "?tab=sub-plans"));
  await page.getByLabel("Find below by label, class or id").fill(database.leaf.slice(0, 13));
  await page.keyboard.press("Enter");
  const found = page.getByRole("table", { name: "Found below" });
  await expect(found.getByRole("row")).toHaveCount(3);
  await expect(found).toContainText("paused");
});

test("a scheduled plan says why it does not start, and what it waits for", async ({ page }) => {
  await page.goto(planAddress(database.waiting));
  const plan = planOf(page);
  await plan.openTab("Delayed");
  const main = page.getByRole("main");
  await expect(main).toContainText("nobody looks for plans that are due");
  await expect(main).toContainText("It waits for 1 plan that has not stopped");
  await expect(main).toContainText("failed-dependency");
  await plan.openTab("Dependencies");
  const ahead = page.getByRole("table", { name: "It waits for" });
  await expect(ahead.getByRole("row").filter({ hasText: "Lab::Slow" })).toContainText("not yet");
  await expect(ahead.getByRole("row").filter({ hasText: "Lab::Host::Update" })).toContainText("failed");
});

test("how it was planned, what it finalizes, and its steps are each a part of the page", async ({ page }) => {
  await page.goto(planAddress(database.root));
  const plan = planOf(page);
  await plan.openTab("Plan phase");
  const phase = page.getByRole("treegrid", { name: "Plan steps" });
  await expect(phase.getByRole("row")).toHaveCount(5);
  await phase.getByRole("row").filter({ hasText: "Snapshot" }).click();
  await expect(plan.step).toBeVisible();
  await plan.openTab("Finalize");
  await expect(page.getByRole("main")).toContainText("All of it is over.");
  await plan.openTab("Steps");
  const steps = page.getByRole("table", { name: "Steps" });
  await page.getByLabel("Filter by class, queue, error or step").fill("hosts");
  await expect(steps.getByRole("row")).toHaveCount(4);
  await steps.getByRole("button", { name: "took" }).click();
  await expect(steps.getByRole("columnheader", { name: "took" })).toHaveAttribute("aria-sort", "descending");
});

for (const width of [1440, 360]) {
  test(`no part of a plan has a serious barrier, or is wider than the window, at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    const found: string[] = [];
    const ofRoot =
      width > 1_000 ? ["sub-plans", "plan-phase"] : ["sub-plans", "plan-phase", "finalize", "steps", "history"];
    const parts = [
      ...ofRoot.map((tab) => [database.root, tab] as const),
      ...["dependencies", "delayed"].map((tab) => [database.waiting, tab] as const),
    ];
    for (const [planId, tab] of parts) {
      await page.goto(planAddress(planId, `?tab=${tab}`));
      await expect(page.getByRole("navigation", { name: "Parts of the plan" })).toBeVisible();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      found.push(...(await barriers(page)).map((barrier) => `${tab}: ${barrier}`));
      const overflow = await sidewaysOverflow(page);
      if (overflow > 0) found.push(`${tab}: ${overflow} px wider than the window`);
    }
    expect(found).toEqual([]);
  });
}
