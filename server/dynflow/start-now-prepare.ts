/** What a start ahead of its time rests on: the delay, the prerequisites and the locks, read now. */
import type { EpochMs } from "#server/kernel/clock.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { decide, type PlanReading, type Prepared, readPlan, stateMoved } from "./command-prepare.ts";
import type { StartNowRequest } from "./commands.ts";
import type { PlanRecord } from "./domain/model.ts";
import type { Prerequisite } from "./domain/ready.ts";
import { judgeStartNow, type StartJudgement } from "./domain/start-now.ts";
import type { DynflowStore } from "./ports.ts";

/** Heads of one read: the bound of `DynflowStore.heads`. */
const HEADS_A_READ = 500;

type Store = Pick<DynflowStore, "plan" | "records" | "heads">;

export interface StartReading {
  readonly judgement: StartJudgement;
  readonly prerequisites: readonly Prerequisite[];
}

/** How a plan that was just read stands to a start now. */
export async function readStart(
  store: Pick<Store, "heads">,
  { plan, locks }: PlanReading,
  now: EpochMs,
): Promise<StartReading> {
  const prerequisites = await prerequisitesOf(store, plan);
  const judgement = judgeStartNow({
    state: plan.head.state,
    delayed: delayOf(plan),
    prerequisites,
    planning: locks.some((lock) => lock.kind === "planning"),
    now,
  });
  const inhibited = locks.some((lock) => lock.kind === "inhibition");
  const refusals = [
    ...judgement.refusals,
    ...(inhibited ? ["its execution is inhibited: someone asked for a halt"] : []),
  ];
  return { judgement: { ...judgement, refusals }, prerequisites };
}

async function prerequisitesOf(store: Pick<Store, "heads">, plan: PlanRecord): Promise<readonly Prerequisite[]> {
  const found: Prerequisite[] = [];
  for (let start = 0; start < plan.blockedBy.length; start += HEADS_A_READ) {
    const ids = plan.blockedBy.slice(start, start + HEADS_A_READ);
    const heads = new Map((await store.heads(ids)).map((head) => [head.id, head]));
    for (const planId of ids) {
      const head = heads.get(planId);
      found.push({ planId, state: head?.state ?? null, result: head?.result ?? null });
    }
  }
  return found;
}

function delayOf({ delayed }: PlanRecord) {
  if (delayed === null) return null;
  const { startAt, startBefore, frozen } = delayed;
  return { startAt: epochOf(startAt), startBefore: epochOf(startBefore), frozen };
}

const epochOf = (text: string | null): EpochMs | null => (text === null ? null : epochMs(Date.parse(text)));

export async function prepareStartNow(
  store: Store,
  now: EpochMs,
  request: Omit<StartNowRequest, "requestId" | "actor">,
): Promise<Prepared> {
  const reading = await readPlan(store, request.planId);
  if (reading === null) return { kind: "missing" };
  const { plan } = reading;
  const { refusals, overrides } = (await readStart(store, reading, now)).judgement;
  const unseen = overrides.filter((text) => !request.expectedOverrides.includes(text));
  const moved = [...stateMoved(plan, request.expectedState), ...(refusals.length > 0 ? [] : unseen)];
  return decide(moved, refusals, () => ({ kind: "planning", plan }));
}
