/** What actions hold: searched, copied, masked and revealed with a reason, laid beside another run, and linked out. */
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { createPayloadDatabase, FAILED_RUN, GOOD_RUN, SECRET } from "#e2e/fixtures/payload-database.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const database = createPayloadDatabase();
const test = servedBy({
  configuration: `
auth: { mode: tokens }
links: [ { title: Foreman task, on: dynflow.plan, url: "https://foreman.example/tasks?search=external_id%3D{planId}" } ]
dynflow: [ { id: lab, title: Lab, url: "sqlite://${database.path}" } ]`,
});
test.afterAll(() => database.remove());

type Role = "viewer" | "operator";
const tokens = new Map<Role, Promise<string>>();
/** One a role: a name is given once. */
function tokenOf(served: { createToken(role: Role): Promise<string> }, role: Role): Promise<string> {
  const token = tokens.get(role) ?? served.createToken(role);
  tokens.set(role, token);
  return token;
}

const REASON = "the upstream answers 401: which token was used";
const step = (page: Page) => page.getByRole("main").locator("section.det");
const tree = (page: Page, name: string) => step(page).getByRole("tree", { name, exact: true });

async function openStep(page: Page): Promise<void> {
  await page.goto(`/plans/lab/${FAILED_RUN}?tab=payload&step=3`);
  await shellOf(page).untilLive();
  await expect(tree(page, "Input")).toBeVisible();
}

