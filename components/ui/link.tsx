"use client";
import type { ComponentProps, MouseEvent } from "react";
import { useGo } from "./navigation.tsx";
import type { Href } from "./routes.ts";

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

/** A link within the console. Takes only what `routes` made. */
export function Link({ href, onFollow, scroll: _, ...rest }: LinkProps) {
  const go = useGo();
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
