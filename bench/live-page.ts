import type { Page } from "@playwright/test";

const LIVE_TIMEOUT_MS = 60_000;

/** Until the page shows live data. */
export async function untilLive(page: Page): Promise<void> {
  const said = page.getByRole("region", { name: "Time bar" }).locator(".live").getByText("Live", { exact: true });
  await said.waitFor({ timeout: LIVE_TIMEOUT_MS });
}
