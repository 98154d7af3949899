/** One thing that needs a person, as the screens and `overview.get` tell it. */
import type { StreamName } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { NeedKind } from "#server/kernel/need-kinds.ts";
import type { Shape } from "#server/kernel/states.ts";

export { NEED_KINDS, type NeedKind } from "#server/kernel/need-kinds.ts";

export type Severity = "failed" | "attention";

/** Where the thing is: what opening it means. */
export type NeedPlace =
  | { readonly page: "node"; readonly source: string; readonly incarnation: string }
  | { readonly page: "cluster"; readonly source: string; readonly cluster: string | null }
  | {
      readonly page: "actor";
      readonly source: string;
      readonly namespace: string;
      readonly moduleId: number;
      readonly name: string;
    }
  | { readonly page: "health"; readonly source: string; readonly check: string }
  | { readonly page: "plan"; readonly source: string; readonly planId: string }
  | { readonly page: "plans"; readonly source: string; readonly state: string }
  | { readonly page: "worlds"; readonly source: string; readonly world: string | null }
  | { readonly page: "haf"; readonly source: string; readonly app: string | null }
  | { readonly page: "agent"; readonly agent: string }
  | { readonly page: "agents"; readonly state: string | null }
  | { readonly page: "pipeline"; readonly receiver: string | null }
  | { readonly page: "architecture"; readonly reader: string | null }
  | { readonly page: "job"; readonly jobId: string }
  | { readonly page: "journal"; readonly stream: StreamName; readonly subject: string | null };

/** One piece of evidence; `at` puts the age of it behind. */
export interface Evidence {
  readonly text: string;
  readonly at?: EpochMs;
}

/** Something that can be done to all plans of a finding at once. */
export interface PlanOffer {
  readonly verb: "resume";
  readonly source: string;
  /** The oldest first. */
  readonly planIds: readonly string[];
}

/** Texts of upstreams are in it as they are: draw them as text only. */
export interface Finding {
  /** The same thing keeps its id for as long as it needs somebody. */
  readonly id: string;
  readonly kind: NeedKind;
  readonly severity: Severity;
  readonly shape?: Shape;
  readonly stream: StreamName;
  /** Incarnation, plan, world, job, operation or source id; the first of several. */
  readonly target: string;
  /** A finding: before, the name it is about, after. */
  readonly headline: readonly [before: string, name: string, after: string];
  readonly evidence: readonly Evidence[];
  /** Since when it is so; `null` = not known. */
  readonly since: EpochMs | null;
  /** How many things it stands for. */
  readonly count: number;
  /** Ids of the findings that are told as this one while they are so many: none of them is over. */
  readonly standsFor?: readonly string[];
  readonly place: NeedPlace;
  /** What can be done about it, in words; `null` or left out = what it says is all there is. */
  readonly remedy?: string | null;
  readonly offer?: PlanOffer;
  /** Who has taken it on: it is told last and rings no bell. `null` or left out = nobody. */
  readonly acknowledged?: Acknowledged | null;
}

export interface Acknowledged {
  /** `null` = not known. */
  readonly by: string | null;
  readonly reason: string | null;
  readonly at: EpochMs;
  readonly until: EpochMs;
  /** How many things it stood for then. */
  readonly count: number;
}

/** A finding with its sentences written out, for those who draw nothing. */
export interface Need extends Finding {
  readonly title: string;
  /** The evidence on one line, its ages counted to the `now` it was computed with. */
  readonly detail: string;
}

/** `eu-1` of `dna:eu-1`. */
export const sourceOf = (stream: StreamName): string => stream.slice(stream.indexOf(":") + 1);
