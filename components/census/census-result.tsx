"use client";
import { useState } from "react";
import { formatCount, formatNumber, formatShare, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts, Section } from "#components/ui/section.tsx";
import { Count, More } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { CensusResult, OwnerLine, TypeLine } from "./census-view.ts";
import { NEVER_SEEN } from "./census-view.ts";

const SHOWN = 50;
const SHOWN_ORPHANS = 20;

/** The whole of what was counted. */
export function CensusTotals({ result }: { readonly result: CensusResult }) {
  const { countedAt, rows, keys, unreadableRows, otherKeys, live, orphans, orphanKeys } = result;
  const age = <Age at={countedAt} source="census" />;
  return (
    <Section title="Counted" note="as the register stood while it was walked" aside={age}>
      <Facts
        facts={[
          { name: "rows", value: formatCount(rows), source: age },
          { name: "owned keys", value: formatCount(keys), source: plural(live.length + orphans.length, "owner") },
          {
            name: "of orphans",
            value: `${formatCount(orphanKeys)} (${shareOf(orphanKeys, keys)})`,
            source: "resting",
          },
          {
            name: "unreadable rows",
            value: unreadableRows === 0 ? "none" : <b className="strong">{formatCount(unreadableRows)}</b>,
            source: "each costs only itself",
          },
          ...(otherKeys === 0
            ? []
            : [{ name: "of others", value: formatCount(otherKeys), source: "owners not told one by one" }]),
        ]}
      />
    </Section>
  );
}

/** Live nodes and how evenly they hold, orphans, types; everything as of the count. */
export function CensusResultView({ source, result }: { readonly source: string; readonly result: CensusResult }) {
  const { countedAt, rows, live, orphans, types, skew } = result;
  const age = <Age at={countedAt} source="census" />;
  return (
    <>
      <Section
        title="Live nodes"
        note={
          skew === null
            ? plural(live.length, "node")
            : `the fullest holds ${formatNumber(skew.ratio)} times the mean of ${formatCount(Math.round(skew.mean))}`
        }
        aside={age}
      >
        {live.length === 0 ? (
          <Empty title="No node lives." />
        ) : (
          <OwnerTable source={source} owners={live} shown={SHOWN} mean={skew?.mean ?? null} what="Live nodes" />
        )}
      </Section>
      <Section
        title="Orphans"
        note="owners that are gone or were never seen: the normal resting state, taken over by the next request"
        aside={age}
      >
        {orphans.length === 0 ? (
          <Empty title="No key belongs to a node that is not there." />
        ) : (
          <OwnerTable source={source} owners={orphans} shown={SHOWN_ORPHANS} mean={null} what="Orphans" />
        )}
      </Section>
      <Section title="By type" note="all keys of a type are one partition of the register" aside={age}>
        <TypeTable source={source} types={types} rows={rows} />
      </Section>
    </>
  );
}

const shareOf = (part: number, whole: number): string => formatShare(whole === 0 ? 0 : part / whole);

interface OwnerTableProps {
  readonly source: string;
  readonly owners: readonly OwnerLine[];
  readonly shown: number;
  /** Drawn as a line across the bars. */
  readonly mean: number | null;
  readonly what: string;
}

function OwnerTable({ source, owners, shown: first, mean, what }: OwnerTableProps) {
  const [shown, setShown] = useState(first);
  const most = Math.max(1, owners[0]?.keys ?? 1);
  return (
    <>
      <div className="tscroll">
        <table aria-label={what}>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Node</th>
              <th scope="col" className="num">
                keys
              </th>
              <th scope="col" className="w100 p2">
                {mean === null ? "" : "beside the mean"}
              </th>
              <th scope="col" className="p3">
                most of
              </th>
            </tr>
          </thead>
          <tbody>
            {owners.slice(0, shown).map((owner) => (
              <tr key={owner.incarnation}>
                <td>
                  <State system="node" word={owner.state} />
                </td>
                <td className="trunc owner-name">
                  {owner.state === NEVER_SEEN ? (
                    <Id id={owner.incarnation} form="incarnation" />
                  ) : (
                    <Link className="plain" href={routes.topology({ of: source, node: owner.incarnation })}>
                      <Name text={owner.node ?? owner.incarnation} mono />
                    </Link>
                  )}
                </td>
                <td className="num">
                  <Count of={owner.keys} />
                </td>
                <td className="w100 p2">
                  <KeyBar keys={owner.keys} most={most} mean={mean} />
                </td>
                <td className="p3 trunc actor-name">
                  {owner.types.slice(0, 1).map((type) => (
                    <span key={type.id} className="t2">
                      <Name text={type.namespace} /> / {type.moduleId}{" "}
                      <span className="t3">{formatCount(type.keys)}</span>
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {owners.length > first && (
        <More
          more={shown < owners.length}
          loading={false}
          shown={Math.min(shown, owners.length)}
          onMore={() => setShown(shown + 200)}
        />
      )}
    </>
  );
}

/** Keys as a length, with the mean as a line across; the number stands beside it. */
function KeyBar({ keys, most, mean }: { readonly keys: number; readonly most: number; readonly mean: number | null }) {
  const at = mean === null ? null : (mean / most) * 100;
  return (
    <svg className="keybar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect className="ground" width="100" height="8" />
      <rect className="fill" width={(keys / most) * 100} height="8" />
      {at !== null && <path className="mean" d={`M${at.toFixed(2)} 0V8`} />}
    </svg>
  );
}

function TypeTable(props: { readonly source: string; readonly types: readonly TypeLine[]; readonly rows: number }) {
  const { source, types, rows } = props;
  const [shown, setShown] = useState(SHOWN);
  if (types.length === 0) return <Empty title="The register has no rows." />;
  const most = Math.max(1, types[0]?.keys ?? 1);
  return (
    <>
      <div className="tscroll">
        <table aria-label="Types">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col" className="num">
                rows
              </th>
              <th scope="col" className="num">
                share
              </th>
              <th scope="col" className="w100 p2" />
            </tr>
          </thead>
          <tbody>
            {types.slice(0, shown).map(({ id, namespace, moduleId, keys }) => (
              <tr key={id}>
                <td className="trunc actor-name">
                  <Link className="plain" href={routes.actors({ source, namespace, moduleId })}>
                    <Name text={namespace} /> / {moduleId}
                  </Link>
                </td>
                <td className="num">
                  <Count of={keys} />
                </td>
                <td className="num">{shareOf(keys, rows)}</td>
                <td className="w100 p2">
                  <KeyBar keys={keys} most={most} mean={null} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {types.length > SHOWN && (
        <More
          more={shown < types.length}
          loading={false}
          shown={Math.min(shown, types.length)}
          onMore={() => setShown(shown + 200)}
        />
      )}
    </>
  );
}
