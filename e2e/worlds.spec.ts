/** An executor of the demo dies in the midst of its plans, fails two pings and is invalidated: what a person sees of it. */
import { expect } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { worldsOf } from "#e2e/pages/worlds.ts";

const SPEED = 10;
/** Two pings of 30 s and the pause between them, in the demo's time. */
const PROBE_WITHIN_MS = 90_000 / SPEED + 60_000;
const HOST = "dynflow-1.demo.example.test";
const REASON = "Its host burned down";

const test = servedBy({ configuration: `demo: { speed: ${SPEED} }` });
test.describe.configure({ timeout: 300_000 });

test("an executor is killed, fails two pings, is previewed and invalidated; its plans pause or are taken over", async ({
  browser,
  served,
}) => {
  const api = connectApi(served.url);
  const { page, end } = await visit(browser, served.url);
  const worlds = worldsOf(page);
  const executors = async () => {
    const { worlds: all } = await api.dynflow.worlds.list.query({});
    return all.filter((world) => world.executor && world.active === true);
  };
  await until("two executors are there", async () => (await executors()).length === 2);
  const dead = (await executors()).find(({ hostname }) => hostname === HOST);
  await until("the console may act", async () => {
    const { sources } = await api.dynflow.sources.list.query();
    return sources.every(({ actRefused }) => actRefused === null);
  });
  await worlds.open();
  await worlds.openWorld(HOST);
  await worlds.act("Ask for its status…");
  await worlds.confirm(/^Ask /, "How busy is it?");
  await expect(worlds.drawer.getByText(/^By its own answer,/)).toBeVisible();

  await worlds.act("Kill it");
  await expect(worlds.drawer.getByText("it answers nothing")).toBeVisible();
  await worlds.act("Invalidate…");
  await expect(worlds.dialog).toContainText("step 1 of 2");
  await worlds.confirm(/twice$/, REASON);
  await expect(worlds.dialog.getByRole("list", { name: "Pings" })).toContainText("waits for an answer");
  await expect(worlds.dialog).toContainText("step 2 of 2", { timeout: PROBE_WITHIN_MS });

  const fates = worlds.dialog.getByRole("table", { name: "What becomes of each plan" });
  const failing = fates.getByRole("row").filter({ hasText: "paused, error" }).first();
  const waiting = fates.getByRole("row").filter({ hasText: "taken over" }).first();
  await expect(failing).toBeVisible();
  await expect(waiting).toBeVisible();
  const planOf = async (row: typeof failing) => (await row.getByRole("link").getAttribute("href"))?.split(/[/?]/)[3];
  const [failingId = "", waitingId = ""] = [await planOf(failing), await planOf(waiting)];
  const send = worlds.dialog.getByRole("button", { name: /^Invalidate / });
  await expect(send).toHaveAttribute("aria-disabled", "true");
  await worlds.confirm(/^Invalidate /, REASON, HOST);
  await page.waitForURL(/\/jobs\/[^/]+$/);
  await expect(page.getByRole("main").locator(".phead").getByText("done", { exact: true })).toBeVisible({
    timeout: 90_000,
  });
  await expect(page.getByRole("main")).toContainText("The world is invalidated");

  const source = "foreman";
  const failed = await api.dynflow.plans.get.query({ source, planId: failingId });
  expect(failed).toMatchObject({ state: "paused", result: "error" });
  await until("the other went on with the plan that only waited", async () => {
    const history = await api.dynflow.plans.history.query({ source, planId: waitingId });
    const names = history.entries.map(({ name, worldId }) => (worldId === dead?.id ? name : `other ${name}`));
    return names.includes("terminate execution") && names.includes("other start execution");
  });
  const { worlds: left } = await api.dynflow.worlds.list.query({ source });
  expect(left.some(({ id }) => id === dead?.id)).toBe(false);
  await page.goto("/journal?stream=operator");
  const journal = page.getByRole("table", { name: "Journal" });
  for (const kind of ["op.requested", "op.executed", "op.verified"])
    await expect(
      journal.getByRole("row").filter({ hasText: kind }).filter({ hasText: "dynflow.worlds.invalidate" }).first(),
    ).toBeVisible();
  await end();
});

test("a world that answers is not invalidated, and says so after its first pong", async ({ browser, served }) => {
  const { page, end } = await visit(browser, served.url);
  const worlds = worldsOf(page);
  await worlds.open();
  await worlds.openWorld("dynflow-2.demo.example.test");
  await worlds.act("Invalidate…");
  await worlds.confirm(/twice$/, "Is it there?");
  await expect(worlds.dialog).toContainText("It is not invalidated", { timeout: PROBE_WITHIN_MS });
  await page.keyboard.press("Escape");
  await expect(worlds.dialog).toBeHidden();
  await end();
});
