import type { EventDraft, StreamName } from "#server/contract/event.ts";
import { dynflowStream, hafStream, ingestStream } from "#server/contract/event.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Recorder } from "#server/live/ports.ts";

/** How much there is of the systems beside the clusters. */
export interface BesidePlan {
  readonly agents: number;
  readonly stacks: number;
  readonly worlds: number;
}

type Bodies<K extends EventDraft["kind"]> = Extract<EventDraft, { readonly kind: K }>["body"];

const GATEWAY = "gw1:100";
const APPS_EACH = 6;
const NODES_A_NET = 250;
const TICK_MS = 1_000;
/** Of agents, worlds and apps one in so many changes its state with each tick. */
const AGENTS_SHARE = 20;
const WORLDS_SHARE = 10;
const SILENT_MS = 12_000;

/** Hosts of the nodes of the bench, one after the other: what runs beside a node is tied to it. */
const hostOf = (index: number): string => `10.0.${Math.floor(index / NODES_A_NET)}.${(index % NODES_A_NET) + 1}`;

/**
 * Worlds, stacks and agents that only the journal knows: what is recorded of them travels to the page as that of real
 * ones does, and costs the console nothing else. Every second some of each change their state.
 */
export async function runBeside(
  plan: BesidePlan,
  { recorder, clock }: { readonly recorder: Recorder; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const draft = <K extends EventDraft["kind"]>(kind: K, subject: string, body: Bodies<K>): EventDraft =>
    ({ kind, subject, body, occurredAt: clock.now() }) as EventDraft;
  const up = (id: string) => draft("source.state_changed", id, { from: null, to: "up", reason: null });
  const stacks = Array.from({ length: plan.stacks }, (_, index) => `hive-${index + 1}`);
  const record = async (stream: StreamName, drafts: readonly EventDraft[]): Promise<void> => {
    if (drafts.length > 0) await recorder.record(stream, drafts);
  };

  const world = (index: number, active: boolean): Bodies<"dynflow.world.registered"> => ({
    class: "Dynflow::Coordinator::ExecutorWorld",
    executor: true,
    active,
    ...{
      hostname: hostOf(index * 3),
      pid: 1_000 + index,
      queues: { default: 5 },
      lastSeenText: null,
      unreadable: null,
    },
  });
  const worldId = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
  const worlds = Array.from({ length: plan.worlds }, (_, index) => index);
  if (plan.worlds > 0)
    await record(dynflowStream("foreman"), [
      up("foreman"),
      ...worlds.map((index) => draft("dynflow.world.registered", worldId(index), world(index, true))),
    ]);

  const facts = (name: string, index: number, state: "live" | "detached") => ({
    ...{ contextId: index, state, stage: "live", attached: state === "live", inSync: true, block: 12_000 },
    ...{ forkId: "1", forking: true, owner: name },
  });
  const role = (name: "haf" | "setup" | "sync" | "api", app: string | null, host: string): EventDraft =>
    draft("haf.role.changed", `${name}/${app === null ? "1" : `${app}/1`}`, {
      ...{ role: name, app, generation: 1, from: null, to: name === "setup" ? "done" : "alive", inferred: false },
      ...{ cause: null, exitCode: null, evidence: "seen" },
      container: { name: `${app ?? "haf"}-${name}-1`, image: "haf", host },
    });
  const apps = Array.from({ length: APPS_EACH }, (_, index) => `app${index + 1}`);
  for (const [at, stack] of stacks.entries())
    await record(hafStream(stack), [
      up(stack),
      role("haf", null, hostOf(at)),
      ...apps.flatMap((app, index) => [
        draft("haf.app.state_changed", app, { from: null, app: facts(app, index, "live"), evidence: "seen" }),
        ...(["setup", "sync", "api"] as const).map((name) => role(name, app, hostOf(at * 10 + index))),
      ]),
    ]);

  const agents = Array.from({ length: plan.agents }, (_, index) => `agent-${index + 1}`);
  const late = new Set<string>();
  if (plan.agents > 0)
    await record(ingestStream("agents"), [
      up("agents"),
      draft("ingest.gateway.changed", GATEWAY, { state: "up", host: "gw1", evidence: "it answers" }),
      ...agents.flatMap((id, index) => [
        draft("agent.seen", id, {
          about: { hostname: `host-${index}.example.org`, addresses: [hostOf(index * 2)], program: "agent 1.0" },
          ...{ door: "http", peer: hostOf(index * 2), bootId: "boot", gateway: GATEWAY },
        }),
        draft("agent.state_changed", id, agentTurn("unknown", "active")),
      ]),
    ]);

  for (let tick = 0; !signal.aborted; tick += 1) {
    await clock.sleep(TICK_MS, signal);
    await record(
      ingestStream("agents"),
      agents
        .filter((_, index) => (index + tick) % AGENTS_SHARE === 0)
        .map((id) => {
          if (!late.delete(id)) late.add(id);
          return draft(
            "agent.state_changed",
            id,
            late.has(id) ? agentTurn("active", "late") : agentTurn("late", "active"),
          );
        }),
    );
    if (agents.length > 0)
      recorder.sample(ingestStream("agents"), { asOf: clock.now(), readMs: 1, ingest: ingestSample(agents, clock) });
    await record(
      dynflowStream("foreman"),
      worlds
        .filter((index) => (index + tick) % WORLDS_SHARE === 0)
        .map((index) =>
          draft(
            "dynflow.world.changed",
            worldId(index),
            world(index, Math.floor((index + tick) / WORLDS_SHARE) % 2 === 0),
          ),
        ),
    );
    for (const stack of stacks) {
      const index = tick % apps.length;
      const app = apps[index] ?? "";
      const state = Math.floor(tick / apps.length) % 2 === 0 ? "detached" : "live";
      await record(hafStream(stack), [
        draft("haf.app.state_changed", app, { from: null, app: facts(app, index, state), evidence: "seen" }),
      ]);
    }
  }
}

const agentTurn = (
  from: Bodies<"agent.state_changed">["from"],
  to: Bodies<"agent.state_changed">["to"],
): Bodies<"agent.state_changed"> => ({ from, to, evidence: "bench", silentMs: SILENT_MS, bootId: "boot" });

const ingestSample = (agents: readonly string[], clock: Clock) => ({
  agents: Object.fromEntries(
    agents.map((id) => [
      id,
      { lastAt: clock.now(), perSecond: 1, skewMs: 3, roundTripMs: 2, gaps: 0, duplicates: 0, rejected: 0 },
    ]),
  ),
  ...{ receivers: {}, doors: {}, types: {} },
});
