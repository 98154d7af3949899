/** What holds over every action: the brake, the second person, and the list of steps that takes a node out of service. */
import { expect, type Page, test as plain } from "@playwright/test";
import { ulid } from "ulid";
import { visit } from "#e2e/fixtures/browsing.ts";
import { startConsole } from "#e2e/fixtures/console.ts";
import { connectApi, refusalOf } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SPEED = 5;
const DEAD_WITHIN_MS = 90_000;
const SOURCE = "eu-1";

const test = servedBy({ configuration: `demo: { speed: ${SPEED} }` });

const api = (url: string, token?: string) => connectApi(url, ...(token === undefined ? [] : [token]));

/** A node that is alive, once all of the cluster are. */
async function aliveNode(
  client: ReturnType<typeof api>,
): Promise<{ readonly incarnation: string; readonly node: string }> {
  let found: { readonly incarnation: string; readonly node: string } | null = null;
  await until("the demo's nodes are alive", async () => {
    const { nodes } = await client.dna.nodes.list.query({ source: SOURCE });
    found = nodes[0] ?? null;
    return nodes.length > 0 && nodes.every(({ state }) => state === "alive");
  });
  if (found === null) throw new Error("the demo has no nodes");
  return found;
}

/** An executor of the demo's Dynflow, once one is registered. */
async function executorOf(client: ReturnType<typeof api>): Promise<string> {
  let found: string | null = null;
  await until("an executor is registered", async () => {
    const { worlds } = await client.dynflow.worlds.list.query({ source: "foreman" });
    found = worlds.find(({ executor }) => executor)?.id ?? null;
    return found !== null;
  });
  return found ?? "";
}

/** Fills in the dialog that is open and sends it. */
async function sayAndSend(page: Page, verb: string | RegExp, reason: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: verb }).click();
}

test("the brake refuses every action by name of who pulled it, says so on every page, and is let go", async ({
  browser,
  served,
}) => {
  const client = api(served.url);
  const worldId = await executorOf(client);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/");
  await shellOf(page).untilLive();
  await page.getByRole("button", { name: "Make everything read-only…" }).click();
  await sayAndSend(page, "Make everything read-only", "Something acts that should not");
  const banner = page.getByText("Everything is read-only");
  await expect(banner).toBeVisible();
  const ping = () => ({ source: "foreman", worldId, reason: "because of the test", requestId: ulid() });
  expect(await refusalOf(client.dynflow.worlds.ping.mutate(ping()))).toBe("PRECONDITION_FAILED");
  await page.goto("/topology");
  await expect(banner).toBeVisible();
  await page.getByRole("button", { name: "Allow acting again…" }).click();
  await expect(page.getByRole("dialog")).toContainText("Something acts that should not");
  await sayAndSend(page, "Allow acting again", "It was a test");
  await expect(banner).toBeHidden();
  await client.dynflow.worlds.ping.mutate(ping());
  await end();
});

plain(
  "a node is taken out of service step by step, and its VM stopped once a second person has agreed",
  async ({ browser }) => {
    plain.setTimeout(300_000);
    const served = await startConsole({
      configuration: `demo: { speed: ${SPEED} }\nauth: { mode: tokens }\napprovals: { wholeNode: true }`,
    });
    const [annToken, bobToken] = [await served.createToken("admin", "ann"), await served.createToken("admin", "bob")];
    const client = api(served.url, annToken);
    const { incarnation, node } = await aliveNode(client);
    const ann = await visit(browser, served.url, { token: annToken });
    const bob = await visit(browser, served.url, { token: bobToken });
    const { page } = ann;
    await page.goto(`/topology?of=${SOURCE}&node=${encodeURIComponent(incarnation)}`);
    await page.getByRole("button", { name: /^Drain and stop…/ }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText(node);
    const steps = dialog.getByRole("list", { name: "Steps" });
    const isOpen = (title: string) => expect(steps.locator("[aria-current=step]")).toContainText(title);
    const press = async (name: string) => steps.getByRole("button", { name }).click();

    await isOpen("Out of the load balancer");
    await press("It is out");
    await sayAndSend(page, "It is out", "Out since this morning");
    await isOpen("It gets quiet");
    await press("Leave out…");
    await sayAndSend(page, "Leave it out", "Its work goes on until the end");
    await isOpen("Its actors are stopped");
    await press("Leave out…");
    await sayAndSend(page, "Leave it out", "They are few");
    await isOpen("Its VM is stopped");
    await press("Stop the VM…");
    await sayAndSend(page, "Ask a second person", "Its disk is failing");
    await expect(dialog).toContainText("nobody has answered yet");

    await bob.page.goto("/");
    await shellOf(bob.page).untilLive();
    await bob.page.getByRole("button", { name: "Decide…" }).click();
    await expect(bob.page.getByRole("dialog")).toContainText("Its disk is failing");
    const agreedTo = bob.page.getByRole("table", { name: "What exactly is agreed to" });
    await expect(agreedTo).toContainText("asked to shut down in order");
    await expect(agreedTo).toContainText(node);
    await sayAndSend(bob.page, "Agree", "I see it too");
    await expect(bob.page.getByRole("dialog")).toBeHidden();

    await expect(dialog).toContainText(/bob has agreed|Say why|Type/);
    await dialog.getByLabel(/^Type/).fill(node);
    await sayAndSend(page, "Stop the VM", "Its disk is failing");
    await isOpen("It is dead");
    await expect(steps.getByRole("button", { name: "Check and go on" })).not.toHaveAttribute("aria-disabled", "true", {
      timeout: DEAD_WITHIN_MS,
    });
    await press("Check and go on");
    await sayAndSend(page, "Check and go on", "Its name is gone");
    await isOpen("Its keys are with others");
    await press("Leave out…");
    await sayAndSend(page, "Leave it out", "DNA takes them over");
    await isOpen("The others forget it");
    await press("Empty the caches…");
    await sayAndSend(page, "Empty the caches", "So that none sends to it");
    await expect(dialog).toContainText("Every step is done.");
    await Promise.all([ann.end(), bob.end()]);
    await served.close();
  },
);
