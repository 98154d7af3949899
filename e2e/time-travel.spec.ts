/** An incident of the demo, looked at again: scrubbed, linked, compared; and nothing can be done to it from there. */
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import type { RunningConsole } from "#e2e/fixtures/console.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { quantile, seekTimes } from "#e2e/fixtures/seek.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { timeBarOf } from "#e2e/pages/time-bar.ts";
import { topologyOf } from "#e2e/pages/topology.ts";

const test = servedBy({ configuration: "demo: { speed: 5 }" });
// Whichever test comes first waits for the incident, too.
test.describe.configure({ timeout: 300_000 });
const SOURCE = "eu-1";
const NOT_LIVE = "Not live: go back to live to act.";
const BEFORE_MS = 20_000;
const AFTER_MS = 10_000;
/** An aim of the bench; here only that it is no matter of seconds, on a machine that does other things too. */
const SEEK_P95_MAX_MS = 500;

interface Incident {
  readonly node: string;
  readonly incarnation: string;
  /** Its judgements in order, from when it was well: state and when it was entered. */
  readonly states: readonly { readonly state: string; readonly at: number }[];
  readonly before: number;
  readonly after: number;
}

/** Kills a node of the demo and waits until the console has seen the end of it. */
async function killNode(url: string): Promise<Incident> {
  const api = connectApi(url);
  const victim = await until("a living node", async () => {
    const { nodes } = await api.dna.nodes.list.query({ source: SOURCE });
    return nodes.find(({ state }) => state === "alive");
  });
  const { incarnation, node } = victim;
  await until("some time before it", async () => {
    const { serverNow } = await api.session.get.query();
    const { events } = await api.journal.range.query({ streams: ["console"], kinds: ["console.started"] });
    return Date.parse(serverNow) - (events[0]?.observedAt ?? Number.POSITIVE_INFINITY) > 2 * BEFORE_MS;
  });
  await api.demo.scenario.mutate({ scenario: "killNode", source: SOURCE, incarnation });
  return until(
    "the end of the node, and some time after it",
    async () => {
      const { events } = await api.journal.range.query({
        subject: incarnation,
        kinds: ["dna.incarnation.state_changed"],
      });
      const states = events
        .toReversed()
        .flatMap((event) =>
          event.kind === "dna.incarnation.state_changed" ? [{ state: event.body.to, at: event.observedAt }] : [],
        );
      const [first, last] = [states.find(({ state }) => state !== "alive"), states.at(-1)];
      const { serverNow } = await api.session.get.query();
      if (first === undefined || last === undefined || last.state !== "gone") return null;
      if (Date.parse(serverNow) - last.at < 3 * AFTER_MS) return null;
      return { node, incarnation, states, before: first.at - BEFORE_MS, after: last.at + AFTER_MS };
    },
    { withinMs: 120_000 },
  );
}

let told: Promise<Incident> | null = null;
/** One incident for all tests of the file. */
function incidentOf({ url }: RunningConsole): Promise<Incident> {
  told ??= killNode(url);
  return told;
}

const iso = (at: number): string => new Date(at).toISOString();

/** The state that the map says a node is in. */
async function stateOnMap(page: Page, node: string): Promise<string> {
  const cell = page.locator(`[data-cell][aria-label^="${node}, "]`).first();
  return (await cell.getAttribute("aria-label"))?.split(", ")[1] ?? "";
}

