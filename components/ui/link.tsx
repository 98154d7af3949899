"use client";
import type { ComponentProps, MouseEvent } from "react";
import { toIso } from "#server/kernel/clock.ts";
import { useInstants } from "./instants.ts";
import { useGo } from "./navigation.tsx";
import { type Href, keepInstants } from "./routes.ts";

type LinkProps = Omit<ComponentProps<"a">, "href" | "onClick"> & {
  readonly href: Href;
  /** Runs beside following the link. */
  readonly onFollow?: (() => void) | undefined;
  /** Within a page nothing scrolls in any case; said where it matters to the reader of the code. */
  readonly scroll?: false;
};

/** Another tab, another window, or a save: that is the browser's. */
const isPlain = ({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean =>
  button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey;

/** The same address at the instant that is shown: what opens in another tab shows the same instant. */
export function useKeptHref(): (href: Href) => Href {
  const instants = useInstants();
  const search = new URLSearchParams();
  if (instants.at !== null) search.set("at", toIso(instants.at));
  if (instants.with !== null) search.set("with", toIso(instants.with));
  return (href) => keepInstants(href, search);
}

/** A link within the console. Takes only what `routes` made, and keeps the instant that is shown. */
export function Link({ href: to, onFollow, scroll: _, ...rest }: LinkProps) {
  const go = useGo();
  const href = useKeptHref()(to);
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        if (event.defaultPrevented || !isPlain(event)) return;
        onFollow?.();
        if (go === null) return;
        event.preventDefault();
        go(href);
      }}
    />
  );
}
