/** What each step of the guided way out of service is, in words. Frozen: the service goes by it, and the screen draws it. */
import type { DrainStep } from "./drain.ts";

export interface DrainStepRule {
  readonly title: string;
  /** What it is for, and who does it. */
  readonly text: string;
  /** May be left out, with what that means; `null` = it may not. */
  readonly skip: string | null;
  /** What the button of the step says. */
  readonly verb: string;
}

export const DRAIN_RULES: Readonly<Record<DrainStep, DrainStepRule>> = Object.freeze({
  balancer: {
    title: "Out of the load balancer",
    text: "Take it out where requests are handed out. Worldline does not see that: your word is written down.",
    skip: null,
    verb: "It is out",
  },
  quiet: {
    title: "It gets quiet",
    text: "Nothing new starts on it: the number of running actors has not grown for half a minute.",
    skip: "Other nodes send it work for the keys it owns until its VM stops: it may never get quiet.",
    verb: "Check and go on",
  },
  stop_actors: {
    title: "Its actors are stopped",
    text: "Safely, in waves. A message that arrives meanwhile starts an actor again, so it converges only while there is little traffic.",
    skip: "Whatever still runs ends with the VM: what is buffered and queued is lost.",
    verb: "Check and go on",
  },
  stop_vm: {
    title: "Its VM is stopped",
    text: "Its identity is read once more, then it is asked to shut down in order.",
    skip: null,
    verb: "Stop the VM…",
  },
  dead: {
    title: "It is dead",
    text: "Its name is gone from the port mapper of its host, or its silence has lasted as long as a release needs.",
    skip: null,
    verb: "Check and go on",
  },
  fail_over: {
    title: "Its keys are with others",
    text: "Not needed: DNA takes them over by itself with the next message to each. Failing over spares callers some seconds of errors.",
    skip: "Until peers find it dead (10 to 15 s), messages for its keys raise errors at their callers.",
    verb: "Check and go on",
  },
  clear_caches: {
    title: "The others forget it",
    text: "The other nodes' caches of owners are emptied, so that none sends to it for the rest of a minute.",
    skip: "For up to 60 s other nodes may still send to the dead node.",
    verb: "Empty the caches…",
  },
});
