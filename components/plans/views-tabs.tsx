"use client";
import { useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Link } from "#components/ui/link.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { parseQuery, toPlace } from "./plans-query.ts";
import { READY_VIEWS, useSavedViews, type View, viewSearch } from "./saved-views.ts";

const SaveView = onDemand(async () => (await import("./save-view.tsx")).SaveView);

const hrefOf = ({ search }: View) => routes.plans(toPlace(parseQuery(new URLSearchParams(search))));
/** As the page itself would write it. */
const asWritten = (search: URLSearchParams | string): string => {
  const href = routes.plans(toPlace(parseQuery(new URLSearchParams(search))));
  return viewSearch(href.split("?")[1] ?? "");
};

/** Views of the list, each a link; the last saves the present one. */
export function ViewsTabs() {
  const { search } = useAddress();
  const { views, save, drop } = useSavedViews();
  const [saving, setSaving] = useState(false);
  const here = asWritten(search);
  const isHere = (view: View) => asWritten(view.search) === here;
  const own = views.find(isHere);
  return (
    <nav className="views" aria-label="Views">
      {[...READY_VIEWS, ...views].map((view, index) => (
        <Link
          key={`${index < READY_VIEWS.length ? "ready" : "own"} ${view.name}`}
          href={hrefOf(view)}
          className="view-tab"
          aria-current={isHere(view) ? "page" : undefined}
        >
          <bdi>{view.name}</bdi>
        </Link>
      ))}
      <button type="button" className="btn-plain view-save" onClick={() => setSaving(true)}>
        {own === undefined ? "Save this view…" : "This view…"}
      </button>
      {saving && (
        <SaveView search={here} own={own ?? null} onSave={save} onDrop={drop} onClose={() => setSaving(false)} />
      )}
    </nav>
  );
}
