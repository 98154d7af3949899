"use client";
import { useCallback, useState } from "react";
import { formatCount } from "#components/ui/format.ts";
import { Glyph, StateGlyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams } from "#components/ui/not-known.tsx";
import { Skeleton } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { type RelatedGroup, type RelatedThing, related } from "#server/contract/view/related.ts";
import { KIND_WORDS } from "#server/contract/view/thing-words.ts";
import { type ThingRef, thingKey } from "#server/contract/view/things.ts";
import { thingHref } from "./thing-href.ts";
import "./related.css";

/** Of one kind, before one asks for the rest. */
const SHOWN_FIRST = 5;

/** What is related to a thing: by kind, each with its state and with what ties the two. */
export function RelatedList({ thing }: { readonly thing: ThingRef }) {
  const { kind, source, id } = thing;
  const select = useCallback(({ folds }: LiveState) => related(folds, { kind, source, id }), [kind, source, id]);
  const groups = useFold(select);
  if (groups === undefined) return <Skeleton rows={3} what="what is related" />;
  return (
    <>
      <NotKnownStreams families={["dna", "dynflow", "haf", "ingest"]} />
      {groups.length === 0 ? (
        <p className="t3 small">
          Nothing is known to be related. Things are tied by names and addresses that they tell themselves; nothing is
          guessed.
        </p>
      ) : (
        <div className="related">
          {groups.map((group) => (
            <Group key={group.kind} {...group} />
          ))}
        </div>
      )}
    </>
  );
}

function Group({ kind, things, more }: RelatedGroup) {
  const [all, setAll] = useState(false);
  const [one, many] = KIND_WORDS[kind];
  const shown = all ? things : things.slice(0, SHOWN_FIRST);
  const count = things.length + more;
  const title = count === 1 ? one : many;
  return (
    <section aria-label={title}>
      <h3 className="small">
        {title} <span className="t3">{count > 1 && formatCount(count)}</span>
      </h3>
      <ul>
        {shown.map((thing) => (
          <Line key={thingKey(thing.ref)} {...thing} />
        ))}
      </ul>
      {shown.length < things.length && (
        <button type="button" className="btn sm" onClick={() => setAll(true)}>
          Show {formatCount(things.length - shown.length)} more
        </button>
      )}
      {all && more > 0 && <p className="t3 small">and {formatCount(more)} more, not listed here</p>}
    </section>
  );
}

function Line({ ref, title, detail, state, evidence, sure }: RelatedThing) {
  return (
    <li>
      <span className="related-what">
        {state === null ? (
          <Glyph tone="unknown" shape="ring" label="no state is known" />
        ) : (
          <StateGlyph system={state.system} word={state.word} />
        )}{" "}
        <Link href={thingHref(ref)} title={title}>
          <Name text={title} />
        </Link>{" "}
        {!sure && <b className="related-maybe t-attention tone">maybe</b>}{" "}
        {detail !== "" && (
          <span className="t3 small">
            <bdi>{detail}</bdi>
          </span>
        )}
      </span>
      <span className="related-why t3 small" title={evidence}>
        <bdi>{evidence}</bdi>
      </span>
    </li>
  );
}
