import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import {
  createFakeReceiver,
  everythingTo,
  type KitOptions,
  openKit,
  type PipelineKit,
  receiver,
  TYPES,
  temporaryFolder,
} from "./pipeline.test-kit.ts";

const WAIT = { timeout: 15_000, interval: 10 };
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

let folder: ReturnType<typeof temporaryFolder>;
let kit: PipelineKit | null;
beforeEach(() => {
  folder = temporaryFolder();
  kit = null;
});
afterEach(async () => {
  await kit?.stop();
  folder.dispose();
});

async function open(options: Omit<KitOptions, "directory">): Promise<PipelineKit> {
  kit = await openKit({ ...options, directory: folder.directory });
  return kit;
}
async function reopen(options: Omit<KitOptions, "directory">): Promise<PipelineKit> {
  await kit?.stop();
  return open(options);
}
const one = (...receivers: Parameters<typeof receiver>[]) => {
  const settings = receivers.map((args) => receiver(...args));
  return { types: TYPES, receivers: settings, routes: everythingTo(...settings.map(({ id }) => id)) };
};

describe("what is accepted", () => {
  it("flaw 3: reaches every receiver whole, lists of one and lists of fifty", async () => {
    const { send, run, fakes } = await open({ settings: one(["store"], ["live", "keep-latest"]) });
    run();
    expect(await send(numbers(1, 50))).toMatchObject({ kind: "taken", accepted: 50, duplicates: 0, rejected: [] });
    await send([51]);
    await vi.waitFor(() => expect(fakes.store?.got()).toEqual(numbers(1, 51)), WAIT);
    await vi.waitFor(() => expect(fakes.live?.got()).toEqual(numbers(1, 51)), WAIT);
  });

  it("is taken once however often it is sent, and what does not fit is told item by item", async () => {
    const { send, run, fakes } = await open({ settings: one(["store"]) });
    run();
    await send([1, 2, 3]);
    expect(await send([2, 3, 4])).toMatchObject({ accepted: 1, duplicates: 2 });
    expect(await send([5], { item: { type: "system_metrics", kind: "statistics" } })).toMatchObject({
      accepted: 0,
      rejected: [{ seq: 5, code: "invalid-body", path: "body.cpu_load" }],
    });
    expect(await send([6], { item: { type: "no such" } })).toMatchObject({
      rejected: [{ seq: 6, code: "unknown-type", path: "type" }],
    });
    const scope = { agents: ["a"], types: ["system_metrics"] };
    expect(await send([7], { scope })).toMatchObject({ rejected: [{ seq: 7, code: "not-allowed", path: "type" }] });
    await vi.waitFor(() => expect(fakes.store?.got()).toEqual([1, 2, 3, 4]), WAIT);
  });

  it("flaw 6: is on disk when it is answered: one that comes after it delivers what this one had not", async () => {
    const settings = one(["store"]);
    const before = await open({ settings });
    await before.send(numbers(1, 300));
    await before.send([302], { agentId: "other" });
    const after = await reopen({ settings });
    expect(after.pipeline.health()).toMatchObject([{ id: "store", queued: 301 }]);
    // An agent that never heard the answer sends again: it was had.
    expect(await after.send([300, 301])).toMatchObject({ accepted: 1, duplicates: 1 });
    after.run();
    await vi.waitFor(() => expect(after.fakes.store?.got()).toEqual([...numbers(1, 300), 302, 301]), WAIT);
    await vi.waitFor(() => expect(after.pipeline.health()).toMatchObject([{ queued: 0, lagMs: 0 }]), WAIT);
  });

  it("is delivered once more when a receiver had not said that it was done", async () => {
    const settings = one(["store"]);
    const never = createFakeReceiver();
    never.behave = () => Promise.reject(new OpsError("upstream-unavailable", "down"));
    const before = await open({ settings, fakes: { store: never } });
    before.run();
    await before.send([1, 2]);
    await vi.waitFor(() => expect(never.calls.length).toBeGreaterThan(0), WAIT);
    const after = await reopen({ settings });
    after.run();
    await vi.waitFor(() => expect(after.fakes.store?.got()).toEqual([1, 2]), WAIT);
  });

  it("tells what never came once, and takes it back when it comes late", async () => {
    const { send, run, counts } = await open({ settings: one(["store"]) });
    run();
    const long = Date.now() - 60_000;
    await send([1, 5], { receivedAt: long as never });
    await vi.waitFor(() => expect(counts.at(-1)).toMatchObject({ missing: 3, gaps: [{ from: 2, to: 4 }] }), WAIT);
    await send([3]);
    await vi.waitFor(() => expect(counts.at(-1)).toMatchObject({ accepted: 3, missing: 2 }), WAIT);
    expect(counts.flatMap(({ gaps }) => gaps)).toHaveLength(1);
  });

  it("has no gap where a door refused an item for its shape: the number has come, and is counted as refused", async () => {
    const { send, run, counts } = await open({ settings: one(["store"]) });
    run();
    await send([1, 3], { refusedSeqs: [2] });
    await send([5], { refusedSeqs: [4] });
    await vi.waitFor(
      () => expect(counts.at(-1)).toMatchObject({ accepted: 3, rejected: 2, missing: 0, gaps: [] }),
      WAIT,
    );
  });
});