test("an incident is scrubbed from its start to its end, and the map shows each state that the journal has", async ({
  browser,
  served,
}) => {
  const incident = await incidentOf(served);
  const { page, end } = await visit(browser, served.url);
  const bar = timeBarOf(page);
  await page.goto(`/topology?source=${SOURCE}`);
  await shellOf(page).untilLive();
  await bar.span("15 min");
  const box = await bar.slider.boundingBox();
  if (box === null) throw new Error("the time bar is not drawn");
  const [min, max] = [await bar.slider.getAttribute("aria-valuemin"), await bar.slider.getAttribute("aria-valuemax")];
  const perMs = (box.width - 104) / ((Number(max) - Number(min)) * 1_000);
  const x = (at: number) => box.x + 72 + (at - Number(min) * 1_000) * perMs;
  await page.mouse.move(x(incident.before), box.y + 20);
  await page.mouse.down();
  await bar.settled();
  const seen: string[] = [];
  for (let at = x(incident.before); at <= x(incident.after) + 1; at += 1) {
    await page.mouse.move(at, box.y + 20);
    await bar.settled();
    const state = await stateOnMap(page, incident.node);
    if (seen.at(-1) !== state) seen.push(state);
  }
  await page.mouse.up();
  const told = ["alive", ...incident.states.filter(({ at }) => at > incident.before).map(({ state }) => state)];
  // A state that lasted for less than a pixel may be passed over; none may be made up or out of order.
  expect(seen[0]).toBe("alive");
  expect(seen.at(-1)).toBe("gone");
  let place = 0;
  for (const state of seen) {
    place = told.indexOf(state, place);
    expect(place, `${seen.join(", ")} within ${told.join(", ")}`).toBeGreaterThanOrEqual(0);
  }
  await expect(page).toHaveURL(/[?&]at=/);
  await end();
});

const textOf = (page: Page): Promise<string> => page.getByRole("main").locator(".page").ariaSnapshot();

test("its address shows the same instant in a fresh profile, on every page", async ({ browser, served }) => {
  const incident = await incidentOf(served);
  const at = iso(incident.after - AFTER_MS / 2);
  const first = await visit(browser, served.url);
  const second = await visit(browser, served.url, { locale: "de-DE" });
  for (const path of ["/", `/topology?source=${SOURCE}`, "/plans", "/worlds", "/jobs"]) {
    const address = `${path}${path.includes("?") ? "&" : "?"}at=${at}`;
    for (const { page } of [first, second]) {
      await page.goto(address);
      await timeBarOf(page).settled();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      await expect(timeBarOf(page).slider).toHaveAttribute("data-loaded", /^[1-9]/);
    }
    // What a page fetches by itself may come a little later to one of them.
    await expect(async () => {
      const [text, other] = await Promise.all([first, second].map(({ page }) => textOf(page)));
      expect(other, path).toBe(text);
    }).toPass({ timeout: 15_000 });
  }
  await first.page.goto(`/topology?source=${SOURCE}&at=${at}`);
  await timeBarOf(first.page).settled();
  await expect.poll(() => stateOnMap(first.page, incident.node)).toBe("gone");
  await first.end();
  await second.end();
});

test("nothing can be done while it is looked at, and live returns", async ({ browser, served }) => {
  const incident = await incidentOf(served);
  const { page, end } = await visit(browser, served.url);
  const [shell, bar, topology] = [shellOf(page), timeBarOf(page), topologyOf(page)];
  await page.goto(`/?at=${iso(incident.before)}`);
  await bar.settled();
  const kill = page.getByRole("button", { name: "Kill a node" });
  await expect(kill).toHaveAttribute("aria-disabled", "true");
  await expect(kill).toHaveAttribute("title", NOT_LIVE);

  await shell.goTo("Topology");
  await expect(page).toHaveURL(/[?&]at=/);
  await bar.settled();
  await topology.node(incident.node, ["alive"]).click();
  const failover = topology.drawer.getByRole("button", { name: /^Fail over/ });
  await expect(failover).toHaveAttribute("aria-disabled", "true");
  await expect(topology.drawer).toContainText(NOT_LIVE);
  await failover.click({ force: true });
  await page.keyboard.press("f");
  await expect(page.getByRole("dialog")).toBeHidden();

  await bar.backToLive();
  await shell.untilLive();
  await expect(page).not.toHaveURL(/[?&]at=/);
  await expect(topology.node(incident.node, ["gone"]).first()).toBeVisible();
  await page.goBack();
  await bar.settled();
  expect(await bar.shown()).toBe(incident.before);
  await page.goForward();
  await shell.untilLive();
  await end();
});

test("two instants are compared: what differs is listed, and outlined on the map", async ({ browser, served }) => {
  const incident = await incidentOf(served);
  const { page, end } = await visit(browser, served.url);
  const bar = timeBarOf(page);
  await page.goto(`/topology?source=${SOURCE}&at=${iso(incident.before)}&with=${iso(incident.after)}`);
  await bar.settled();
  const row = page.getByRole("table", { name: "What differs" }).getByRole("row").filter({ hasText: incident.node });
  await expect(row).toContainText(/state\s*alive\s*gone/);
  await expect(page.getByRole("link", { name: new RegExp(`^${incident.node}, alive,.* differs`) })).toBeVisible();
  await page.keyboard.press("d");
  await expect(row).toBeHidden();
  await page.keyboard.press("d");
  await expect(page).toHaveURL(/[?&]with=/);
  await expect(row).toContainText(/alive\s*gone/);
  await end();
});

