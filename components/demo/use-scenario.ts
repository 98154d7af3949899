"use client";
import { useMutation } from "@tanstack/react-query";
import { useRefusal, useSession } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";

/** What the demo can be told to do; `shown` is false where real systems are watched. */
export function useScenario() {
  const session = useSession();
  const run = useMutation(useTRPC().demo.scenario.mutationOptions());
  const refusal = useRefusal("demo:scenario", run.isPending ? "Under way." : null);
  return { shown: session !== undefined && session.demo !== null, run, refusal };
}
