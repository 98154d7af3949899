"use client";
import { COLUMNS, type ColumnId, FIXED } from "./columns.ts";
import { Menu } from "./menu.tsx";

interface ColumnMenuProps {
  readonly shown: readonly ColumnId[];
  readonly isUsual: boolean;
  /** `null` = the usual ones. */
  readonly onChoose: (columns: readonly ColumnId[] | null) => void;
  /** Puts the columns into the address, so that a link shows them. */
  readonly onLink: (() => void) | null;
}

/** Which columns the table has. */
export function ColumnMenu({ shown, isUsual, onChoose, onLink }: ColumnMenuProps) {
  return (
    <Menu title="Columns">
      <fieldset aria-label="Columns">
        {COLUMNS.map(({ id, title }) => (
          <label key={id} className="menu-item">
            <input
              type="checkbox"
              checked={shown.includes(id)}
              disabled={FIXED.has(id)}
              onChange={({ target }) => onChoose(target.checked ? [...shown, id] : shown.filter((each) => each !== id))}
            />
            {title}
          </label>
        ))}
      </fieldset>
      <div className="menu-foot">
        {!isUsual && (
          <button type="button" className="btn-plain small" onClick={() => onChoose(null)}>
            The usual ones
          </button>
        )}
        {onLink !== null && (
          <button type="button" className="btn-plain small" onClick={onLink}>
            Into the link
          </button>
        )}
      </div>
    </Menu>
  );
}
