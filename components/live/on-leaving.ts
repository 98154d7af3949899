/** A page that is left may be kept, frozen, for the way back: it must not hold the feed meanwhile. */
export function onLeaving(leave: () => void, back: () => void): () => void {
  const onShow = (event: PageTransitionEvent) => {
    if (event.persisted) back();
  };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", onShow);
  return () => {
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", onShow);
  };
}
