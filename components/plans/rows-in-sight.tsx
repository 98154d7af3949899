interface RowsInSightProps {
  /** Pixels that the rows above and below would take. */
  readonly before: number;
  readonly after: number;
  /** Columns of the table. */
  readonly columns: number;
  readonly children: React.ReactNode;
}

/** The rows of a long table that are drawn, between spaces as high as all the others. */
export function RowsInSight({ before, after, columns, children }: RowsInSightProps) {
  return (
    <>
      {before > 0 && <Space px={before} columns={columns} />}
      {children}
      {after > 0 && <Space px={after} columns={columns} />}
    </>
  );
}

interface SeenRowsProps<T> extends Omit<RowsInSightProps, "children"> {
  readonly rows: readonly T[];
  /** Places of the rows that are drawn. */
  readonly seen: readonly { readonly index: number }[];
  /** Draws a row, with its key. */
  readonly children: (row: T, index: number) => React.ReactNode;
}

/** The same of a list that is there as a whole: each row that can be seen is drawn by `children`. */
export function SeenRows<T>({ rows, seen, before, after, columns, children }: SeenRowsProps<T>) {
  return (
    <RowsInSight before={before} after={after} columns={columns}>
      {seen.map(({ index }) => {
        const row = rows[index];
        return row === undefined ? null : children(row, index);
      })}
    </RowsInSight>
  );
}

function Space({ px, columns }: { readonly px: number; readonly columns: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of nothing, there to keep the height; it takes no focus
    <tr aria-hidden="true" className="space">
      <td colSpan={columns} style={{ height: px }} />
    </tr>
  );
}
