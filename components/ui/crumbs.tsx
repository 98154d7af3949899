"use client";
import { Link } from "./link.tsx";
import type { Href } from "./routes.ts";
import { IntoCrumbs } from "./slots.tsx";

export interface Crumb {
  readonly text: string;
  /** Absent on the last one: it is here. */
  readonly href?: Href;
  readonly mono?: boolean;
}

/** The drill path of a page; its last part is where one is. Also the title of the browser's tab. */
export function Crumbs({ path }: { readonly path: readonly Crumb[] }) {
  const here = path.at(-1);
  return (
    <>
      {here !== undefined && <title>{`${here.text} · Worldline`}</title>}
      <IntoCrumbs>
        <ol>
          {path.map(({ text, href, mono = false }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a place in the path is its identity
            <li key={index}>
              {href === undefined || index === path.length - 1 ? (
                <span aria-current="page" className={mono ? "mono" : ""}>
                  <bdi>{text}</bdi>
                </span>
              ) : (
                <Link href={href} className={mono ? "mono" : ""}>
                  <bdi>{text}</bdi>
                </Link>
              )}
            </li>
          ))}
        </ol>
      </IntoCrumbs>
    </>
  );
}
