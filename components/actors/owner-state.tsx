import { Glyph, State } from "#components/ui/glyph.tsx";

interface OwnerStateProps {
  readonly owner: { readonly state: string | null } | null;
}

/** The state of whoever owns a key, as judged now; an owner that was never seen is not known, and not guessed dead. */
export function OwnerState({ owner }: OwnerStateProps) {
  if (owner === null)
    return (
      <span className="st t-idle">
        <Glyph tone="idle" />
        no owner
      </span>
    );
  if (owner.state === null)
    return (
      <span className="st t-unknown">
        <Glyph tone="unknown" />
        never seen
      </span>
    );
  return <State system="node" word={owner.state} />;
}
