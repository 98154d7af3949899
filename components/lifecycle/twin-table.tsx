interface TwinColumn<T> {
  /** Its head. */
  readonly title: string;
  /** The cells name the rows. */
  readonly names?: boolean;
  readonly numeric?: boolean;
  /** Takes the room that is left. */
  readonly wide?: boolean;
  readonly className?: (line: T) => string;
  readonly cell: (line: T) => React.ReactNode;
}

interface TwinTableProps<T> {
  /** Its accessible name. */
  readonly title: string;
  readonly columns: readonly TwinColumn<T>[];
  readonly lines: readonly T[];
  readonly keyOf: (line: T) => string;
  /** The lines that stand out: where the thing is, or what suffers. */
  readonly marked?: (line: T) => boolean;
  /** What stands out is where the thing is now, and is said to be. */
  readonly current?: boolean;
}

/** What a diagram shows, as a table: a line a row, by what each column tells of it. */
export function TwinTable<T>({ title, columns, lines, keyOf, marked, current = false }: TwinTableProps<T>) {
  return (
    <table aria-label={title}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.title} scope="col" className={classes(kindOf(column))}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => {
          const stands = marked?.(line) === true;
          return (
            <tr
              key={keyOf(line)}
              className={stands ? "now" : undefined}
              aria-current={(current && stands) || undefined}
            >
              {columns.map((column) => (
                <Cell key={column.title} column={column} line={line} />
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** What the head of a column and its cells have in common. */
const kindOf = <T,>({ numeric = false, wide = false }: TwinColumn<T>): readonly string[] => [
  numeric ? "num" : "",
  wide ? "w100" : "",
];

/** `undefined` = none: the element has no such attribute. */
function classes(names: readonly string[]): string | undefined {
  const said = names.filter((name) => name !== "").join(" ");
  return said === "" ? undefined : said;
}

interface CellProps<T> {
  readonly column: TwinColumn<T>;
  readonly line: T;
}

function Cell<T>({ column, line }: CellProps<T>) {
  const { names = false, className, cell } = column;
  const its = classes([...kindOf(column), className?.(line) ?? ""]);
  return names ? (
    <th scope="row" className={its}>
      {cell(line)}
    </th>
  ) : (
    <td className={its}>{cell(line)}</td>
  );
}

/** The end of an arrow in a table: a way from a thing to the same says so. */
export function EndOfWay({
  from,
  to,
  name = to,
}: {
  readonly from: string;
  readonly to: string;
  readonly name?: string;
}) {
  return from === to ? <span className="t3">itself</span> : <bdi>{name}</bdi>;
}
