/** Settings: mine are kept in this browser, the configuration is shown to administrators without its secrets, the brake is there. */
import { expect, type Page, test } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { tabTo } from "#e2e/fixtures/tab-to.ts";
import { shellOf } from "#e2e/pages/shell.ts";

/** Part of an address that nobody is to read. */
const HIDDEN = "canary-7d1f";
const CONFIGURATION = `
demo: { speed: 5 }
auth: { mode: tokens }
limits: { bulkOperator: 40 }
alerts: [ { id: pager, url: "http://127.0.0.1:9/${HIDDEN}", kinds: [reader_parked] } ]
`;

let served: RunningConsole;
test.beforeAll(async () => {
  served = await startConsole({ configuration: CONFIGURATION });
});
test.afterAll(() => served.close());

async function openSettings(page: Page): Promise<void> {
  await page.goto("/settings");
  await shellOf(page).untilLive();
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
}

test("an administrator reaches the settings by keys, finds a key by keys, and reads no secret", async ({ browser }) => {
  const token = await served.createToken("admin", "ann");
  const { page, end } = await visit(browser, served.url, { token });
  await page.goto("/");
  await shellOf(page).untilLive();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.waitForURL("**/settings");
  const table = page.getByRole("table", { name: "Configuration" });
  await expect(table).toContainText("alerts[0].url");
  await expect(table).toContainText("http://127.0.0.1:9/(hidden)");
  expect(await page.content()).not.toContain(HIDDEN);
  expect(JSON.stringify(await connectApi(served.url, token).admin.configuration.query())).not.toContain(HIDDEN);
  await page.keyboard.press("/");
  await page.keyboard.type("bulkoperator");
  await expect(table.getByRole("row").filter({ hasText: "limits." })).toHaveText(/^limits\.bulkOperator40file/);
  await expect(table).not.toContainText("journal.keepDays");
  await page.getByRole("searchbox", { name: "Search the configuration" }).fill("");
  await page.getByRole("button", { name: "Not as by default" }).click();
  await expect(table).not.toContainText("journal.keepDays");
  await expect(table).toContainText("auth.mode");
  await end();
});

test("look and time zone are kept by this browser, as the palette and the top bar keep them", async ({ browser }) => {
  const token = await served.createToken("viewer", "vera");
  const { page, end } = await visit(browser, served.url, { token });
  await openSettings(page);
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme ?? "system");
  const look = page.getByRole("group", { name: "Look" });
  await look.getByRole("button", { name: "Dark" }).click();
  await page.getByRole("group", { name: "Time zone of times" }).getByRole("button", { name: /^Mine/ }).click();
  await page.reload();
  await expect(look.getByRole("button", { name: "Dark" })).toHaveAttribute("aria-pressed", "true");
  await expect.poll(theme).toBe("dark");
  await look.getByRole("button", { name: "As the system" }).click();
  await expect.poll(theme).toBe("system");
  await page.getByRole("button", { name: /^All keys/ }).click();
  await expect(page.getByRole("dialog", { name: "All keys" })).toContainText("Settings");
  await page.keyboard.press("Escape");
  await expect(page.getByText("The configuration is for administrators.")).toBeVisible();
  await expect(page.getByRole("table", { name: "Configuration" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Make everything read-only…" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await end();
});

test("the brake is pulled from the settings by keyboard, and they say by whom; of the past they say that they are of now", async ({
  browser,
}) => {
  const token = await served.createToken("admin", "cleo");
  // Whoever is logged out is refused what the page was about to ask.
  const { page, end } = await visit(browser, served.url, { token, expected: /\b401\b/ });
  await openSettings(page);
  const main = shellOf(page).main;
  await main.getByRole("button", { name: "Make everything read-only…" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("Something acts that should not");
  await dialog.getByRole("button", { name: "Make everything read-only" }).click();
  await expect(main.getByText("on: nothing is sent anywhere")).toBeVisible();
  await expect(main.locator("dl").getByText("Something acts that should not")).toBeVisible();
  await page.goto(`/settings?at=${new Date(Date.now() - 1_000).toISOString()}`);
  await expect(page.getByText(/what stands here is of now/)).toBeVisible();
  await page.goto("/settings");
  await shellOf(page).untilLive();
  await tabTo(page, /^Allow acting again/);
  await page.keyboard.press("Enter");
  await dialog.getByLabel("Reason").fill("It was a test");
  await dialog.getByRole("button", { name: "Allow acting again" }).click();
  await expect(main.getByText("on: nothing is sent anywhere")).toBeHidden();
  await page.getByRole("button", { name: "Log out" }).last().click();
  await page.waitForURL("**/login**");
  await end();
});
