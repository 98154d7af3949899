import "./sub-plans.css";

interface TwistyProps {
  /** `null` = there is nothing below: only its place is kept. */
  readonly open: boolean | null;
  /** What unfolds: `Unfold 7`. */
  readonly unfolds?: string;
  readonly onTurn: (event: React.MouseEvent) => void;
}

/** Folds and unfolds a row of a tree by pointer; keys do it on the row. */
export function Twisty({ open, unfolds = "Unfold", onTurn }: TwistyProps) {
  if (open === null) return <i className="twisty" />;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={open ? "twisty open" : "twisty"}
      aria-label={open ? "Fold" : unfolds}
      onClick={onTurn}
    >
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d="M4 2.5 8 6l-4 3.5" fill="none" stroke="currentColor" strokeWidth="1.5" />
      </svg>
    </button>
  );
}
