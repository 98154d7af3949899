import { type Browser, chromium, type Page } from "@playwright/test";
import { atMost, type Figure, median, round } from "#bench/figure.ts";
import { hafActualDrawing } from "#components/lifecycle/haf-actual-diagram.ts";
import { hafPlanDrawing } from "#components/lifecycle/haf-plan-diagram.ts";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { findChromium } from "#scripts/testing/chromium.ts";
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import { EMPTY_HAF, type HafFold, reduceHaf } from "#server/contract/fold/haf.ts";
import type { HafAppFacts } from "#server/contract/haf.ts";
import { epochMs } from "#server/kernel/clock.ts";

const APPS = 12;
const ROUNDS = 9;
const AIM_MS = 300;

/** Both diagrams of a stack of twelve apps: their text, and their picture in the product's own frame. */
export async function* benchHaf(): AsyncIterable<Figure> {
  const fold = stackOf(APPS);
  const console = await startConsole({ configuration: "demo: { speed: 1 }" });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
  });
  try {
    const page = await openFrame(browser, console);
    yield await figureOf(page, "plan", () => hafPlanDrawing({ fold, sample: null, all: false }).diagram.source);
    yield await figureOf(page, "actual", () => hafActualDrawing({ fold, sample: null, all: false }).diagram.source);
  } finally {
    await browser.close();
    await console.close();
  }
}

async function figureOf(page: Page, view: "plan" | "actual", textOf: () => string): Promise<Figure> {
  const textMs: number[] = [];
  const drawnMs: number[] = [];
  await draw(page, textOf(), 0);
  for (let round_ = 1; round_ <= ROUNDS; round_ += 1) {
    const startedAt = performance.now();
    const source = textOf();
    textMs.push(performance.now() - startedAt);
    drawnMs.push(await draw(page, source, round_));
  }
  const both = median(textMs) + median(drawnMs);
  const beside = { apps: APPS, textMs: round(median(textMs)), drawnMs: drawnMs.map((ms) => Math.round(ms)) };
  return { figure: `haf.diagram.${view}`, ...atMost(AIM_MS, "ms").judge(both), beside };
}

/** The frame for diagrams, beside a page that does nothing else. */
async function openFrame(browser: Browser, { url }: RunningConsole): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${url}/login`);
  await page.evaluate(async () => {
    const frame = document.createElement("iframe");
    frame.src = "/diagram";
    frame.id = "drawn-apart";
    frame.setAttribute("sandbox", "allow-scripts");
    const ready = new Promise<void>((resolve) => {
      addEventListener("message", ({ source, data }) => {
        if (source === frame.contentWindow && data?.type === "ready") resolve();
      });
    });
    document.body.append(frame);
    await ready;
  });
  return page;
}

/** From handing a text over to the answer that it is drawn, in ms. */
const draw = (page: Page, source: string, drawing: number): Promise<number> =>
  page.evaluate(
    ([text, number]) => {
      const frame = document.querySelector<HTMLIFrameElement>("#drawn-apart");
      return new Promise<number>((resolve, reject) => {
        const startedAt = performance.now();
        const hear = ({ source: from, data }: MessageEvent<{ type?: string; drawing?: number; message?: string }>) => {
          if (from !== frame?.contentWindow || data.drawing !== number) return;
          removeEventListener("message", hear);
          if (data.type === "drawn") resolve(performance.now() - startedAt);
          else reject(new Error(String(data.message)));
        };
        addEventListener("message", hear);
        const marks = { now: [], passed: [], live: [], notes: {} };
        frame?.contentWindow?.postMessage(
          { type: "draw", drawing: number, source: text, words: { nodes: {}, edges: {} }, marks },
          "*",
        );
      });
    },
    [source, drawing] as const,
  );

/** A stack in full service, folded from the events of its set-up. */
function stackOf(apps: number): HafFold {
  let seq = 0;
  const event = (draft: Pick<EventDraft, "kind" | "body" | "subject">): JournalEvent => {
    seq += 1;
    const at = epochMs(1_795_300_000_000 + seq * 1_000);
    const envelope = { id: String(seq), stream: "haf:hive", seq: String(seq), occurredAt: at, observedAt: at };
    return { ...envelope, synthetic: false, causedBy: null, actor: null, ...draft } as JournalEvent;
  };
  const app = (index: number): HafAppFacts => ({
    ...{ contextId: index, state: "live", stage: "live", attached: true, inSync: true, block: 12_000 },
    ...{ forkId: "1", forking: true, owner: `app${index}` },
  });
  const role = (name: "haf" | "setup" | "sync" | "detector" | "api", of: string | null, to: "alive" | "done") => ({
    kind: "haf.role.changed" as const,
    subject: of === null ? `${name}/1` : `${name}/${of}/1`,
    body: {
      ...{ role: name, app: of, generation: 1, from: null, to, inferred: true, cause: null },
      ...{ exitCode: null, evidence: "seen", container: null },
    },
  });
  const numbers = Array.from({ length: apps }, (_, index) => index + 1);
  const drafts = [
    { kind: "haf.sync_state.changed" as const, subject: "hive", body: { from: null, to: "LIVE", expected: true } },
    role("haf", null, "alive"),
    ...numbers.flatMap((index) => {
      const name = `app${index}`;
      const body = { from: null, app: app(index), evidence: "seen" };
      return [
        role("setup", name, "done"),
        { kind: "haf.app.state_changed" as const, subject: name, body },
        role("sync", name, "alive"),
        role("detector", name, "done"),
        role("api", name, "alive"),
      ];
    }),
    {
      kind: "haf.stack.state_changed" as const,
      subject: "hive",
      body: { from: [], to: ["api_serving" as const], evidence: "seen" },
    },
  ];
  return drafts.map(event).reduce<HafFold>((fold, each) => reduceHaf(fold, each), EMPTY_HAF);
}
