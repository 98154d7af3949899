interface TreeGridProps {
  /** Its accessible name. */
  readonly label: string;
  readonly className: string;
  /** The box that scrolls. */
  readonly box: React.RefObject<HTMLDivElement | null>;
  /** How many rows there are, in the page or not. */
  readonly count: number;
  /** Element id of the row that the keys are on. */
  readonly active: string | undefined;
  /** What each key does now; other keys are not ours. */
  readonly acts: () => Readonly<Record<string, () => void>>;
  /** The cells of its head. */
  readonly heads: React.ReactNode;
  readonly children: React.ReactNode;
}

/** A table in a box whose rows unfold: one stop of the Tab key, walked by its own keys. */
export function TreeGrid({ label, className, box, count, active, acts, heads, children }: TreeGridProps) {
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== event.currentTarget) return;
    const act = acts()[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    <div ref={box} className={`vbox ${className}`}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows unfold is a tree grid
        role="treegrid"
        aria-label={label}
        aria-rowcount={count + 1}
        aria-activedescendant={active}
        className="sticky"
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <thead>
          <tr>{heads}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
