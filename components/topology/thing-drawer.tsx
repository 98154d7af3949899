"use client";
import { useCallback } from "react";
import { DrawerRelated } from "#components/related/related-section.tsx";
import { thingHref } from "#components/related/thing-href.ts";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { Facts } from "#components/ui/section.tsx";
import { Since } from "#components/ui/time.tsx";
import { Empty, Failure } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { thingWords } from "#server/contract/view/thing-words.ts";
import type { ThingRef } from "#server/contract/view/things.ts";
import { kindWord } from "./estate-layers.ts";
import { thingKnown } from "./thing-facts.ts";

interface ThingDrawerProps {
  readonly thing: ThingRef;
  readonly onClose: () => void;
}

/** Kinds that have no page of their own: this drawer is theirs. */
const PAGELESS: ReadonlySet<string> = new Set(["database-host", "container", "gateway"]);

/** A thing of any system from near: what is known of it, and everything related to it. */
export function ThingDrawer({ thing, onClose }: ThingDrawerProps) {
  const { kind, source, id } = thing;
  const past = useIsPast();
  const select = useCallback(
    ({ folds }: LiveState) => {
      const ref = { kind, source, id };
      return { words: thingWords(folds, ref), known: thingKnown(folds, ref) };
    },
    [kind, source, id],
  );
  const told = useFold(select);
  if (told === undefined) return null;
  const { words, known } = told;
  return (
    <Drawer
      title={<Name text={words.title} />}
      sub={
        <>
          {words.state !== null && <State {...words.state} />}
          {known?.since != null && (
            <span className="t2">
              for <Since at={known.since} />
            </span>
          )}
          <span className="t3">{kindWord(thing)}</span>
          {words.detail !== "" && (
            <span className="t3">
              <bdi>{words.detail}</bdi>
            </span>
          )}
          {!PAGELESS.has(kind) && <Link href={thingHref(thing)}>its page</Link>}
        </>
      }
      onClose={onClose}
    >
      {known === null ? (
        <DrawerSection title="Not known">
          <Empty title={past ? `No such ${kindWord(thing)} was known then.` : `No such ${kindWord(thing)} is known.`} />
        </DrawerSection>
      ) : (
        <>
          {known.health.state === "down" && (
            <DrawerSection title="Its source is not up">
              <Failure title={`${source} is down`} message={known.health.reason} since={known.health.since}>
                <p className="t3">What stands here is as old as that.</p>
              </Failure>
            </DrawerSection>
          )}
          <DrawerSection title="What is known" note={known.evidence ?? undefined}>
            <Facts
              facts={known.facts.map(({ name, value, source: from }) => ({
                name,
                value: <bdi>{value}</bdi>,
                source: from,
                wrap: true,
              }))}
            />
          </DrawerSection>
        </>
      )}
      <DrawerRelated thing={thing} />
    </Drawer>
  );
}
