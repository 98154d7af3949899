import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import type { Outputs } from "#components/ui/trpc.ts";
import { Consent } from "./plan-act-dialog.tsx";
import { headName, shortClass } from "./step-words.ts";

type AskedStep = Outputs["dynflow"]["plans"]["cancelPreview"]["steps"][number];

const WHY = {
  "sub-plans": "has sub-plans, which it cancels",
  configured: "cancellable, says the configuration",
} as const;

/** Why nothing is sent where every open step is of a class that may not know the event. */
export const NONE_CANCELLABLE = "No open step is of a class that is known to be cancellable.";

/** Steps that a cancel or an abort goes to: those of classes known to take it, the others only by force. */
export function askedSteps<S extends AskedStep>(steps: readonly S[], force: boolean) {
  return {
    unsafe: steps.filter(({ cancellable }) => cancellable === null),
    chosen: steps.filter(({ cancellable }) => force || cancellable !== null),
  };
}

/** `Cancel 2 steps`; without a step, the verb alone. */
export const stepsVerb = (verb: string, steps: readonly unknown[]): string =>
  steps.length === 0 ? verb : `${verb} ${plural(steps.length, "step")}`;

interface StepsAskedProps {
  readonly label: string;
  readonly steps: readonly AskedStep[];
  readonly force: boolean;
}

/** Each open step, and what the event means for it; nothing when there is none. */
export function StepsAsked({ label, steps, force }: StepsAskedProps) {
  if (steps.length === 0) return null;
  return (
    <table className="tight" aria-label={label}>
      <tbody>
        {steps.map(({ stepId, actionClass, state, cancellable }) => (
          <tr key={stepId} className={cancellable === null && !force ? "off" : ""}>
            <td className="num">{stepId}</td>
            <td>
              <bdi>{headName(shortClass(actionClass))}</bdi>
            </td>
            <td>
              <State system="step" word={state} />
            </td>
            <td className="w100 t2 wrap">
              {cancellable !== null
                ? WHY[cancellable]
                : force
                  ? "may be destroyed"
                  : "left out: not known to be cancellable"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ForceConsentProps {
  readonly unsafe: readonly AskedStep[];
  /** It is about one step that was chosen. */
  readonly one?: boolean;
  readonly force: boolean;
  readonly onForce: (force: boolean) => void;
}

/** Asks before an event goes to steps that it may destroy; nothing when there are none. */
export function ForceConsent({ unsafe, one = false, force, onForce }: ForceConsentProps) {
  if (unsafe.length === 0) return null;
  return (
    <Consent given={force} onGive={onForce}>
      Send it {one ? "although its class is one" : `also to ${plural(unsafe.length, "step")} of classes`} that nothing
      says {one ? "is" : "are"} cancellable. <b>A suspended step whose class is not cancellable fails on it</b>, and the
      plan pauses.
    </Consent>
  );
}
