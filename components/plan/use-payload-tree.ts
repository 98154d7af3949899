"use client";
import { useMemo, useState } from "react";
import {
  EVERYTHING_DEPTH,
  type Folding,
  hitId,
  idOf,
  openingFolding,
  type PayloadRow,
  payloadRows,
  revealing,
  searchPayload,
} from "#server/contract/view/payload-tree.ts";

const NOTHING: ReadonlySet<string> = new Set();

/** What of a payload is open, which line is the one in hand, and what is looked for. */
export function usePayloadTree(value: unknown) {
  const [folding, setFolding] = useState<Folding>(() => openingFolding(value));
  const [active, setActive] = useState<string | null>(null);
  const [needle, setNeedle] = useState("");
  const [hit, setHit] = useState(0);
  const rows = useMemo(() => payloadRows(value, folding), [value, folding]);
  const { hits, cut } = useMemo(() => searchPayload(value, needle.trim()), [value, needle]);
  const marked = useMemo(() => new Set(hits.map(hitId)), [hits]);

  const turn = (row: PayloadRow) => {
    if (row.open === null) return;
    const turned = new Set(folding.turned);
    if (!turned.delete(row.id)) turned.add(row.id);
    setFolding({ ...folding, turned });
    setActive(row.id);
  };
  const goToHit = (index: number, among = hits) => {
    const one = among[index];
    if (one === undefined) return;
    setFolding((now) => revealing(value, now, one));
    setHit(index);
    setActive(hitId(one));
  };
  return {
    rows,
    active,
    setActive,
    turn,
    foldAll: () => setFolding({ depth: 0, turned: NOTHING }),
    unfoldAll: () => setFolding({ depth: EVERYTHING_DEPTH, turned: NOTHING }),
    search: {
      needle,
      hits: hits.length,
      cut,
      at: hit,
      marked,
      look(text: string) {
        setNeedle(text);
        const found = searchPayload(value, text.trim());
        goToHit(0, found.hits);
      },
      next: () => goToHit(hits.length === 0 ? 0 : (hit + 1) % hits.length),
      previous: () => goToHit(hits.length === 0 ? 0 : (hit + hits.length - 1) % hits.length),
    },
  };
}

/** The line above in which this one stands; `null` at the top. */
export const parentId = (row: PayloadRow): string | null =>
  row.line !== null ? idOf(row.place) : row.place.length < 2 ? null : idOf(row.place.slice(0, -1));
