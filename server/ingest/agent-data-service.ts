/** What the screens ask of the gateway of this process: how its receivers fare, what agents sent, what nobody took. */
import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { type Audience, audienceOf } from "#server/auth/permissions.ts";
import { ingestStream, MASKED } from "#server/contract/event.ts";
import { maskText } from "#server/contract/mask.ts";
import { isShownKey, maskPlain } from "#server/contract/mask-payload.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import type * as wire from "#server/contract/wire/agents-data.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import { type Clock, epochMs, toIso } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Operations } from "#server/operations/ports.ts";
import { toEventActor } from "#server/operations/tell.ts";
import { isObject } from "./codec/body.ts";
import { numbersOf } from "./domain/series.ts";
import type { LiveView } from "./live-view.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Envelope, MetricStore, Spool } from "./ports.ts";

export const RELOAD_ACTION = "agents.reload";
const NUMBERS_MAX = 16;
const SPAN_MAX_MS = 86_400_000;
const POINTS_PER_TYPE_MAX = 5_000;

export interface AgentData {
  /** Of the source. */
  readonly id: string;
  /** As `host:pid`. */
  readonly gateway: string;
  readonly pipeline: Pipeline;
  readonly live: LiveView;
  readonly spool: Pick<Spool, "letters">;
  table(): MetricStore | null;
  /** Reads the configuration again. Answers in words what holds now; rejects with what is wrong with it. */
  reload(): Promise<string>;
}

export interface AgentDataDeps {
  /** `null` = this process has no gateway. */
  gateway(): AgentData | null;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly masks: MaskRules;
}