describe("a full queue", () => {
  it("flaw 6: is told to the agent, nothing is taken, and credit comes back when it empties", async () => {
    const settings = one(["store", "block", { queue: 10, batch: 5 }]);
    const { send, run, fakes, pipeline } = await open({ settings });
    expect(await send(numbers(1, 10))).toMatchObject({ kind: "taken", credit: 0 });
    expect(pipeline.intake.credit()).toBe(0);
    expect(await send([11])).toMatchObject({ kind: "full", retryAfterMs: expect.any(Number) });
    expect(pipeline.health()).toMatchObject([{ state: "full", queued: 10 }]);
    const again = new Promise<void>((resolve) => pipeline.intake.onCredit(resolve));
    run();
    await again;
    expect(await send([11])).toMatchObject({ kind: "taken", accepted: 1, duplicates: 0 });
    await vi.waitFor(() => expect(fakes.store?.got()).toEqual(numbers(1, 11)), WAIT);
    await vi.waitFor(() => expect(pipeline.health()).toMatchObject([{ state: "ok", dropped: 0 }]), WAIT);
  });

  it("of one receiver holds up what goes to it, and nothing that goes elsewhere", async () => {
    const settings = {
      types: TYPES,
      receivers: [receiver("small", "block", { queue: 1 }), receiver("large")],
      routes: [
        { types: ["free"], kinds: ["k"], to: ["small"] },
        { types: ["free"], kinds: ["other"], to: ["large"] },
      ],
    };
    const { send, pipeline } = await open({ settings });
    await send([1]);
    expect(await send([2])).toMatchObject({ kind: "full" });
    expect(pipeline.intake.credit()).toBeGreaterThan(0);
    expect(await send([2], { item: { kind: "other" } })).toMatchObject({ kind: "taken", accepted: 1 });
  });

  it("that may not block pushes out what is older, and counts it", async () => {
    const settings = one(["latest", "keep-latest", { queue: 3 }], ["oldest", "drop-oldest", { queue: 3 }]);
    const { send, run, fakes, pipeline } = await open({ settings });
    await send([1], { agentId: "quiet" });
    expect(await send(numbers(1, 5))).toMatchObject({ kind: "taken", accepted: 5 });
    expect(pipeline.health()).toMatchObject([
      { id: "latest", dropped: 4, queued: 2 },
      { id: "oldest", dropped: 3, queued: 3 },
    ]);
    run();
    // Of the one that keeps the latest the quiet agent is not pushed out by the loud one.
    await vi.waitFor(() => expect(fakes.latest?.calls.flat().map(({ agentId }) => agentId)).toContain("quiet"), WAIT);
    await vi.waitFor(() => expect(fakes.oldest?.got()).toEqual([3, 4, 5]), WAIT);
  });
});

