"use client";
import { useQuery } from "@tanstack/react-query";
import { ResumeDialog } from "#components/plan/resume-dialog.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { shortId } from "#components/ui/format.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";

interface ResumeFromListProps {
  readonly source: string;
  readonly planId: string;
  readonly onClose: () => void;
}

/** Reads the plan as it is now before anybody is asked for a reason. */
export function ResumeFromList({ source, planId, onClose }: ResumeFromListProps) {
  const trpc = useTRPC();
  const input = { source, planId };
  const plan = useQuery(trpc.dynflow.plans.get.queryOptions(input));
  const steps = useQuery(trpc.dynflow.plans.steps.queryOptions(input));
  if (plan.data === undefined)
    return (
      <Dialog title={`Resume ${shortId(planId)}`} onClose={onClose}>
        <div className="dbody">
          <QueryWidget query={plan} what={`plan ${shortId(planId)}`}>
            {() => null}
          </QueryWidget>
        </div>
      </Dialog>
    );
  return <ResumeDialog source={source} plan={plan.data} steps={steps.data?.steps} onDone={onClose} onClose={onClose} />;
}