export function createAgentDataService({ gateway, operations, clock, masks }: AgentDataDeps) {
  function dataFor(caller: Caller, source: string): AgentData {
    const data = gateway();
    return sourceFor(caller, data === null ? [] : [data], source);
  }

  const now = () => ({ asOf: toIso(clock.now()), faults: [] });

  return {
    async pipeline(caller: Caller, { source }: WireIn<typeof wire.pipelineInput>): WireOut<typeof wire.pipelineOutput> {
      const { pipeline, gateway: name } = dataFor(caller, source);
      const { pipeline: facts, types } = pipeline.figures();
      const audience = audienceOf(caller.principal);
      return {
        ...now(),
        gateway: name,
        receivers: pipeline.health().map((one) => ({ ...one, reason: maskText(one.reason, audience, masks) })),
        types: (facts?.types ?? []).map(({ type, kinds }) => ({
          type,
          kinds: [...kinds],
          perSecond: types[type]?.perSecond ?? 0,
        })),
        routes: (facts?.routes ?? []).map((route) => ({
          types: [...route.types],
          kinds: [...route.kinds],
          to: [...route.to],
        })),
        credit: pipeline.intake.credit(),
      };
    },

    async deadLetters(
      caller: Caller,
      { source, receiver, before, limit }: WireIn<typeof wire.deadLettersInput>,
    ): WireOut<typeof wire.deadLettersOutput> {
      const { spool } = dataFor(caller, source);
      const audience = audienceOf(caller.principal);
      const letters = await spool.letters({ receiver: receiver ?? null, before: before ?? null, limit: limit + 1 });
      const page = letters.slice(0, limit);
      return {
        ...now(),
        letters: page.map(({ id, receiver: by, at, reason, envelope }) => ({
          ...viewOf(envelope, audience, masks),
          ...{ id, receiver: by, agentId: envelope.agentId, buriedAt: toIso(at) },
          reason: maskText(reason, audience, masks) ?? "",
        })),
        next: letters.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },

    async last(
      caller: Caller,
      { source, agentId }: WireIn<typeof wire.agentLastInput>,
    ): WireOut<typeof wire.agentLastOutput> {
      const { live } = dataFor(caller, source);
      const audience = audienceOf(caller.principal);
      return { ...now(), values: live.last(agentId).map((item) => viewOf(item, audience, masks)) };
    },

    async tail(
      caller: Caller,
      { source, agentId, limit }: WireIn<typeof wire.agentTailInput>,
    ): WireOut<typeof wire.agentTailOutput> {
      const { live } = dataFor(caller, source);
      const audience = audienceOf(caller.principal);
      return { ...now(), messages: live.tail(agentId, limit).map((item) => viewOf(item, audience, masks)) };
    },

    async points(
      caller: Caller,
      { source, agentId, span }: WireIn<typeof wire.agentPointsInput>,
    ): WireOut<typeof wire.agentPointsOutput> {
      const data = dataFor(caller, source);
      const isShown = ({ field }: { readonly field: string }) => isShownKey(masks, field);
      if (span !== undefined) {
        const found = await fromTable(data, agentId, span, clock);
        return { ...now(), ...found, series: found.series.filter(isShown) };
      }
      const series = data.live
        .series(agentId)
        .filter(isShown)
        .map(({ points, ...names }) => ({
          ...names,
          points: points.map(({ at, mean }) => ({ at: toIso(epochMs(at)), value: mean })),
        }));
      return { ...now(), from: "memory", series };
    },

    async reload(
      caller: Caller,
      { source, reason, requestId }: WireIn<typeof wire.pipelineReloadInput>,
    ): WireOut<typeof wire.pipelineReloadOutput> {
      const data = dataFor(caller, source);
      if (operations.known(requestId) !== null) return { journalId: requestId, phase: "executed", note: null };
      const operation = {
        requestId,
        actor: toEventActor(caller, reason),
        facts: { action: RELOAD_ACTION, stream: ingestStream(data.id), target: data.gateway, expected: null },
      };
      const note = await operations.perform(
        operation,
        () => reloaded(data),
        (found) => found,
      );
      return { journalId: requestId, phase: "executed", note };
    },
  };
}

/** What is wrong with the configuration is for whoever asked, in the words of its reader. */
async function reloaded(data: AgentData): Promise<string> {
  try {
    return await data.reload();
  } catch (cause) {
    if (cause instanceof OpsError) throw cause;
    throw new OpsError("invalid-input", `The configuration has faults, all stays as it was: ${messageOf(cause)}`, {
      cause,
    });
  }
}

type MessageView = WireShape<typeof wire.agentTailOutput>["messages"][number];

function viewOf(item: Envelope, audience: Audience, masks: MaskRules): MessageView {
  const { bootId, seq, type, kind, at, receivedAt, body } = item;
  const shown = maskPlain(masks, body).value;
  return {
    ...{ bootId, seq, type, kind },
    at: toIso(at),
    receivedAt: toIso(receivedAt),
    numbers: Object.fromEntries(numbersOf(isObject(shown) ? shown : {}, NUMBERS_MAX)),
    body: audience === "public" ? MASKED : (shown as MessageView["body"]),
  };
}

async function fromTable(
  { table, pipeline }: AgentData,
  agentId: string,
  span: { readonly from: string; readonly to: string },
  clock: Clock,
): Promise<Pick<WireShape<typeof wire.agentPointsOutput>, "from" | "series" | "faults">> {
  const [from, to] = [epochMs(Date.parse(span.from)), epochMs(Date.parse(span.to))];
  if (!(from <= to && to - from <= SPAN_MAX_MS)) {
    throw new OpsError("invalid-input", "A span of points is at most a day, and ends behind its begin");
  }
  const store = table();
  if (store === null) return { from: "nowhere", series: [], faults: [] };
  const types = pipeline.intake.pipeline().types.map(({ type }) => type);
  const series = new Map<string, WireShape<typeof wire.agentPointsOutput>["series"][number]>();
  try {
    for (const type of types) {
      const points = await store.read({ agentId, type, kind: null, from, to, limit: POINTS_PER_TYPE_MAX });
      for (const { kind, at, body } of points.toReversed()) {
        for (const [field, value] of numbersOf(body, NUMBERS_MAX)) {
          const key = `${type}\n${kind}\n${field}`;
          const known = series.get(key) ?? { type, kind, field, points: [] };
          known.points.push({ at: toIso(at), value });
          series.set(key, known);
        }
      }
    }
  } catch (cause) {
    if (!(cause instanceof OpsError)) throw cause;
    const fault = { source: "table", message: "The table of points does not answer", since: toIso(clock.now()) };
    return { from: "table", series: [...series.values()], faults: [fault] };
  }
  return { from: "table", series: [...series.values()], faults: [] };
}
