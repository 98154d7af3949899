"use client";
import NextLink from "next/link";
import type { ComponentProps } from "react";
import type { Href } from "./routes.ts";

type LinkProps = Omit<ComponentProps<typeof NextLink>, "href" | "prefetch" | "as"> & {
  readonly href: Href;
  /** Runs beside following the link. */
  readonly onFollow?: (() => void) | undefined;
};

/** A link within the console. Takes only what `routes` made. Nothing is prefetched: lists have hundreds of links. */
export function Link({ href, onFollow, ...rest }: LinkProps) {
  return <NextLink href={href} prefetch={false} {...rest} {...(onFollow === undefined ? {} : { onClick: onFollow })} />;
}
