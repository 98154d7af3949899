/** Gateways that come and go, their receivers and their routes: what the journal does not know of them yet. */
import { GATEWAY_STOPPED, type IngestSample } from "#server/contract/agents.ts";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft } from "#server/contract/event.ts";
import type { GatewayFold, IngestFold } from "#server/contract/fold/ingest.ts";
import { own } from "#server/contract/fold/record.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { GatewayTold } from "./agent-beats.ts";

/** A gateway beats each second. */
export const GATEWAY_GONE_AFTER_MS = 5_000;

/** How a gateway stands, by what was watched of its beats. */
export interface GatewayStanding {
  readonly told: GatewayTold;
  /** It beats, as far as can be told. */
  readonly alive: boolean;
  /** Since its last beat, in time that was watched. */
  readonly silentMs: number;
}

/** Follows the beats of each gateway: only a beat that changes is one. */
export function createGatewayStandings() {
  const seen = new Map<string, { beat: string; atMs: number; confirmed: boolean }>();
  let first = true;

  return {
    /** @param nowMs time that was watched */
    of(told: readonly GatewayTold[], nowMs: number): readonly GatewayStanding[] {
      const standings = told.map((one) => {
        const beat = `${one.beat.startedAt}:${one.beat.upMs}`;
        const before = seen.get(one.gateway);
        // What was there when we began to look may be of long ago.
        if (before === undefined) seen.set(one.gateway, { beat, atMs: nowMs, confirmed: !first });
        else if (before.beat !== beat) seen.set(one.gateway, { beat, atMs: nowMs, confirmed: true });
        const { atMs, confirmed } = seen.get(one.gateway) ?? { atMs: nowMs, confirmed: false };
        const silentMs = nowMs - atMs;
        return { told: one, alive: confirmed && !one.beat.stopped && silentMs < GATEWAY_GONE_AFTER_MS, silentMs };
      });
      first = false;
      const present = new Set(told.map(({ gateway }) => gateway));
      for (const gateway of seen.keys()) if (!present.has(gateway)) seen.delete(gateway);
      return standings;
    },
  };
}

/** Those of the fold that are not heard of at all come first: one that comes up in the place of another replaces it. */
export function gatewayDrafts(
  fold: IngestFold,
  standings: readonly GatewayStanding[],
  at: EpochMs,
): readonly EventDraft[] {
  const present = new Set(standings.map(({ told }) => told.gateway));
  const missing = Object.entries(fold.gateways)
    .filter(([id, { state }]) => state === "up" && !present.has(id))
    .map(([id, { host }]) => goneDraft(id, host, "nothing is told by it any more", at));
  return [
    ...missing,
    ...standings.flatMap((standing) => draftsOf(fold, standing, at)),
    ...pipelineDraft(fold, standings, at),
  ];
}

function draftsOf(fold: IngestFold, { told, alive, silentMs }: GatewayStanding, at: EpochMs): readonly EventDraft[] {
  const { gateway, beat } = told;
  const known = own(fold.gateways, gateway);
  if (alive) {
    const up: readonly EventDraft[] =
      known?.state === "up"
        ? []
        : [
            {
              kind: "ingest.gateway.changed",
              subject: gateway,
              occurredAt: at,
              body: { state: "up", host: beat.host, evidence: known === undefined ? "it beats" : "it beats again" },
            },
          ];
    return [...up, ...receiverDrafts(gateway, known, told, at)];
  }
  if (known?.state !== "up") return [];
  if (beat.stopped) return [goneDraft(gateway, beat.host, GATEWAY_STOPPED, at)];
  if (silentMs < GATEWAY_GONE_AFTER_MS) return [];
  return [goneDraft(gateway, beat.host, `no heartbeat for ${Math.round(silentMs / 1_000)} s`, at)];
}

const goneDraft = (subject: string, host: string, evidence: string, at: EpochMs): EventDraft => ({
  kind: "ingest.gateway.changed",
  subject,
  occurredAt: at,
  body: { state: "gone", host, evidence },
});

function receiverDrafts(
  gateway: string,
  known: GatewayFold | undefined,
  { beat }: GatewayTold,
  at: EpochMs,
): readonly EventDraft[] {
  const receivers = Object.entries(beat.figures.receivers);
  const changed = receivers.flatMap(([receiver, { state, reason }]): EventDraft[] => {
    const before = known === undefined ? undefined : own(known.receivers, receiver);
    if (before?.state === state) return [];
    return [receiverDraft(gateway, receiver, before?.state ?? null, state, reason, at)];
  });
  const removed = Object.entries(known?.receivers ?? {})
    .filter(([receiver, { state }]) => state !== "stopped" && !Object.hasOwn(beat.figures.receivers, receiver))
    .map(([receiver, { state }]) => receiverDraft(gateway, receiver, state, "stopped", "not configured any more", at));
  return [...changed, ...removed];
}

type ReceiverState = GatewayFold["receivers"][string]["state"];

const receiverDraft = (
  gateway: string,
  receiver: string,
  from: ReceiverState | null,
  to: ReceiverState,
  reason: string | null,
  at: EpochMs,
): EventDraft => ({
  kind: "ingest.receiver.changed",
  subject: `${gateway}/${receiver}`,
  occurredAt: at,
  body: { gateway, receiver, from, to, reason },
});

/** All gateways are configured alike; while that is not so, the one that started last is believed. */
function pipelineDraft(fold: IngestFold, standings: readonly GatewayStanding[], at: EpochMs): readonly EventDraft[] {
  const latest = standings
    .filter(({ alive, told }) => alive && told.beat.figures.pipeline !== null)
    .toSorted((a, b) => b.told.beat.startedAt - a.told.beat.startedAt || (a.told.gateway < b.told.gateway ? -1 : 1))[0];
  const pipeline = latest?.told.beat.figures.pipeline ?? null;
  if (latest === undefined || pipeline === null || canonicalJson(fold.pipeline) === canonicalJson(pipeline)) return [];
  return [{ kind: "ingest.pipeline.changed", subject: latest.told.gateway, occurredAt: at, body: pipeline }];
}

/** The high-rate values of all gateways that live. */
export function figuresSample(standings: readonly GatewayStanding[]): Omit<IngestSample, "agents"> {
  const live = standings.filter(({ alive }) => alive).map(({ told }) => told);
  const receivers = live.flatMap(({ gateway, beat }) =>
    Object.entries(beat.figures.receivers).map(([id, { state: _, reason: __, ...figures }]) => [
      `${gateway}/${id}`,
      figures,
    ]),
  );
  const doors = live.flatMap(({ gateway, beat }) =>
    Object.entries(beat.figures.doors).map(([door, figures]) => [`${gateway}/${door}`, figures]),
  );
  const perSecond = new Map<string, number>();
  for (const { beat } of live)
    for (const [type, figures] of Object.entries(beat.figures.types))
      perSecond.set(type, (perSecond.get(type) ?? 0) + figures.perSecond);
  return {
    receivers: Object.fromEntries(receivers),
    doors: Object.fromEntries(doors),
    types: Object.fromEntries([...perSecond].map(([type, rate]) => [type, { perSecond: rate }])),
  };
}
