/** What a kind of job calls its targets, and where they are shown. Pure. */
import { shortId } from "#components/ui/format.ts";
import { type Href, routes } from "#components/ui/routes.ts";
import { parseActorTarget } from "#server/contract/actor-key.ts";
import type { JobFacts } from "#server/contract/event.ts";

export interface JobWords {
  /** `key` or `plan`, and how several are called. */
  readonly target: string;
  readonly targets: string;
  /** What each outcome means here. */
  readonly applied: string;
  readonly moved: string;
  readonly failed: string;
  readonly unknown: string;
  /** What becomes of what is unknown. */
  readonly settles: string;
  /** What resuming and cancelling the job do. */
  readonly resumes: string;
  readonly cancels: string;
  /** Whether its failed targets can be tried again. */
  readonly retries: boolean;
  /** The target as it is written in a table. */
  name(key: string): string;
  /** Where a target is shown; `null` = nowhere. */
  place(key: string): Href | null;
}

const sourceOf = (facts: JobFacts): string => facts.stream.slice(facts.stream.indexOf(":") + 1);

const FAILOVER: Omit<JobWords, "place" | "name"> = {
  target: "key",
  targets: "keys",
  applied: "released, or given to a chosen node",
  moved: "somebody else's by then, left alone",
  failed: "rows that cannot be read",
  unknown: "no read could settle them",
  settles: "No read could settle it: look at the key.",
  resumes:
    "It counts 75 s of silence anew, unless the death is proven, looks whether its nodes still live, and goes on where it was.",
  cancels:
    "It stops for good at the next safe point. What is done stays done; the rest is left to DNA, which takes keys over by itself.",
  retries: false,
};

const STOP: Omit<JobWords, "place" | "name"> = {
  target: "actor",
  targets: "actors",
  applied: "ended; the next message starts them again",
  moved: "ended, started anew or owned by another by then",
  failed: "busy, or still running",
  unknown: "being stopped, or not known yet",
  settles: "The registry of the node settles it when the job goes on; it is never sent again.",
  resumes: "It goes on with the next actor that was listed; what may have been sent is looked up, not sent again.",
  cancels: "It stops for good between two actors. What is ended stays so until a message comes; the others run on.",
  retries: false,
};

/** A walk has no targets: nothing is done to any key. */
const CENSUS: Omit<JobWords, "place" | "name"> = {
  target: "row",
  targets: "rows",
  applied: "rows counted; nothing is written",
  moved: "a walk moves none",
  failed: "what cannot be read is told with the census",
  unknown: "a row is read or it is not",
  settles: "",
  resumes: "It goes on behind the last row that it counted; what was counted stays counted.",
  cancels: "It stops for good, and what it had counted is dropped: a part of the register says nothing of the whole.",
  retries: false,
};

const PLANS: Omit<JobWords, "place" | "name" | "applied"> = {
  target: "plan",
  targets: "plans",
  moved: "changed since, left alone",
  failed: "nothing was done",
  unknown: "not settled yet",
  settles:
    "It may have been sent and was not answered. The plan's lock, its rows or a late reply settles it, also after the job has ended; it is never sent again.",
  resumes: "It goes on where it was: each plan is read once more before it is acted on.",
  cancels:
    "It stops for good once what was sent is answered. What is done stays done; the other plans stay as they are.",
  retries: true,
};

const APPLIED: Readonly<Record<string, string>> = {
  "dynflow.plans.resume": "an executor took them",
  "dynflow.plans.skip": "their failed steps are skipped",
  "dynflow.plans.cancel": "their steps took the cancel",
  "dynflow.plans.abort": "their steps took the abort",
  "dynflow.plans.halt": "they are halted, or an executor took the halt",
};

const INVALIDATION: Omit<JobWords, "place" | "name"> = {
  ...PLANS,
  applied: "taken from the dead world",
  moved: "its lock was gone by then, left alone",
  failed: "must not be written",
  unknown: "being written, or not known yet",
  settles: "The plan's lock and its history settle it when the job goes on: nothing is written twice.",
  resumes:
    "It pings the world once more, takes the invalidation lock again, and goes on with what the world still holds.",
  cancels: "It stops for good between two plans. What is done stays done; an executor that starts does the rest.",
  retries: false,
};

const actorName = (key: string): string => parseActorTarget(key)?.name ?? key;
function actorPlace(facts: JobFacts, key: string): Href | null {
  const actor = parseActorTarget(key);
  return actor === null ? null : routes.actors({ source: sourceOf(facts), ...actor });
}

export function jobWords(facts: JobFacts): JobWords {
  if (facts.kind === "dna.failover") return { ...FAILOVER, name: (key) => key, place: () => null };
  if (facts.kind === "dna.actors.stop") return { ...STOP, name: actorName, place: (key) => actorPlace(facts, key) };
  if (facts.kind === "dna.census") return { ...CENSUS, name: (key) => key, place: () => null };
  const place = (key: string) => routes.plan(sourceOf(facts), key);
  if (facts.kind === "dynflow.worlds.invalidate") return { ...INVALIDATION, name: shortId, place };
  return {
    ...PLANS,
    applied: APPLIED[facts.kind] ?? "acted on",
    name: shortId,
    place,
  };
}
