import { describe, expect, it } from "vitest";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createLiveView, TAIL_MESSAGES } from "./live-view.ts";
import type { Envelope } from "./ports.ts";
import { createPrometheusView } from "./prometheus-view.ts";

const signal = new AbortController().signal;

function setUp() {
  const clock = createManualClock();
  const live = createLiveView(clock);
  const receiver = live.receiver();
  const item = (seq: number, of: Partial<Envelope> = {}): Envelope => ({
    agentId: "a",
    bootId: "b",
    seq,
    at: clock.now(),
    receivedAt: clock.now(),
    type: "system_metrics",
    kind: "statistics",
    body: { cpu_load: seq, name: "x" },
    ...of,
  });
  const take = (...items: readonly Envelope[]) => receiver.receive(items, signal);
  const change = (agentId: string, to: string) =>
    receiver.agentChanged({ agentId, from: "inactive", to, at: clock.now() });
  return { clock, live, item, take, change };
}

describe("what agents said last", () => {
  it("is the newest of each type and kind, also when an older one is sent again late", async () => {
    const { live, item, take } = setUp();
    await take(item(1), item(3), item(2), item(4, { kind: "other" }));
    expect(live.last("a").map(({ kind, seq }) => [kind, seq])).toEqual([
      ["other", 4],
      ["statistics", 3],
    ]);
    expect(live.last("nobody")).toEqual([]);
  });

  it("is the last hundred messages raw, newest first, in bounded memory", async () => {
    const { live, item, take } = setUp();
    for (let seq = 1; seq <= 250; seq += 1) await take(item(seq));
    expect(live.tail("a", 1_000).map(({ seq }) => seq)).toEqual(
      Array.from({ length: TAIL_MESSAGES }, (_, n) => 250 - n),
    );
    expect(live.tail("a", 2).map(({ seq }) => seq)).toEqual([250, 249]);
    const large = { text: "x".repeat(400_000) };
    for (let seq = 251; seq <= 260; seq += 1) await take(item(seq, { body: large }));
    expect(live.tail("a", 100).length).toBeLessThan(4);
  });

  it("is bounded in memory over all agents, whoever of them is heard no more", async () => {
    const { live, item, take } = setUp();
    const large = { text: "x".repeat(500_000) };
    for (let agent = 1; agent <= 150; agent += 1) await take(item(1, { agentId: `a${agent}`, body: large }));
    const kept = (of: (agentId: string) => readonly Envelope[]) =>
      Array.from({ length: 150 }, (_, n) => of(`a${n + 1}`).length).reduce((sum, count) => sum + count, 0);
    expect(kept((agentId) => live.last(agentId))).toBeLessThan(70);
    expect(kept((agentId) => live.tail(agentId, 100))).toBeLessThan(70);
    expect([live.last("a150").length, live.tail("a150", 1).length]).toEqual([1, 1]);
  });

  it("gives the series of agents that have gone to those that come", async () => {
    const { clock, live, item, take } = setUp();
    const numbers = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`n${n}`, n]));
    for (let agent = 0; agent < 625; agent += 1) await take(item(1, { agentId: `old-${agent}`, body: numbers }));
    await take(item(1, { agentId: "too-many", body: numbers }));
    expect([live.seriesRefused(), live.series("too-many").length]).toEqual([16, 0]);
    await clock.advance(3_700_000);
    await take(item(1, { agentId: "new", body: numbers }));
    expect([live.seriesRefused(), live.series("new").length]).toEqual([16, 16]);
  });

  it("is an hour of every number in steps of ten seconds", async () => {
    const { clock, live, item, take } = setUp();
    await take(item(10), item(20));
    await clock.advance(3_590_000);
    await take(item(30));
    const [series] = live.series("a");
    expect(series).toMatchObject({ type: "system_metrics", kind: "statistics", field: "cpu_load" });
    expect(series?.points.map(({ mean, count }) => [mean, count])).toEqual([
      [15, 2],
      [30, 1],
    ]);
    await clock.advance(20_000);
    expect(live.series("a")[0]?.points.map(({ mean }) => mean)).toEqual([30]);
  });

  it("flaw 7: is gone with an agent that is forgotten, and does not grow with ever new agents", async () => {
    const { live, item, take, change } = setUp();
    await take(item(1), item(1, { agentId: "b" }));
    await change("b", "inactive");
    expect(live.last("b")).toHaveLength(1);
    await change("b", "forgotten");
    expect([live.last("b"), live.tail("b", 10), live.series("b")]).toEqual([[], [], []]);
    for (let n = 0; n < 12_000; n += 1) await take(item(1, { agentId: `agent-${n}` }));
    expect(live.last("agent-0")).toEqual([]);
    expect(live.last("agent-11999")).toHaveLength(1);
    // Who went made room for the numbers of who came.
    expect(live.series("agent-11999")).toHaveLength(1);
  });

  it("bounds the kinds of an agent that invents ever new ones", async () => {
    const { live, item, take } = setUp();
    for (let n = 0; n < 500; n += 1) await take(item(n + 1, { kind: `kind-${n}` }));
    expect(live.last("a")).toHaveLength(64);
  });
});

describe("the numbers for Prometheus", () => {
  it("are the latest ones, escaped, at most as many as allowed, and of no agent that is silent", async () => {
    const { item } = setUp();
    const view = createPrometheusView(DEFAULT_MASK_RULES);
    const receiver = view.receiver(2);
    expect(view.text()).toBe("");
    await receiver.receive(
      [item(1, { agentId: 'a"\\\n' }), item(2, { agentId: 'a"\\\n' }), item(3, { kind: "k" })],
      signal,
    );
    await receiver.receive([item(4, { kind: "one too many" })], signal);
    expect(view.text().split("\n")).toEqual([
      "# HELP worldline_agent_value Latest number in what an agent sent",
      "# TYPE worldline_agent_value gauge",
      String.raw`worldline_agent_value{agent="a\"\\\n",type="system_metrics",kind="statistics",field="cpu_load"} 2`,
      'worldline_agent_value{agent="a",type="system_metrics",kind="k",field="cpu_load"} 3',
      "# HELP worldline_agent_values_dropped_total Numbers for which there was no series left",
      "# TYPE worldline_agent_values_dropped_total counter",
      "worldline_agent_values_dropped_total 1",
      "",
    ]);
    await receiver.agentChanged({ agentId: "a", from: "late", to: "inactive", at: epochMs(1) });
    expect(view.text()).not.toContain('agent="a",');
  });

  it("are without what stands under a masked key, as everywhere", async () => {
    const { item } = setUp();
    const view = createPrometheusView(DEFAULT_MASK_RULES);
    await view.receiver(10).receive([item(1, { body: { cpu_load: 3, admin_password: 4711, "x token=8": 9 } })], signal);
    expect(view.text()).toContain('field="cpu_load"} 3');
    expect(view.text()).not.toMatch(/4711|password|token|dropped_total [1-9]/);
  });
});
