"use client";
import { type ComponentType, lazy, Suspense } from "react";

/**
 * A component whose code is fetched when it is first drawn: dialogs, palette, diagrams. Draw it in a browser only, after
 * something was pressed or known; while its code is on the way nothing is drawn.
 */
export function onDemand<TProps extends object>(load: () => Promise<ComponentType<TProps>>): ComponentType<TProps> {
  const Lazy = lazy(async () => ({ default: await load() }));
  return function OnDemand(props: TProps) {
    return (
      <Suspense fallback={null}>
        <Lazy {...props} />
      </Suspense>
    );
  };
}
