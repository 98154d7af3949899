interface ForceChoiceProps {
  /** Its accessible name: `How it is ended`. */
  readonly label: string;
  readonly force: boolean;
  readonly onForce: (force: boolean) => void;
}

/** Asks whether actors are ended safely, or at once with what that loses. */
export function ForceChoice({ label, force, onForce }: ForceChoiceProps) {
  return (
    <fieldset className="seg" aria-label={label}>
      <button type="button" aria-pressed={!force} onClick={() => onForce(false)}>
        Safely
      </button>
      <button type="button" aria-pressed={force} onClick={() => onForce(true)}>
        By force
      </button>
    </fieldset>
  );
}
