/** What flows from agents to receivers at this moment, as the pages draw it. Pure. */
import type {
  AgentState,
  IngestDoor,
  IngestSample,
  PipelineFacts,
  ReceiverSample,
  ReceiverState,
} from "#server/contract/agents.ts";
import { INGEST_DOORS } from "#server/contract/agents.ts";
import type { Maskable } from "#server/contract/event.ts";
import type { IngestFold } from "#server/contract/fold/ingest.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface DoorView {
  readonly door: IngestDoor;
  /** Calls a second; `null` = not known. */
  readonly perSecond: number | null;
  readonly refusedPerSecond: number | null;
}

export interface TypeView {
  readonly type: string;
  readonly kinds: readonly string[];
  readonly perSecond: number | null;
}

/** A receiver in one gateway. */
export interface SeatView {
  readonly gateway: string;
  /** `null` = nothing was told of it yet. */
  readonly state: ReceiverState | null;
  readonly since: EpochMs | null;
  readonly reason: Maskable<string> | null;
  readonly sample: ReceiverSample | null;
}

export type ReceiverView = PipelineFacts["receivers"][number] & {
  /** The worst of its seats in gateways that are up. */
  readonly state: ReceiverState | null;
  readonly perSecond: number | null;
  readonly seats: readonly SeatView[];
};

/** A way from a type to a receiver; empty kinds = all. */
export interface WayView {
  readonly type: string;
  readonly receiver: string;
  readonly kinds: readonly string[];
}

export interface PipelineView {
  readonly agents: Readonly<Partial<Record<AgentState, number>>>;
  readonly doors: readonly DoorView[];
  readonly types: readonly TypeView[];
  readonly receivers: readonly ReceiverView[];
  readonly ways: readonly WayView[];
  readonly gateways: readonly { readonly id: string; readonly state: "up" | "gone"; readonly since: EpochMs }[];
}

/** From worst to best. */
const WORST_FIRST: readonly ReceiverState[] = ["full", "failing", "lagging", "stopped", "ok"];

/** @param sample `null` = high-rate values are not known, as of the past */
export function pipelineView(fold: IngestFold, sample: IngestSample | null): PipelineView | null {
  const { pipeline } = fold;
  if (pipeline === null) return null;
  const agents: Partial<Record<AgentState, number>> = {};
  for (const { state } of Object.values(fold.agents)) agents[state] = (agents[state] ?? 0) + 1;
  const gateways = Object.entries(fold.gateways)
    .map(([id, { state, since }]) => ({ id, state, since }))
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const doors = INGEST_DOORS.filter((door) => door !== "poa" || pipeline.poa);
  return {
    agents,
    doors: doors.map((door) => doorView(door, sample)),
    types: pipeline.types.map(({ type, kinds }) => ({
      type,
      kinds,
      perSecond: sample === null ? null : (sample.types[type]?.perSecond ?? 0),
    })),
    receivers: pipeline.receivers.map((receiver) => receiverView(receiver, fold, sample)),
    ways: waysOf(pipeline),
    gateways,
  };
}

function doorView(door: IngestDoor, sample: IngestSample | null): DoorView {
  if (sample === null) return { door, perSecond: null, refusedPerSecond: null };
  const mine = Object.entries(sample.doors).filter(([key]) => key.endsWith(`/${door}`));
  return {
    door,
    perSecond: sum(mine.map(([, { perSecond }]) => perSecond)),
    refusedPerSecond: sum(mine.map(([, { refusedPerSecond }]) => refusedPerSecond)),
  };
}

function receiverView(
  receiver: PipelineFacts["receivers"][number],
  fold: IngestFold,
  sample: IngestSample | null,
): ReceiverView {
  const seats = Object.entries(fold.gateways)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([gateway, { receivers }]): SeatView => {
      const told = Object.hasOwn(receivers, receiver.id) ? receivers[receiver.id] : undefined;
      return {
        gateway,
        state: told?.state ?? null,
        since: told?.since ?? null,
        reason: told?.reason ?? null,
        sample: sample?.receivers[`${gateway}/${receiver.id}`] ?? null,
      };
    });
  const up = seats.filter(({ gateway }) => fold.gateways[gateway]?.state === "up");
  const state = WORST_FIRST.find((worst) => up.some((seat) => seat.state === worst)) ?? null;
  const rates = up.flatMap((seat) => (seat.sample === null ? [] : [seat.sample.perSecond]));
  return { ...receiver, state, seats, perSecond: rates.length === 0 ? null : sum(rates) };
}

/** Every type to every receiver that a route leads it to; two routes of the same way are one. */
function waysOf({ types, routes }: PipelineFacts): readonly WayView[] {
  const ways = new Map<string, WayView>();
  for (const route of routes) {
    const named = route.types.includes("*") ? types.map(({ type }) => type) : route.types;
    for (const type of named) {
      for (const receiver of route.to) {
        const key = JSON.stringify([type, receiver]);
        const known = ways.get(key);
        const whole = route.kinds.length === 0 || known?.kinds.length === 0;
        const kinds = whole ? [] : [...new Set([...(known?.kinds ?? []), ...route.kinds])];
        ways.set(key, { type, receiver, kinds });
      }
    }
  }
  return [...ways.values()];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
