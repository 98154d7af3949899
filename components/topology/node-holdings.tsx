"use client";
import { DrawerSection } from "#components/ui/drawer.tsx";
import { formatAgeMs, formatCount, formatNumber, plural } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import type { OwnedFold } from "#server/contract/fold/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const EVERY_MS = 2_000;
const TYPES_SHOWN = 6;

interface NodeHoldingsProps {
  readonly stream: string;
  readonly incarnation: string;
  readonly owned: OwnedFold | null;
}

/** What it holds and how it fares: every value with its source and its age. */
export function NodeHoldings({ stream, incarnation, owned }: NodeHoldingsProps) {
  const sample = useFold((state) => {
    const of = state.samples[stream];
    const node = of?.nodes?.[incarnation];
    return of === undefined || node === undefined ? null : { asOf: of.asOf, ...node };
  });
  const asOf: EpochMs | null = sample?.asOf ?? null;
  const cql = <Age at={asOf} everyMs={EVERY_MS} source="cql" />;
  const types = [...(owned?.counts ?? [])].sort((a, b) => b.keys - a.keys);
  const total = types.reduce((sum, { keys }) => sum + keys, 0);
  const facts: Fact[] = [
    {
      name: "owned",
      value:
        owned === null ? <span className="t3">not counted</span> : <b className="strong">{plural(total, "key")}</b>,
      source: (
        <Link href={routes.census({ source: stream.slice("dna:".length) })}>
          {owned === null ? "no census" : <Age at={owned.asOf} source="census" />}
        </Link>
      ),
    },
    ...types.slice(0, TYPES_SHOWN).map(({ namespace, moduleId, keys }) => ({
      name: "",
      value: (
        <span className="t2">
          <Name text={namespace} /> / {moduleId} <span className="t1">{formatCount(keys)}</span>
        </span>
      ),
    })),
    ...(types.length > TYPES_SHOWN
      ? [{ name: "", value: <span className="t3">and {types.length - TYPES_SHOWN} types more</span> }]
      : []),
    {
      name: "load",
      value: sample?.load == null ? <span className="t3">–</span> : formatNumber(sample.load),
      source: cql,
    },
    {
      name: "last write",
      value: sample?.writeAgeMs == null ? <span className="t3">–</span> : `${formatAgeMs(sample.writeAgeMs)} ago`,
      source: cql,
    },
  ];
  return (
    <DrawerSection title="What it holds">
      <FactLines facts={facts} />
    </DrawerSection>
  );
}

/** Facts whose unnamed lines belong to the one above. */
function FactLines({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <Facts
      facts={facts.map((fact, index) => (fact.name === "" ? { ...fact, name: "\u00a0".repeat(index + 1) } : fact))}
    />
  );
}
