"use client";
import { useAddress } from "#components/ui/address.ts";
import { formatAgeMs, formatCoarseAgeMs, formatNumber, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { Section } from "#components/ui/section.tsx";
import { Since } from "#components/ui/time.tsx";
import { Empty, Unknown } from "#components/ui/widget.tsx";
import { own } from "#server/contract/fold/record.ts";
import type { HafAppSample } from "#server/contract/haf.ts";
import { type AppLine, appLines, blockWords, lagWords } from "./haf-words.ts";
import type { Stack } from "./use-stacks.ts";

/** An app that did nothing for longer is worth a look. */
const SILENT_MS = 10 * 60_000;

interface AppsSectionProps {
  readonly stack: Stack;
  readonly selected: string | null;
}

/** The apps of a stack, each with its state and how far it is. */
export function AppsSection({ stack, selected }: AppsSectionProps) {
  const { id, fold } = stack;
  const { search, go } = useAddress();
  const tab = search.get("tab");
  const lines = appLines(fold);
  const hrefOf = ({ name }: AppLine) => routes.haf({ source: id, app: name, tab });
  const open = (line: AppLine) => go(hrefOf(line), { replace: true });
  const cursor = useRowCursor({ rows: lines, idOf: ({ name }) => name, onOpen: open });
  return (
    <Section title="Apps" note="in the order of their contexts" aside={plural(lines.length, "app")} className="haf-sec">
      {fold.database?.seesApps === false && (
        <p className="wrap">
          <span className="unk">not known</span> This role may not see the apps: row-level security hides every context
          from it, without an error. Use a login that is a member of <code>hive_applications_group</code>.
        </p>
      )}
      {lines.length === 0 ? (
        fold.database?.seesApps !== false && <NoApps known={fold.phases.length > 0} />
      ) : (
        <table className="haf-apps" aria-label="Apps">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col" className="w100">
                App
              </th>
              <th scope="col" className="p2">
                Stage
              </th>
              <th scope="col" className="p3">
                Attached
              </th>
              <th scope="col" className="num">
                block
              </th>
              <th scope="col" className="num">
                lag
              </th>
              <th scope="col" className="num p2">
                block age
              </th>
              <th scope="col" className="num p2">
                pace
              </th>
              <th scope="col" className="num p3">
                active
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <Row
                key={line.name}
                line={line}
                stack={stack}
                href={hrefOf(line)}
                selected={(selected ?? cursor.current) === line.name}
                onOpen={open}
              />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

const NoApps = ({ known }: { readonly known: boolean }) => (
  <Empty title={known ? "No app is set up yet." : "Nothing was read of its apps yet."}>
    An app appears when its schema or its context is created.
  </Empty>
);

interface RowProps {
  readonly line: AppLine;
  readonly stack: Stack;
  readonly href: ReturnType<typeof routes.haf>;
  readonly selected: boolean;
  readonly onOpen: (line: AppLine) => void;
}

function Row({ line, stack: { fold, sample }, href, selected, onOpen }: RowProps) {
  const { name, app } = line;
  const now = sample === null ? null : (own(sample.apps, name) ?? null);
  const past = useIsPast();
  const kept = past ? "not kept" : "not known";
  const gone = app.state === "removed" || app.contextId === null;
  const block = now?.block ?? own(fold.progress?.apps ?? {}, name) ?? app.block;
  const none = <span className="t3">–</span>;
  return (
    <tr
      data-row={name}
      className={selected ? "sel" : ""}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a,button") === null) onOpen(line);
      }}
    >
      <td>
        <State system="hafApp" word={app.state} quiet={app.state === "live"}>
          {app.state.replaceAll("_", " ")}
        </State>
      </td>
      <td className="w100 trunc">
        <Link href={href} className="plain" scroll={false}>
          <bdi>{name}</bdi>
        </Link>
        {app.life > 1 && <span className="t3 small"> life {app.life}</span>}
        <span className="t3 small">
          {" "}
          for <Since at={app.stateSince} />
        </span>
      </td>
      <td className="p2 t2">
        <bdi>{app.stage ?? "–"}</bdi>
      </td>
      <td className="p3 t2">{gone ? "–" : app.attached ? "yes" : "no"}</td>
      <td className="num">{gone ? none : blockWords(block)}</td>
      <td className="num nowrap">{gone ? none : now === null ? <Unknown>{kept}</Unknown> : lagWords(now.lagBlocks)}</td>
      <td className="num p2">{gone ? none : <AgeOf ms={now?.blockAgeMs} kept={kept} />}</td>
      <td className="num p2 nowrap">{gone ? none : <Pace now={now} kept={kept} />}</td>
      <td className="num p3">{gone ? none : <AgeOf ms={now?.silentMs} kept={kept} lateMs={SILENT_MS} />}</td>
    </tr>
  );
}

function AgeOf({
  ms,
  kept,
  lateMs,
}: {
  readonly ms: number | null | undefined;
  readonly kept: string;
  readonly lateMs?: number;
}) {
  if (ms === null || ms === undefined) return <Unknown>{kept}</Unknown>;
  return (
    <span className={lateMs !== undefined && ms > lateMs ? "t-attention tone" : ""}>
      {formatAgeMs(Math.max(0, ms))}
    </span>
  );
}

function Pace({ now, kept }: { readonly now: HafAppSample | null; readonly kept: string }) {
  if (now === null) return <Unknown>{kept}</Unknown>;
  if (now.blocksPerSecond === null) return <span className="t3">–</span>;
  return (
    <>
      {formatNumber(now.blocksPerSecond, now.blocksPerSecond < 10 ? 1 : 0)}/s
      {now.leftMs !== null && now.leftMs > 0 && <span className="t3 small"> {formatCoarseAgeMs(now.leftMs)} left</span>}
    </>
  );
}