test("a payload of four thousand lines is searched, unfolded to the hit, and copied by value, path and whole", async ({
  browser,
  served,
}) => {
  const token = await tokenOf(served, "operator");
  const { page, context, end } = await visit(browser, served.url, { token });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await openStep(page);
  const input = step(page).getByRole("region", { name: "Input" });
  await expect(tree(page, "Input").getByRole("treeitem", { name: /content_hrefs/ })).toHaveAttribute(
    "aria-expanded",
    "false",
  );
  await input.getByRole("searchbox", { name: "Search in Input" }).fill("packages/3999/");
  await expect(input.getByRole("status").first()).toHaveText("1 of 1");
  const hit = tree(page, "Input").getByRole("treeitem", { name: /packages\/3999\// });
  await tree(page, "Input").scrollIntoViewIfNeeded();
  await expect(hit).toBeInViewport();
  await expect(hit).toHaveAttribute("aria-selected", "true");
  // Of all its lines only those in sight are drawn.
  expect(await tree(page, "Input").getByRole("treeitem").count()).toBeLessThan(200);
  await input.getByRole("button", { name: "Copy value" }).click();
  await expect.poll(clipboard).toBe("/pulp/api/v3/content/rpm/packages/3999/");
  await input.getByRole("button", { name: "Copy path" }).click();
  await expect.poll(clipboard).toBe("content_hrefs[3999]");
  await input.getByRole("button", { name: "Copy JSON" }).click();
  await expect.poll(clipboard).toContain("credentials");
  const whole = await clipboard();
  expect(JSON.parse(whole)).toMatchObject({ retries: 3, credentials: { user: "sync", api_token: { $masked: "" } } });
  expect(whole).not.toContain(SECRET);

  // By keys alone: the tree has the focus, arrows move and fold.
  await tree(page, "Input").focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowLeft");
  await expect(tree(page, "Input").getByRole("treeitem", { name: /repository/ })).toHaveAttribute(
    "aria-expanded",
    "false",
  );
  await page.keyboard.press("ArrowRight");
  await expect(tree(page, "Input").getByRole("treeitem", { name: /repository/ })).toHaveAttribute(
    "aria-expanded",
    "true",
  );

  const download = page.waitForEvent("download");
  await input.getByRole("button", { name: "Download" }).click();
  expect((await download).suggestedFilename()).toBe(`${FAILED_RUN}-Input.json`);
  await end();
});

test("what is masked is revealed with a reason, shown until it is closed, and in the journal without its value", async ({
  browser,
  served,
}) => {
  const token = await tokenOf(served, "operator");
  const { page, end } = await visit(browser, served.url, { token });
  await openStep(page);
  expect(await page.content()).not.toContain(SECRET);
  const input = step(page).getByRole("region", { name: "Input" });
  await tree(page, "Input")
    .getByRole("treeitem", { name: /api_token/ })
    .click();
  await input.getByRole("button", { name: "Reveal…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Reveal/ });
  await expect(dialog).toContainText("input credentials.api_token");
  await dialog.getByLabel("Reason").fill(REASON);
  await dialog.getByRole("button", { name: "Reveal it" }).click();
  const revealed = input.getByRole("region", { name: "Revealed: input.credentials.api_token" });
  await expect(revealed).toContainText(SECRET);
  await revealed.getByRole("button", { name: "Hide" }).click();
  await expect(page.getByText(SECRET)).toHaveCount(0);

  await page.goto(`/journal?view=actions&action=dynflow.plans.reveal`);
  await expect(page.getByRole("main")).toContainText(REASON);
  const { events } = await connectApi(served.url, token).journal.range.query({ action: "dynflow.plans.reveal" });
  const text = JSON.stringify(events);
  expect(events.map(({ kind }) => kind).toSorted()).toEqual(["op.executed", "op.requested"]);
  expect(text).toContain("input.credentials.api_token");
  expect(text).not.toContain(SECRET);
  await end();
});

test("errors, logs and bytes that cannot be decoded hold no secret either, and a viewer reads none of it", async ({
  browser,
  served,
}) => {
  const token = await tokenOf(served, "operator");
  const { page, end } = await visit(browser, served.url, { token });
  await openStep(page);
  await expect(step(page)).toContainText("https://sync:••••@pulp.example");
  await expect(step(page).getByRole("link", { name: "Same error elsewhere" })).toHaveAttribute("href", /error=/);
  await step(page).getByText("Output chunks").click();
  const log = step(page).getByRole("region", { name: "Log" });
  await expect(log).toContainText("fetched unit 0 of");
  await step(page).getByRole("searchbox", { name: "Search in the log" }).fill("password");
  await expect(log).toContainText("password=••••");
  await step(page).getByRole("searchbox", { name: "Search in the log" }).fill("unit 9999 ");
  await expect(log).toContainText("fetched unit 9999 of", { timeout: 30_000 });

  await page.goto(`/plans/lab/${FAILED_RUN}?tab=payload&step=2`);
  await expect(step(page)).toContainText("Could not be decoded");
  await expect(step(page)).toContainText("The bytes are not shown: They hold what is masked");
  await page.goto(`/plans/lab/${FAILED_RUN}?tab=raw&step=3`);
  await page.getByRole("button", { name: "Action 3" }).click();
  await expect(page.getByRole("main")).toContainText("dynflow_actions");
  await page
    .getByRole("row", { name: /^input/ })
    .getByRole("button")
    .click();
  await expect(page.getByRole("tree", { name: "action input" })).toBeVisible();
  expect(await page.content()).not.toContain(SECRET);
  await end();

  const viewer = await visit(browser, served.url, { token: await tokenOf(served, "viewer") });
  await viewer.page.goto(`/plans/lab/${FAILED_RUN}?tab=payload&step=3`);
  await shellOf(viewer.page).untilLive();
  await expect(step(viewer.page).getByText("hidden from viewers").first()).toBeVisible();
  expect(await viewer.page.content()).not.toContain("sync:");
  await viewer.end();
});

test("two runs of a label are compared by step, down to their payloads, and the plan links out", async ({
  browser,
  served,
}) => {
  const token = await tokenOf(served, "operator");
  const { page, end } = await visit(browser, served.url, { token });
  await page.goto(`/plans/lab/${FAILED_RUN}?tab=compare`);
  await shellOf(page).untilLive();
  const table = page.getByRole("table", { name: "Steps of both runs" });
  const first = table.locator("tbody tr").first();
  await expect(first).toContainText("Download");
  await expect(first).toContainText("was success");
  await expect(first).toContainText("+31");
  await page.getByRole("button", { name: "Waited before" }).click();
  await expect(first).toContainText("Download");
  await first.getByRole("link", { name: "payloads" }).click();
  const differences = page.getByRole("table", { name: "Differences of the input" });
  await expect(differences.locator("tbody tr")).toHaveCount(3);
  await expect(differences).toContainText("repository.url");
  await expect(differences).toContainText("needle_in_the_hay");
  expect(await page.content()).not.toContain(SECRET);
  expect(new URL(page.url()).searchParams.get("run")).toBe(GOOD_RUN);

  const link = page.getByRole("main").getByRole("link", { name: /^Foreman task/ });
  await expect(link).toHaveAttribute("href", `https://foreman.example/tasks?search=external_id%3D${FAILED_RUN}`);
  await expect(link).toHaveAttribute("rel", "noopener noreferrer");
  await end();
});

test("the parts of it are without barriers, in both themes, and fit a phone", async ({ browser, served }) => {
  const token = await tokenOf(served, "operator");
  for (const [colorScheme, width] of [
    ["light", 1_440],
    ["dark", 360],
  ] as const) {
    const { page, end } = await visit(browser, served.url, { token, colorScheme });
    await page.setViewportSize({ width, height: 900 });
    for (const tab of ["payload", "raw", "compare"]) {
      await page.goto(`/plans/lab/${FAILED_RUN}?tab=${tab}&step=3`);
      await shellOf(page).untilLive();
      await expect(page.getByRole("main")).toContainText(tab === "raw" ? "dynflow_execution_plans" : "Download");
      expect(await barriers(page)).toEqual([]);
      expect(await sidewaysOverflow(page)).toBe(0);
    }
    await end();
  }
});
