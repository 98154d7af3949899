/** One thing that the palette can find or do. Pure. */
import type { ActorPlaceOf } from "#components/actors/actor-place.ts";
import type { Href } from "#components/ui/routes.ts";
import type { Shape, Tone } from "#server/kernel/states.ts";
import type { OpenPlanAct } from "./entries.ts";

export const GROUPS = [
  "Pages",
  "Actions",
  "Plans",
  "Nodes",
  "Actors",
  "Worlds",
  "HAF",
  "Agents",
  "Hosts",
  "Jobs",
  "Life cycles",
  "Demo",
  "View",
] as const;
export type Group = (typeof GROUPS)[number];

export type Act =
  | { readonly kind: "go"; readonly href: Href }
  | { readonly kind: "find-plan"; readonly planId: string }
  | {
      readonly kind: "plan-act";
      readonly source: string;
      readonly planId: string;
      /** The step that is meant; `null` = the one that failed first. */
      readonly stepId: number | null;
      readonly act: "resume" | OpenPlanAct;
    }
  | { readonly kind: "read-only"; readonly on: boolean }
  | { readonly kind: "failover" | "drain"; readonly source: string; readonly incarnation: string }
  | { readonly kind: "stop"; readonly place: ActorPlaceOf }
  | { readonly kind: "ping" | "invalidate"; readonly source: string; readonly worldId: string }
  | { readonly kind: "scenario"; readonly scenario: DemoScenario }
  | { readonly kind: "theme"; readonly theme: "system" | "light" | "dark" }
  | { readonly kind: "zone"; readonly zone: "utc" | "local" };

export type DemoScenario =
  | { readonly scenario: "killNode"; readonly source: string; readonly incarnation: string }
  | { readonly scenario: "freezeNode"; readonly source: string; readonly incarnation: string; readonly forMs: number }
  | { readonly scenario: "bringBack"; readonly source: string; readonly node: string }
  | { readonly scenario: "killWorld"; readonly source: string; readonly worldId: string }
  | { readonly scenario: "failNextPlans"; readonly source: string; readonly count: number };

export interface Entry {
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  /** State, source, id: after the title. */
  readonly detail: string;
  readonly look: { readonly tone: Tone; readonly shape: Shape } | null;
  readonly act: Act;
  /** Why it cannot be done now; `null` = it can. */
  readonly refusal: string | null;
  /** What is searched besides title and detail. */
  readonly words: string;
}

/** One entry; what is left out is empty. */
export const entry = (
  group: Group,
  id: string,
  title: string,
  act: Act,
  more: Partial<Pick<Entry, "detail" | "look" | "refusal" | "words">> = {},
): Entry => ({ id: `${group} ${id}`, group, title, act, detail: "", look: null, refusal: null, words: "", ...more });

/** Opens a page. */
export const go = (href: Href): Act => ({ kind: "go", href });
