"use client";
import { DrawerSection } from "#components/ui/drawer.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Section } from "#components/ui/section.tsx";
import type { ThingRef } from "#server/contract/view/things.ts";

const RelatedList = onDemand(() => import("./related-list.tsx").then((module) => module.RelatedList));

const TITLE = "Related";
const NOTE = "on the same host, and otherwise tied; with what says so";

/** On the page of a thing: everything related to it, one step away. */
export function RelatedSection({ thing }: { readonly thing: ThingRef }) {
  return (
    <Section title={TITLE} note={NOTE}>
      <RelatedList thing={thing} />
    </Section>
  );
}

/** The same in the drawer of a thing. */
export function DrawerRelated({ thing }: { readonly thing: ThingRef }) {
  return (
    <DrawerSection title={TITLE} note={NOTE}>
      <RelatedList thing={thing} />
    </DrawerSection>
  );
}