describe("a receiver that fails", () => {
  it("by sleeping leaves the others less than a second behind, memory bounded, and the agent is told to wait", async () => {
    const sleeper = createFakeReceiver();
    sleeper.behave = (_, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, 10_000);
        signal.addEventListener("abort", () => clearTimeout(timer));
      });
    const settings = {
      types: TYPES,
      receivers: [receiver("sleeper", "block", { queue: 500 }), receiver("store"), receiver("live", "keep-latest")],
      routes: [
        { types: ["free"], kinds: ["k"], to: ["sleeper", "store", "live"] },
        { types: ["free"], kinds: ["other"], to: ["store", "live"] },
      ],
    };
    const { send, run, fakes, pipeline } = await open({ settings, fakes: { sleeper }, timeoutMs: 60_000 });
    run();
    const answers = new Set<string>();
    const lags: number[] = [];
    for (let n = 0; n < 100; n += 1) {
      answers.add((await send(numbers(n * 20 + 1, n * 20 + 10))).kind);
      await send(numbers(n * 20 + 11, n * 20 + 20), { item: { kind: "other" } });
      for (const { id, lagMs } of pipeline.health()) if (id !== "sleeper") lags.push(lagMs);
    }
    expect(answers).toEqual(new Set(["taken", "full"]));
    await vi.waitFor(() => expect(fakes.store?.got().length).toBe(1_000 + 500), WAIT);
    // A machine that is busy elsewhere may be late now and then; the sleeper is late by ten seconds.
    expect(lags.toSorted((x, y) => x - y)[Math.floor(lags.length * 0.9)]).toBeLessThan(1_000);
    expect(Math.max(...lags)).toBeLessThan(5_000);
    expect(sleeper.calls).toHaveLength(1);
    expect(pipeline.health().map(({ id, state }) => [id, state])).toEqual([
      ["sleeper", "full"],
      ["store", "ok"],
      ["live", "ok"],
    ]);
  });

  it("by throwing gets the same list again, then item by item, and only what it will never take is buried", async () => {
    const picky = createFakeReceiver();
    picky.behave = async (batch) => {
      if (batch.some(({ seq }) => seq === 3)) throw new Error("no threes");
    };
    const { send, run, pipeline, spool } = await open({ settings: one(["store"]), fakes: { store: picky } });
    run();
    await send(numbers(1, 5));
    await vi.waitFor(
      () => expect(pipeline.health()).toMatchObject([{ deadLettered: 1, delivered: 4, queued: 0 }]),
      WAIT,
    );
    expect(picky.got()).toEqual([1, 2, 4, 5]);
    expect(picky.calls.slice(0, 5).map((call) => call.length)).toEqual([5, 5, 5, 5, 5]);
    const letters = await spool.letters({ receiver: "store", before: null, limit: 10 });
    expect(letters).toMatchObject([{ receiver: "store", reason: "no threes", envelope: { seq: 3, agentId: "a" } }]);
  });

  it("by being away keeps everything for as long as it is away when it must not lose any", async () => {
    const away = createFakeReceiver();
    let isBack = false;
    away.behave = async () => {
      if (!isBack) throw new OpsError("upstream-unavailable", "down");
    };
    const { send, run, pipeline } = await open({ settings: one(["store"]), fakes: { store: away } });
    run();
    await send(numbers(1, 5));
    await vi.waitFor(() => expect(away.calls.length).toBeGreaterThan(2), WAIT);
    expect(pipeline.health()).toMatchObject([{ state: "failing", reason: "down", deadLettered: 0, queued: 5 }]);
    isBack = true;
    await vi.waitFor(() => expect(away.got()).toEqual(numbers(1, 5)), WAIT);
    await vi.waitFor(() => expect(pipeline.health()).toMatchObject([{ state: "ok", reason: null }]), WAIT);
  });

  it("by hanging is given up in time, told to stop, and opened anew", async () => {
    const hanging = createFakeReceiver();
    let stopped = 0;
    hanging.behave = (_, signal) =>
      hanging.calls.length > 2
        ? Promise.resolve()
        : new Promise(() => signal.addEventListener("abort", () => (stopped += 1)));
    const settings = one(["store"]);
    const { send, run } = await open({ settings, fakes: { store: hanging }, timeoutMs: 50 });
    run();
    await send([1, 2]);
    await vi.waitFor(() => expect(hanging.got()).toEqual([1, 2]), WAIT);
    expect(stopped).toBe(2);
    expect(hanging.closed).toBe(2);
  });
});

describe("a full disk", () => {
  it("is told as unavailable, nothing is taken, and all goes on when there is room", async () => {
    const { send, run, fakes, pipeline } = await open({ settings: one(["store"]), fileBytesMax: 256 * 1024 });
    const large = { item: { body: { text: "x".repeat(60_000) } } };
    const taken: number[] = [];
    let refused: Awaited<ReturnType<typeof send>> | null = null;
    for (let n = 1; n <= 10 && refused === null; n += 1) {
      const answer = await send([n], large);
      if (answer.kind === "taken") taken.push(n);
      else refused = answer;
    }
    expect(refused).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("full") });
    expect(pipeline.intake.credit()).toBe(0);
    const again = new Promise<void>((resolve) => pipeline.intake.onCredit(resolve));
    run();
    await again;
    expect(await send([taken.length + 1], large)).toMatchObject({ kind: "taken", accepted: 1, duplicates: 0 });
    await vi.waitFor(() => expect(fakes.store?.got()).toEqual([...taken, taken.length + 1]), WAIT);
  });
});

