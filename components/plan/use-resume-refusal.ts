"use client";
import { useRefusal } from "#components/ui/session.ts";
import type { PlanOutput } from "./types.ts";

/** Why this plan cannot be resumed by whoever looks, in one sentence; `null` when it can. */
export function useResumeRefusal(plan: PlanOutput | undefined): string | null {
  const own =
    plan === undefined
      ? "The plan is not read yet."
      : plan.resume.possible
        ? null
        : sentence(plan.resume.reasons.join("; "));
  return useRefusal("plans:resume", own);
}

const sentence = (text: string): string =>
  text === "" ? "It cannot be resumed now." : `${text[0]?.toUpperCase()}${text.slice(1)}.`;
