"use client";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPCClient } from "#components/ui/trpc.ts";
import type { JobFacts } from "#server/contract/event.ts";
import type { JobVerb } from "./job-controls.tsx";
import { controlsOf, handledOf } from "./job-words.ts";

interface JobControlDialogProps {
  readonly verb: JobVerb;
  readonly jobId: string;
  readonly facts: JobFacts;
  readonly onClose: () => void;
}

const TITLES: Readonly<Record<JobVerb, string>> = {
  pause: "Pause the job",
  resume: "Resume the job",
  cancel: "Cancel the job",
};

/** Says what a control does to what is done, what is under way and what is left. */
export function JobControlDialog({ verb, jobId, facts, onClose }: JobControlDialogProps) {
  const client = useTRPCClient();
  const refusal = useRefusal("jobs:control", controlsOf(facts)[verb]);
  const left = Math.max(0, facts.counts.total - handledOf(facts.counts));
  return (
    <ActDialog
      title={TITLES[verb]}
      sub={<Name text={facts.title} />}
      verb={TITLES[verb]}
      refusal={refusal}
      onAct={({ reason, requestId }) =>
        client.jobs[verb].mutate({ jobId, expectedState: facts.state, reason, requestId })
      }
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <ul className="plain-list">
          <li>
            {plural(handledOf(facts.counts), "key is", "keys are")} handled and stay as they are: nothing is taken back.
          </li>
          <li>{consequence(verb, left)}</li>
        </ul>
      </div>
    </ActDialog>
  );
}

function consequence(verb: JobVerb, left: number): string {
  const keys = `${formatCount(left)} keys`;
  if (verb === "pause")
    return `The round under way is settled first; then about ${keys} wait until somebody resumes it.`;
  if (verb === "resume")
    return `The incarnation is judged anew, and its 75 s of silence are waited again; then about ${keys} go on.`;
  return `The round under way is settled first; then about ${keys} are left to whoever asks for them next. It cannot be resumed.`;
}
