"use client";
/** Places of the shell that pages fill: the drill path above, the drawer at the side. */
import { createContext, useContext, useState } from "react";
import { createPortal } from "react-dom";

interface Slots {
  readonly crumbs: HTMLElement | null;
  readonly drawer: HTMLElement | null;
}
const Context = createContext<Slots>({ crumbs: null, drawer: null });

interface SlotsProviderProps {
  /** Draws the shell around the page, putting the two refs where the slots are. */
  readonly children: (refs: {
    readonly crumbs: (element: HTMLElement | null) => void;
    readonly drawer: (element: HTMLElement | null) => void;
  }) => React.ReactNode;
}

export function SlotsProvider({ children }: SlotsProviderProps) {
  const [crumbs, setCrumbs] = useState<HTMLElement | null>(null);
  const [drawer, setDrawer] = useState<HTMLElement | null>(null);
  return <Context value={{ crumbs, drawer }}>{children({ crumbs: setCrumbs, drawer: setDrawer })}</Context>;
}

/** Draws its children into the place of the drill path. */
export function IntoCrumbs({ children }: { readonly children: React.ReactNode }) {
  const { crumbs } = useContext(Context);
  return crumbs === null ? null : createPortal(children, crumbs);
}

/** Draws its children into the place of the drawer. */
export function IntoDrawer({ children }: { readonly children: React.ReactNode }) {
  const { drawer } = useContext(Context);
  return drawer === null ? null : createPortal(children, drawer);
}
