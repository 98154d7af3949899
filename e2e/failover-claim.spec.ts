/** A node of the demo dies and its keys are given to nodes that a person chose: from its death to a key on its new node. */
import { expect } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { failoverOf } from "#e2e/pages/failover.ts";
import { topologyOf } from "#e2e/pages/topology.ts";

const SPEED = 4;
const SOURCE = "demo-eu";
const DONE_WITHIN_MS = 90_000;
const REASON = "Its host is gone for good";

const test = servedBy({
  configuration: `demo: { speed: ${SPEED} }\nlimits: { failover: { roundsPerSecond: 10 } }`,
});

test("a node dies, its timeline tells how, and its keys are given to chosen nodes that answer for them", async ({
  browser,
  served,
}) => {
  test.setTimeout(DONE_WITHIN_MS + 240_000);
  const api = connectApi(served.url);
  const { source, nodes } = await until("a cluster of the demo has been alive for a while", async () => {
    const { clusters } = await api.dna.clusters.list.query({});
    const [first] = clusters.filter((cluster) => cluster.byState.alive === cluster.nodes && cluster.nodes > 2);
    if (first === undefined) return null;
    const list = await api.dna.nodes.list.query({ source: first.source, cluster: first.cluster });
    return { source: first.source, nodes: list.nodes };
  });
  const victim = nodes[0];
  if (victim === undefined) throw new Error(`no node in ${SOURCE}`);
  const { page, end } = await visit(browser, served.url);
  const [topology, failover] = [topologyOf(page), failoverOf(page)];
  await page.goto(`/topology?${new URLSearchParams({ of: source, node: victim.incarnation })}`);
  await expect(topology.drawer).toContainText(victim.node);
  await topology.drawer.getByRole("button", { name: "Kill it" }).click();

  await topology.drawer.getByRole("button", { name: "Show the history" }).click();
  await expect(topology.drawer).toContainText(/observing → alive/, { timeout: 60_000 });
  await expect(topology.drawer).toContainText(/→ (silent|gone)/, { timeout: 60_000 });
  const start = topology.drawer.getByRole("button", { name: "Fail over…" });
  await expect(start).not.toHaveAttribute("aria-disabled", "true", { timeout: 60_000 });
  await start.click();

  await expect(failover.dialog).toContainText("Not needed for recovery.");
  await expect(failover.dialog).toContainText(/(Presumed|Proven) dead/);
  await expect(failover.dialog).toContainText("What remains");
  const keys = await failover.countKeys();
  await failover.dialog.getByRole("radio", { name: /^Give to chosen nodes/ }).check();
  const table = failover.dialog.getByRole("table", { name: "Nodes that keys can be given to" });
  const chosen = table.getByRole("checkbox", { checked: true });
  await expect(chosen.first()).toBeVisible();
  await expect(table).not.toContainText(victim.node);
  await failover.confirm(victim.node, REASON);

  await expect(failover.jobState("done")).toBeVisible({ timeout: DONE_WITHIN_MS });
  await expect(failover.jobFact("unknown")).toHaveText("0");
  const applied = Number((await failover.jobFact("applied").innerText()).replaceAll(/\D/g, ""));
  expect(applied).toBeGreaterThan(0);
  expect(applied).toBeLessThanOrEqual(keys);
  const given = page.getByRole("table", { name: "Keys given to each node" });
  await expect(async () => {
    const cells = await given.locator("tbody tr td:last-child").allInnerTexts();
    expect(cells.reduce((sum, text) => sum + Number(text.replaceAll(/\D/g, "")), 0)).toBe(applied);
  }).toPass({ timeout: 30_000 });

  const jobId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const { plan } = await api.dna.failover.job.query({ source, jobId });
  const heirs = new Set(plan?.targets?.map(({ incarnation }) => incarnation));
  const { targets } = await api.jobs.get.query({ jobId, outcome: "applied", limit: 20 });
  expect(targets.length).toBeGreaterThan(0);
  for (const { note } of targets) expect(note).toMatch(/^given to dna@/);
  const left = await until("its keys are counted again", async () => {
    const { node } = await api.dna.nodes.get.query({ source, incarnation: victim.incarnation });
    return node.owned?.keys === 0 ? node : null;
  });
  expect(left.owned?.keys).toBe(0);
  expect(heirs.has(victim.incarnation)).toBe(false);

  // One of the keys, on its own page: another node owns it now.
  const [type] = (await api.dna.types.list.query({ source })).types;
  if (type === undefined) throw new Error("no type");
  const key = { source, namespace: type.namespace, moduleId: type.moduleId };
  const rows = (await api.dna.actors.page.query({ ...key, limit: 50 })).rows;
  const owned = rows.flatMap((row) => ("unreadable" in row || row.owner === null ? [] : [row]));
  expect(owned.some(({ owner }) => owner?.incarnation === victim.incarnation)).toBe(false);
  const moved = owned.find(({ owner }) => heirs.has(owner?.incarnation ?? ""));
  if (moved === undefined) throw new Error("no key of a chosen node");
  await page.goto(`/actors?${new URLSearchParams({ ...key, moduleId: String(type.moduleId), name: moved.name })}`);
  await expect(page.getByRole("main")).toContainText(moved.owner?.node ?? "no node");
  await end();
});
