/** The main job on the demo: from the overview to a failed plan, its cause on screen, resumed, seen to end. */
import { expect } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi, newRequestId, refusalOf } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { overviewOf } from "#e2e/pages/overview.ts";
import { planOf } from "#e2e/pages/plan.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SPEED = 10;
/** The one failure of the demo that does not pass when the step is tried again: its cause is another plan. */
const FAILED_SUB_PLANS = "Foreman::Exception";
const REASON = "pulp-api answers again";

const test = servedBy({ configuration: `demo: { speed: ${SPEED} }\nauth: { mode: tokens }` });
const tokens = new Map<string, Promise<string>>();

function tokenOf(served: { createToken(role: Role): Promise<string> }, role: Role): Promise<string> {
  const token = tokens.get(role) ?? served.createToken(role);
  tokens.set(role, token);
  return token;
}
type Role = "viewer" | "operator" | "admin";

/**
 * A plan that waits for a person and whose retry succeeds, as the server names it, once its cause is known and it is
 * `wanted`.
 */
function pausedPlan(url: string, token: string, wanted: (planId: string) => Promise<boolean> = async () => true) {
  return until("a paused plan whose cause is known", async () => {
    const { rows } = await connectApi(url, token).dynflow.plans.list.query({
      source: "foreman",
      filter: { states: ["paused"] },
      limit: 50,
    });
    for (const { id, failure } of rows) {
      if (failure === null || typeof failure.exceptionClass !== "string" || typeof failure.message !== "string")
        continue;
      if (failure.exceptionClass === FAILED_SUB_PLANS) continue;
      if (await wanted(id))
        return { id, stepId: failure.stepId, exceptionClass: failure.exceptionClass, message: failure.message };
    }
    return null;
  });
}

test("an operator finds a failed plan on the overview, sees its cause, resumes it and sees it end", async ({
  browser,
  served,
}) => {
  test.setTimeout(240_000);
  const token = await tokenOf(served, "operator");
  const { page, end } = await visit(browser, served.url, { token });
  const [shell, overview, plan] = [shellOf(page), overviewOf(page), planOf(page)];
  await overview.open();
  await shell.untilLive();
  // Plans with the same error are one finding: this one stands for itself, unless another fails the same way meanwhile.
  const needOf = (planId: string) => overview.need(`${planId.slice(0, 4)}…${planId.slice(-4)}`);
  const row = await until("a plan that is a finding by itself is opened", async () => {
    const paused = await pausedPlan(served.url, token, async (planId) => (await needOf(planId).count()) > 0);
    const need = needOf(paused.id);
    await expect(need).toContainText("is paused on an error", { timeout: 5_000 });
    await need.getByRole("link", { name: "Open plan" }).click({ timeout: 5_000 });
    return paused;
  });

  await page.waitForURL(`**/plans/foreman/${row.id}*`);
  await expect(plan.heading).toContainText("paused");
  await expect(plan.step.getByRole("heading")).toHaveText(`Step ${row.stepId}, run`);
  await expect(plan.step).toContainText(row.exceptionClass);
  await expect(plan.step).toContainText(row.message);
  await expect(plan.step.getByRole("region", { name: "Backtrace" })).toBeVisible();

  await plan.resume(REASON);
  await expect(plan.outcome).toContainText(REASON);
  await expect(plan.outcome).toContainText("verified");
  await expect(plan.heading).toContainText("stopped", { timeout: 60_000 });
  await expect(plan.heading).toContainText("success");
  await expect(plan.resumeButton).toBeHidden();
  await end();
});

test("a viewer sees the same page with the action refused and its payloads hidden", async ({ browser, served }) => {
  const token = await tokenOf(served, "viewer");
  const row = await pausedPlan(served.url, await tokenOf(served, "operator"));
  const { page, end } = await visit(browser, served.url, { token });
  const plan = planOf(page);
  await page.goto(`/plans/foreman/${row.id}`);
  await expect(plan.heading).toContainText("paused");
  await expect(plan.resumeButton).toHaveAttribute("aria-disabled", "true");
  await expect(plan.resumeRefusal).toContainText(
    "Needs the permission plans:resume; your role viewer does not have it",
  );
  await plan.resumeButton.click({ force: true });
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(plan.step).toContainText(row.exceptionClass);
  await expect(plan.step).not.toContainText(row.message);
  await end();
});

test("a viewer's direct call is refused, and the refusal is in the journal for all to see", async ({
  browser,
  served,
}) => {
  const viewer = connectApi(served.url, await tokenOf(served, "viewer"));
  const row = await pausedPlan(served.url, await tokenOf(served, "operator"));
  const call = viewer.dynflow.plans.resume.mutate({
    source: "foreman",
    planId: row.id,
    expectedState: "paused",
    expectedFailedStepId: row.stepId,
    reason: "I would like to",
    requestId: newRequestId(),
  });
  expect(await refusalOf(call)).toBe("FORBIDDEN");
  const { page, end } = await visit(browser, served.url, { token: await tokenOf(served, "viewer") });
  await page.goto("/journal?stream=operator");
  const denied = page.getByRole("table", { name: "Journal" }).getByRole("row").filter({ hasText: "op.denied" }).first();
  await expect(denied).toContainText("dynflow.plans.resume");
  await expect(denied).toContainText("viewer");
  await end();
});

test("nobody without a token sees anything but the login page", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url, { expected: /401/ });
  await page.goto("/plans");
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  expect(await refusalOf(connectApi(served.url).overview.get.query())).toBe("UNAUTHORIZED");
  await end();
});