test("keys alone step, play and return; each step is to the event beside it", async ({ browser, served }) => {
  const incident = await incidentOf(served);
  const { page, end } = await visit(browser, served.url);
  const [shell, bar] = [shellOf(page), timeBarOf(page)];
  await page.goto("/journal");
  await shell.untilLive();
  await bar.slider.focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await bar.settled();
  const api = connectApi(served.url);
  let moved = 0;
  for (const [key, direction, what] of [
    ["Shift+ArrowLeft", "previous", "marks"],
    ["ArrowLeft", "previous", "events"],
    ["ArrowLeft", "previous", "events"],
    ["ArrowRight", "next", "events"],
    [",", "previous", "events"],
    [".", "next", "events"],
    ["Shift+ArrowRight", "next", "marks"],
  ] as const) {
    const from = await bar.shown();
    const { event } = await api.journal.step.query({ at: iso(from), direction, what });
    // Nothing lies before the first event of a young journal.
    if (event === null) continue;
    await page.keyboard.press(key);
    await expect.poll(() => bar.shown(), { message: `${key} from ${iso(from)}` }).toBe(event.observedAt);
    moved += 1;
  }
  expect(moved).toBeGreaterThanOrEqual(4);
  await page.goto(`/topology?at=${iso(incident.before)}`);
  await bar.settled();
  await bar.slider.focus();
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Stand" })).toBeVisible();
  await expect.poll(() => bar.shown()).toBeGreaterThan(incident.before + 1_000);
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
  await bar.settled();
  await expect(bar.slider).toHaveAttribute("aria-valuetext", /^As of \d\d:\d\d:\d\d UTC, .+ ago$/);
  await page.keyboard.press("Home");
  await bar.settled();
  await expect(page.getByRole("list", { name: "Not known then" })).toContainText(SOURCE);
  await page.keyboard.press("l");
  await shell.untilLive();
  await end();
});

for (const width of [1440, 360]) {
  test(`as of an instant no page has a serious barrier, or is wider than the window, at ${width} px`, async ({
    browser,
    served,
  }) => {
    const incident = await incidentOf(served);
    const { page, end } = await visit(browser, served.url, { viewport: { width, height: 900 } });
    const instants = `at=${iso(incident.before)}&with=${iso(incident.after)}`;
    const found: string[] = [];
    for (const path of ["/", `/topology?of=${SOURCE}&node=${encodeURIComponent(incident.incarnation)}`, "/plans"]) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(`${path}${path.includes("?") ? "&" : "?"}${instants}`);
      await timeBarOf(page).settled();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
      found.push(...(await barriers(page)).map((barrier) => `${path}: ${barrier}`));
      if ((await sidewaysOverflow(page)) > 0) found.push(`${path}: wider than the window`);
      await page.emulateMedia({ colorScheme: "dark" });
      found.push(...(await barriers(page, ["color-contrast"])).map((barrier) => `${path}, dark: ${barrier}`));
    }
    expect(found).toEqual([]);
    await end();
  });
}

test("a seek within what is loaded is on the screen soon", async ({ browser, served }) => {
  await incidentOf(served);
  const { page, end } = await visit(browser, served.url);
  const bar = timeBarOf(page);
  await page.goto("/topology");
  await shellOf(page).untilLive();
  await bar.span("15 min");
  const taken = await seekTimes(page, { count: 60, seed: 20_261_122, from: 0.9, to: 0.95 });
  const words = `p50 ${quantile(taken, 0.5).toFixed(0)} ms, p95 ${quantile(taken, 0.95).toFixed(0)} ms`;
  test.info().annotations.push({ type: "seek to pixels", description: words });
  expect(taken).toHaveLength(60);
  expect(quantile(taken, 0.95), words).toBeLessThan(SEEK_P95_MAX_MS);
  await end();
});
