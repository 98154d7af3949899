"use client";
import dynamic from "next/dynamic";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { useRefusal } from "#components/ui/session.ts";
import type { JobFacts } from "#server/contract/event.ts";
import { controlsOf } from "./job-words.ts";

const JobControlDialog = dynamic(() => import("./job-control-dialog.tsx").then((module) => module.JobControlDialog), {
  ssr: false,
});

export type JobVerb = "pause" | "resume" | "cancel";

/** Pause, resume, cancel; each through its dialog. */
export function JobControls({ jobId, facts }: { readonly jobId: string; readonly facts: JobFacts }) {
  const [open, setOpen] = useState<JobVerb | null>(null);
  const controls = controlsOf(facts);
  const pause = useRefusal("jobs:control", controls.pause);
  const resume = useRefusal("jobs:control", controls.resume);
  const cancel = useRefusal("jobs:control", controls.cancel);
  const bound = (verb: JobVerb, refusal: string | null) => () => {
    if (refusal !== null) return false;
    setOpen(verb);
    return true;
  };
  useKeys(
    [
      { keys: "R", does: "resume the job", run: bound("resume", resume) },
      { keys: "H", does: "pause the job", run: bound("pause", pause) },
    ],
    { group: "Job" },
  );
  return (
    <>
      {facts.state === "paused" ? (
        <Button onPress={() => setOpen("resume")} refusal={resume} shortcut="R">
          Resume…
        </Button>
      ) : (
        <Button onPress={() => setOpen("pause")} refusal={pause} shortcut="H">
          Pause…
        </Button>
      )}
      <Button onPress={() => setOpen("cancel")} refusal={cancel}>
        Cancel…
      </Button>
      {open !== null && <JobControlDialog verb={open} jobId={jobId} facts={facts} onClose={() => setOpen(null)} />}
    </>
  );
}
