"use client";
import type { LinkTarget } from "#server/contract/wire/estate.ts";
import { useEstate } from "./estate.ts";
import { type LinkValues, outAddress } from "./out-link.ts";

interface OutLinksProps {
  readonly on: LinkTarget;
  readonly values: LinkValues;
}

/** Links to other tools, as the configuration has them for this kind of thing; nothing when there are none. */
export function OutLinks({ on, values }: OutLinksProps) {
  const links = useEstate()?.links ?? [];
  const made = links.flatMap((link) => {
    const address = link.on === on ? outAddress(link.url, values) : null;
    return address === null ? [] : [{ title: link.title, address }];
  });
  if (made.length === 0) return null;
  return (
    <span className="outs">
      {made.map(({ title, address }) => (
        <a key={`${title} ${address}`} href={address} target="_blank" rel="noopener noreferrer" className="plain">
          {title}
          <span aria-hidden="true"> ↗</span>
          <span className="vh"> (another tool, opens beside)</span>
        </a>
      ))}
    </span>
  );
}
