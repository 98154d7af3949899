/** From a key to what holds it up: looked up, explained, its owner, its partition, the hottest actor there, stopped. */
import { expect } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { actorsOf } from "#e2e/pages/actors.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SOURCE = "eu-1";
const REASON = "It is far behind";
const KEYS_TRIED = 50;
/** A busy actor is told after the 5 s that a safe stop waits. */
const ENDED_WITHIN_MS = 30_000;

const test = servedBy({ configuration: "demo: { speed: 1 }" });

/** A key that runs, of a type that the demo has: which one it is does not matter. */
async function runningKey(url: string) {
  const api = connectApi(url);
  await until("the nodes have been read", async () => {
    const { clusters } = await api.dna.clusters.list.query({ source: SOURCE });
    return clusters.length > 0 && clusters.every(({ byState, nodes }) => byState.alive === nodes);
  });
  return until("a key runs", async () => {
    const { types } = await api.dna.types.list.query({ source: SOURCE });
    for (const { namespace, moduleId } of types) {
      const type = { source: SOURCE, namespace, moduleId };
      const { rows } = await api.dna.actors.page.query({ ...type, limit: KEYS_TRIED });
      for (const row of rows) {
        if ("unreadable" in row) continue;
        const { live } = await api.dna.actors.live.query({ ...type, name: row.name });
        if (live.kind === "running") return { ...type, name: row.name, live };
      }
    }
    return null;
  });
}

test("a key is looked up and explained; from its owner to its partition to its hottest actor, which is stopped", async ({
  browser,
  served,
}) => {
  test.setTimeout(240_000);
  const { live, ...key } = await runningKey(served.url);
  const { page, end } = await visit(browser, served.url);
  const actors = actorsOf(page);

  await actors.open(key);
  await shellOf(page).untilLive();
  await actors.lookUp(key.name);
  await expect(actors.heading).toContainText(key.name);
  await expect(actors.owner).toContainText(live.node);
  await expect(actors.running).toContainText(`partition ${live.partition}`);
  await expect(actors.storage).toContainText("state");

  // At its owner the message is delivered; at another node it is forwarded there, by what that node told.
  await actors.entry.selectOption({ label: live.node });
  await expect(page).toHaveURL(/entry=/);
  await expect(actors.sentence).toContainText("delivered to it");
  const others = actors.entry.locator("option").filter({ hasNotText: "any healthy" }).filter({ hasNotText: live.node });
  await actors.entry.selectOption(await others.first().getAttribute("value"));
  await expect(actors.sentence).toContainText(`forwarded to ${live.node}`);
  await page.goBack();
  await expect(actors.sentence).toContainText("delivered to it");

  await actors.owner.getByRole("link", { name: live.node }).click();
  await expect(actors.heading).toContainText(live.node);
  await page.goBack();
  await actors.running.getByRole("link", { name: `partition ${live.partition}` }).click();
  await expect(page.getByRole("table", { name: "Partitions" })).toBeVisible();
  await page.getByRole("button", { name: new RegExp(`^Partition ${live.partition},`) }).click();
  await page
    .getByRole("button", { name: /^Find the largest of/ })
    .last()
    .click();
  const hottest = page.getByRole("table", { name: "Largest backlog" }).last().getByRole("link").first();
  const name = await hottest.innerText();
  await hottest.click();
  await expect(actors.heading).toContainText(name);

  await expect(actors.stop).not.toHaveAttribute("aria-disabled", "true");
  await actors.stop.click();
  await expect(actors.dialog).toContainText("The next message starts it again");
  await actors.dialog.getByRole("button", { name: "By force" }).click();
  await expect(actors.dialog).toContainText("Lost at once:");
  await actors.dialog.getByLabel(/^Type/).fill(name);
  const send = actors.dialog.getByRole("button", { name: "End it at once" });
  await expect(send).toHaveAttribute("aria-disabled", "true");
  await actors.dialog.getByLabel(/^Reason/).fill(REASON);
  await send.click();
  await expect(actors.status.filter({ hasText: "Stopped." })).toBeVisible({ timeout: ENDED_WITHIN_MS });
  await expect(actors.history).toContainText("dna.actors.stop");

  await end();
});

test("pages of keys have addresses: forward, back, and by themselves", async ({ browser, served }) => {
  test.setTimeout(240_000);
  const { source, namespace, moduleId } = await runningKey(served.url);
  const { page, end } = await visit(browser, served.url);
  const actors = actorsOf(page);
  const names = page.getByRole("main").locator("tbody .actor-name a");
  await actors.open({ source, namespace, moduleId });
  await expect(names).toHaveCount(KEYS_TRIED);
  const first = await names.first().innerText();
  const last = await names.last().innerText();
  await page.getByRole("link", { name: /^Next/ }).click();
  await expect(page).toHaveURL(new RegExp(`after=${last}`));
  await expect(names.first()).not.toHaveText(first);
  const second = await names.first().innerText();
  await page.goBack();
  await expect(names.first()).toHaveText(first);
  await page.goForward();
  await expect(names.first()).toHaveText(second);
  await page.reload();
  await expect(names.first()).toHaveText(second);
  await end();
});
