import type { Page } from "@playwright/test";

const LIVE_TIMEOUT_MS = 30_000;

/** Until the page shows live data. */
export async function untilLive(page: Page): Promise<void> {
  const said = page
    .getByRole("region", { name: "Time bar" })
    .getByRole("status")
    .filter({ hasText: /^Live$/ });
  await said.waitFor({ state: "attached", timeout: LIVE_TIMEOUT_MS });
}