describe("a change of an agent", () => {
  const change = (to: string) => ({ agentId: "a", from: "active", to, at: 0 as never });

  it("flaw 4: goes once to each receiver whose route names it, also when an agent is active again", async () => {
    const settings = {
      types: TYPES,
      receivers: [receiver("live", "keep-latest"), receiver("store")],
      routes: [...everythingTo("store"), { types: ["*"], kinds: ["inactive", "active"], to: ["live"] }],
    };
    const { run, fakes, pipeline } = await open({ settings });
    run();
    for (const to of ["late", "inactive", "active", "left", "forgotten"]) pipeline.agentChanged(change(to));
    const told = (id: string) => fakes[id]?.changes.map(({ to }) => to);
    // Whoever holds something of a forgotten agent is told in any case.
    await vi.waitFor(() => expect(told("live")).toEqual(["inactive", "active", "forgotten"]), WAIT);
    await vi.waitFor(() => expect(told("store")).toEqual(["forgotten"]), WAIT);
  });

  it("for the worse is told to who tells numbers as those of now, whatever is routed there", async () => {
    const metrics = { ...receiver("metrics", "keep-latest"), use: "prometheus" as const, maxSeries: 10 };
    const settings = {
      types: TYPES,
      receivers: [metrics, receiver("store")],
      routes: everythingTo("metrics", "store"),
    };
    const { run, fakes, pipeline } = await open({ settings });
    run();
    for (const to of ["late", "inactive", "active", "left"]) pipeline.agentChanged(change(to));
    await vi.waitFor(() => expect(fakes.metrics?.changes.map(({ to }) => to)).toEqual(["inactive", "left"]), WAIT);
    expect(fakes.store?.changes).toEqual([]);
  });
});

describe("a reload", () => {
  it("never has two of one name deliver the same, also when it comes back before it has gone", async () => {
    const { send, run, fakes, pipeline } = await open({ settings: one(["store"], ["hook", "block", { batch: 1 }]) });
    let [atOnce, most] = [0, 0];
    const hook = fakes.hook;
    if (hook === undefined) throw new Error("no such receiver");
    hook.behave = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce -= 1;
    };
    run();
    await send(numbers(1, 40));
    await pipeline.reload(one(["store"]));
    await pipeline.reload(one(["store"], ["hook", "block", { batch: 1 }]));
    await vi.waitFor(() => expect(new Set(hook.got())).toEqual(new Set(numbers(1, 40))), WAIT);
    expect(most).toBe(1);
    expect(pipeline.health().map(({ id }) => id)).toEqual(["store", "hook"]);
  });

  it("starts every receiver, also when what one of them held in memory cannot be kept", async () => {
    const { send, run, fakes, pipeline, spool } = await open({ settings: one(["store"], ["hook", "drop-oldest"]) });
    await send([1]);
    const { append } = spool;
    Object.assign(spool, { append: () => Promise.reject(new OpsError("upstream-unavailable", "disk full")) });
    await pipeline.reload(one(["store"], ["hook", "block"], ["new"]));
    Object.assign(spool, { append });
    run();
    await send([2]);
    for (const id of ["hook", "new"]) await vi.waitFor(() => expect(fakes[id]?.got()).toContain(2), WAIT);
  });

  it("loses nothing that waits, neither of a receiver that is configured anew nor of one that is gone", async () => {
    const settings = one(["store", "block", { batch: 7 }], ["gone"], ["hook", "drop-oldest"]);
    const { send, run, fakes, pipeline } = await open({ settings });
    await send(numbers(1, 100));
    run();
    const sending = (async () => {
      for (let n = 101; n <= 150; n += 1) await send([n]);
    })();
    await pipeline.reload({
      types: TYPES,
      receivers: [receiver("store", "block", { batch: 50 }), receiver("hook", "block"), receiver("new")],
      routes: everythingTo("store", "hook", "new"),
    });
    await sending;
    await send([151]);
    const all = numbers(1, 151);
    await vi.waitFor(() => expect(new Set(fakes.store?.got())).toEqual(new Set(all)), WAIT);
    await vi.waitFor(() => expect(new Set(fakes.hook?.got())).toEqual(new Set(all)), WAIT);
    expect(fakes.new?.got().length).toBeGreaterThan(0);
    const before = new Set(fakes.gone?.got());
    expect([...numbers(1, 100)].every((n) => before.has(n))).toBe(true);
    await vi.waitFor(() => expect(pipeline.health().map(({ id }) => id)).toEqual(["store", "hook", "new"]), WAIT);
  });

  it("with faults tells all of them and changes nothing", async () => {
    const { send, pipeline } = await open({ settings: one(["store"]) });
    const wrong = {
      types: TYPES,
      receivers: [receiver("store"), receiver("idle")],
      routes: everythingTo("store", "x"),
    };
    await expect(pipeline.reload(wrong)).rejects.toMatchObject({
      code: "invalid-input",
      reasons: ["routes.0.to: there is no receiver x", "receivers.idle: no route leads to it"],
    });
    expect(pipeline.health().map(({ id }) => id)).toEqual(["store"]);
    expect(await send([1])).toMatchObject({ kind: "taken" });
  });
});
