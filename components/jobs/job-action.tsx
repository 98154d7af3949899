"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { Button } from "#components/ui/button.tsx";
import { formatCount } from "#components/ui/format.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { JobCounts, JobState } from "#server/contract/event.ts";
import type { JobWords } from "./job-words.ts";
import { settledOf } from "./progress.tsx";

export type JobVerb = "pause" | "resume" | "cancel";

const PAUSES = "It stops at the next safe point and goes on only when somebody resumes it. What is done stays done.";

interface JobDialogProps {
  readonly verb: JobVerb;
  readonly jobId: string;
  readonly state: JobState;
  readonly counts: JobCounts;
  readonly words: JobWords;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function JobDialog({ verb, jobId, state, counts, words, onClose, onDone }: JobDialogProps) {
  const trpc = useTRPC();
  const pause = useMutation(trpc.jobs.pause.mutationOptions());
  const resume = useMutation(trpc.jobs.resume.mutationOptions());
  const cancel = useMutation(trpc.jobs.cancel.mutationOptions());
  const act = { pause, resume, cancel }[verb];
  const name = verb[0]?.toUpperCase() + verb.slice(1);
  return (
    <ActDialog
      title={`${name} this job`}
      verb={`${name} the job`}
      onAct={({ reason, requestId }) => act.mutateAsync({ jobId, expectedState: state, reason, requestId })}
      onDone={onDone}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="wrap">{{ pause: PAUSES, resume: words.resumes, cancel: words.cancels }[verb]}</p>
        <p className="t2">
          {formatCount(settledOf(counts))} of {formatCount(counts.total)} {words.targets} are settled.
        </p>
      </div>
    </ActDialog>
  );
}

interface JobButtonProps {
  readonly label: string;
  readonly shortcut: string;
  readonly refusal: string | null;
  readonly onPress: () => void;
}

function JobButton({ label, shortcut, refusal, onPress }: JobButtonProps) {
  return (
    <Button onPress={onPress} shortcut={shortcut} refusal={refusal}>
      {label}
    </Button>
  );
}

/** The controls of a job: a button, and the dialog that says what it does and asks why. */
export const JobAction = { Button: JobButton, Dialog: JobDialog };
