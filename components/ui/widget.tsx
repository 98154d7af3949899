"use client";
import type { EpochMs } from "#server/kernel/clock.ts";
import { Button } from "./button.tsx";
import { faultOf } from "./fault.ts";
import { Glyph } from "./glyph.tsx";
import { Age, Instant } from "./time.tsx";

/** Loading: of the same size as the data will have. */
export function Skeleton({ rows, columns = 3, what }: { rows: number; columns?: number; what: string }) {
  return (
    <table aria-busy="true" aria-label={`${what}, reading`}>
      <tbody>
        {Array.from({ length: rows }, (_, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no identity
          <tr key={row}>
            {Array.from({ length: columns }, (_, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no identity
              <td key={column} className={column === 0 ? "" : "num"}>
                <i className={`sk ${WIDTHS[(row * 2 + column * 3) % WIDTHS.length]}`} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
const WIDTHS = ["w-20", "w-14", "w-24", "w-16", "w-12"] as const;

interface FailureProps {
  /** `Cannot read foreman`. */
  readonly title: string;
  readonly error?: unknown;
  /** Said instead of an error's message. */
  readonly message?: string | null;
  readonly since?: EpochMs | null;
  readonly onRetry?: () => void;
  readonly children?: React.ReactNode;
}

/** Failed: what, why, since when, and what next. */
export function Failure({ title, error, message, since = null, onRetry, children }: FailureProps) {
  const fault = error === undefined ? null : faultOf(error);
  return (
    <div className="msg" role="alert">
      <p className="st t-failed wrap">
        <Glyph tone="failed" />
        {title}
      </p>
      {(message ?? fault?.message) !== undefined && <p className="wrap">{message ?? fault?.message}</p>}
      {fault?.reasons.map((reason) => (
        <p key={reason} className="t2 wrap">
          {reason}
        </p>
      ))}
      {since !== null && (
        <p className="t3">
          since <Instant at={since} />
        </p>
      )}
      {children}
      {onRetry !== undefined && (
        <Button small onPress={onRetry}>
          Try now
        </Button>
      )}
    </div>
  );
}

/** Empty: the read worked, and there is none. Say whether nothing is there yet or nothing matches. */
export function Empty({ title, children }: { readonly title: string; readonly children?: React.ReactNode }) {
  return (
    <div className="msg">
      <p className="med">{title}</p>
      {children !== undefined && <div className="t3">{children}</div>}
    </div>
  );
}

interface StaleProps {
  /** Whether the data is old now. */
  readonly stale: boolean;
  readonly asOf: EpochMs | null;
  readonly why?: string | null;
  readonly children: React.ReactNode;
}

/** Stale: the old data, greyed, with its age and why it is not renewed. */
export function Stale({ stale, asOf, why = null, children }: StaleProps) {
  if (!stale) return children;
  return (
    <div className="stale">
      <p className="st t-failed wrap small">
        <Glyph tone="failed" />
        <Age at={asOf} down suffix="old" />
        {why !== null && <span className="t3"> {why}</span>}
      </p>
      {children}
    </div>
  );
}

/** Not known: hatched, and said so. Never a zero, never an empty cell. */
export function Unknown({
  children = "not known",
  why,
}: {
  readonly children?: React.ReactNode;
  readonly why?: string;
}) {
  return (
    <span className="unk" title={why}>
      {children}
    </span>
  );
}

interface QueryLike<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  readonly dataUpdatedAt: number;
  refetch(): unknown;
}

interface QueryWidgetProps<T> {
  readonly query: QueryLike<T>;
  /** What is being read: `actors of eu-1`. */
  readonly what: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly children: (data: T) => React.ReactNode;
}

/** Chooses among loading, failed, stale and data for one query; empty is the drawing's own. */
export function QueryWidget<T>({ query, what, rows = 5, columns = 3, children }: QueryWidgetProps<T>) {
  if (query.data === undefined && query.error !== null)
    return <Failure title={`Cannot read ${what}`} error={query.error} onRetry={() => query.refetch()} />;
  if (query.data === undefined) return <Skeleton rows={rows} columns={columns} what={what} />;
  const failed = query.error !== null;
  return (
    <Stale stale={failed} asOf={query.dataUpdatedAt as EpochMs} why={failed ? faultOf(query.error).message : null}>
      {children(query.data)}
    </Stale>
  );
}

interface FaultsProps {
  readonly faults: readonly { readonly source: string; readonly message: string; readonly since: string | null }[];
}

/** Parts of an answer that could not be had: the rest stands, and this says what is missing. */
export function Faults({ faults }: FaultsProps) {
  if (faults.length === 0) return null;
  return (
    <ul className="msg" aria-label="What is missing">
      {faults.map(({ source, message, since }) => (
        <li key={`${source} ${message}`} className="err wrap">
          <b className="med">{source}</b> could not be read: {message}
          {since !== null && (
            <span className="t3">
              , since <Instant at={Date.parse(since) as EpochMs} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
