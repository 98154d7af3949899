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

function Space({ px, columns }: { readonly px: number; readonly columns: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of nothing, there to keep the height; it takes no focus
    <tr aria-hidden="true" className="space">
      <td colSpan={columns} style={{ height: px }} />
    </tr>
  );
}
